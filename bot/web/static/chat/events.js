// Server-sent events over fetch, because EventSource cannot send a header. Reconnects by itself
// and goes on after the last message that was seen.

import { ApiError, openEvents } from "./api.js";

const SILENCE_MS = 40000;
const FIRST_WAIT_MS = 800;
const LONGEST_WAIT_MS = 15000;

export class Parser {
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.rest = "";
    this.clear();
  }

  clear() {
    this.kind = "message";
    this.lines = [];
  }

  feed(text) {
    this.rest += text;
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    for (const line of lines) this.take(line);
  }

  take(line) {
    if (line === "") {
      if (this.lines.length) this.onEvent(this.kind, this.lines.join("\n"));
      this.clear();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.kind = value;
    else if (field === "data") this.lines.push(value);
  }
}

export class Stream {
  constructor({ conversation, after, onEvent, onState, onGone }) {
    this.conversation = conversation;
    this.after = after;
    this.onEvent = onEvent;
    this.onState = onState;
    this.onGone = onGone;
    this.wait = FIRST_WAIT_MS;
    this.stopped = false;
    this.wake = () => this.hurry();
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.run();
  }

  stop() {
    this.stopped = true;
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    if (this.abort) this.abort.abort();
    this.hurry();
  }

  hurry() {
    if (this.skipWait && !document.hidden) this.skipWait();
  }

  async run() {
    while (!this.stopped) {
      try {
        await this.listen();
      } catch (error) {
        if (error instanceof ApiError && error.gone) {
          this.onGone();
          return;
        }
      }
      if (this.stopped) return;
      this.onState(false);
      await this.pause();
    }
  }

  async pause() {
    const wait = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    await new Promise((resolve) => {
      this.skipWait = resolve;
      setTimeout(resolve, wait);
    });
    this.skipWait = null;
  }

  async listen() {
    this.abort = new AbortController();
    const abort = this.abort;
    let silence = setTimeout(() => abort.abort(), SILENCE_MS);
    try {
      const response = await openEvents(this.conversation, this.after(), abort.signal);
      this.wait = FIRST_WAIT_MS;
      this.onState(true);
      const parser = new Parser((kind, data) => this.onEvent(kind, JSON.parse(data)));
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), SILENCE_MS);
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(silence);
    }
  }
}
