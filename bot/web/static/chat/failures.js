// What went wrong, told to the customer in a line and to the page around the chat in a word.

import { ApiError } from "./api.js";
import { notice } from "./notice.js";
import { say } from "./words.js";

const TOLD = { 0: "errorNetwork", 413: "errorTooLong", 422: "errorEmpty" };

export class Failures {
  constructor(frame) {
    this.frame = frame;
  }

  tell(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 429) notice(say("errorWait", error.wait || 60));
    else if (error.code === "origin_not_allowed") notice(say("errorOrigin"));
    else notice(say(TOLD[error.status] || "errorServer"));
    this.frame.event("error", { reason: error.code, wait: error.wait });
  }

  // Whether something worked; what went wrong is told.
  async tried(work) {
    try {
      await work();
      return true;
    } catch (error) {
      this.tell(error);
      return false;
    }
  }
}
