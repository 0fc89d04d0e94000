// What a customer does beside writing: files, the transcript, telling that they type.

import * as api from "./api.js";
import { readable, save } from "./files.js";
import { hideNotice, notice } from "./notice.js";
import { newId } from "./session.js";
import { say } from "./words.js";

const TYPING_TOLD_MS = 2500;

export function withPeople(status) {
  return status === "waiting" || status === "person";
}

export class Tools {
  // `put(message)` sends a message, `tried(work)` tells what went wrong, `failed(error)` too.
  constructor(session, { put, tried, failed }) {
    this.session = session;
    this.put = put;
    this.tried = tried;
    this.failed = failed;
    this.toldTyping = 0;
  }

  async attach(file, limit) {
    const id = newId();
    notice(say("attachSending", file.name));
    try {
      const stored = await api.attach(this.session.current, id, file);
      hideNotice();
      this.put({ id, text: stored.name });
    } catch (error) {
      const told = { 409: "attachLater", 415: "attachKind" };
      if (error.status === 413) notice(say("attachTooBig", readable(limit)));
      else if (told[error.status]) notice(say(told[error.status]));
      else this.failed(error);
    }
  }

  async download(attachment) {
    await this.tried(async () => {
      save(await api.download(this.session.current, attachment.id), attachment.name);
    });
  }

  async transcript() {
    await this.tried(async () => {
      save(await api.transcript(this.session.current), `${say("transcriptName")}.txt`);
    });
  }

  tellTyping(status) {
    const now = Date.now();
    if (!withPeople(status) || now - this.toldTyping < TYPING_TOLD_MS) return;
    this.toldTyping = now;
    api.typing(this.session.current).catch(() => {});
  }
}
