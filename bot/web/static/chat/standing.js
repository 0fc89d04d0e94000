// Who answers now, and all that shows it: the head, the composer, the clip, what was not seen yet.

import { withPeople } from "./tools.js";
import { say, spoken } from "./words.js";

const NOBODY_YET = { status: "bot", epoch: 0, position: null, operator: null, open: true };

export class Standing {
  // `parts` are the page's head, composer, picker, log, frame and session.
  constructor(parts) {
    this.parts = parts;
    this.now = NOBODY_YET;
    this.unread = 0;
    this.hours = {};
  }

  get status() {
    return this.now.status;
  }

  // What the shop says before anybody has asked anything.
  of(shop) {
    this.hours = shop.hours;
    this.now = { ...this.now, open: shop.open };
  }

  // What was read earlier may come later than what the stream has said since.
  take({ status, epoch, position, operator, open }) {
    if (epoch < this.now.epoch) return;
    const { frame, log } = this.parts;
    const moved = status !== this.status;
    this.now = { status, epoch, position, operator, open };
    if (status === "person") log.typing(false);
    if (moved) frame.event("status", { status, position });
    log.rating(status === "closed");
    this.show();
  }

  forget() {
    this.take({ ...NOBODY_YET, open: this.now.open, epoch: this.now.epoch });
    this.now = { ...this.now, epoch: 0 };
  }

  // A message came while nobody looked.
  missed() {
    this.unread += 1;
    this.parts.frame.unread(this.unread);
    this.show();
  }

  seen() {
    this.unread = 0;
    this.show();
  }

  show() {
    const { head, composer, picker, session } = this.parts;
    head.show(this.now, session.connected, this.unread);
    composer.offerPerson(this.status === "bot" || this.status === "closed");
    picker.offer(withPeople(this.status));
    const hours = this.hours[spoken()];
    composer.closed(this.now.open ? "" : hours ? say("hours", hours) : say("closedNow"));
  }
}
