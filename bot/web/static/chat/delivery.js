// Brings what the customer wrote to the server, each message once: the same id is sent again
// until it is confirmed, over lost connections and reloads of the page.

import { ApiError } from "./api.js";

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 15000;

export class Delivery {
  // `send(message)` resolves when the server has it; `onError(error, message)` tells the customer.
  constructor(memory, { send, onError }) {
    this.memory = memory;
    this.send = send;
    this.onError = onError;
    this.old = memory.unsent();
    this.waiting = new Map();
    this.wait = FIRST_WAIT_MS;
    window.addEventListener("online", () => this.again());
  }

  // What an earlier visit left unconfirmed.
  left() {
    return this.old.splice(0);
  }

  add(message, pending) {
    this.waiting.set(message.id, { message, pending, failed: false });
    this.keep();
    return this.deliver(message.id);
  }

  async deliver(id) {
    const entry = this.waiting.get(id);
    if (!entry || entry.busy) return;
    entry.busy = true;
    entry.pending.sending();
    try {
      await this.send(entry.message);
      this.wait = FIRST_WAIT_MS;
      this.confirm(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      entry.failed = true;
      entry.passing = error.passing;
      entry.pending.fail(error.passing);
      this.onError(error, entry.message);
      if (error.passing) this.later();
    } finally {
      entry.busy = false;
    }
  }

  // The server has it: it answered, or the message came back in the history.
  confirm(id) {
    if (!this.waiting.delete(id)) return;
    this.keep();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.again(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  // Tries what failed for want of a connection again, oldest first.
  async again() {
    for (const [id, entry] of [...this.waiting]) {
      if (entry.failed && entry.passing) await this.deliver(id);
    }
  }

  clear() {
    clearTimeout(this.timer);
    this.waiting.clear();
    this.old = [];
    this.keep();
  }

  keep() {
    const waiting = [...this.waiting.values()].map((entry) => entry.message);
    this.memory.keepUnsent([...this.old, ...waiting]);
  }
}
