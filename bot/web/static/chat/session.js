// One conversation with the server: its token, its stream, who the visitor is.

import * as api from "./api.js";
import { Stream } from "./events.js";
import { spoken } from "./words.js";

const RENEW_AFTER_MS = 60 * 60 * 1000;

export class Session {
  // `told`: onEvent(kind, data), onConnected(bool), onGone(), onBegun(id), onIdentity(error or null);
  // `after()` is the seq of the last message seen.
  constructor(memory, after, told) {
    this.memory = memory;
    this.after = after;
    this.told = told;
    this.current = null;
    this.stream = null;
    this.connected = null;
    this.identity = null;
  }

  // Goes on with the conversation that this browser remembers; false if there is none.
  resume() {
    this.current = this.memory.conversation();
    return Boolean(this.current);
  }

  async begin() {
    if (this.current) return;
    // Two quick messages must not make two conversations.
    this.beginning ||= api
      .begin(spoken(), this.memory.read("visitor"))
      .then(({ conversation, token }) => {
        this.keep(conversation, token);
        this.connect();
        this.told.onBegun(conversation);
        return this.sendIdentity();
      })
      .finally(() => (this.beginning = null));
    await this.beginning;
  }

  keep(id, token) {
    this.current = { id, token, renewed: Date.now() };
    this.memory.keepConversation(id, token);
    this.memory.write("visitor", token);
  }

  // A token lives a day; it is renewed while it is used.
  async renew() {
    if (!this.current || Date.now() - (this.current.renewed || 0) < RENEW_AFTER_MS) return;
    this.current.renewed = Date.now();
    try {
      const { conversation, token } = await api.renew(this.current);
      if (this.current && this.current.id === conversation) this.keep(conversation, token);
      if (this.stream) this.stream.conversation = this.current;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
    }
  }

  connect() {
    if (this.stream) this.stream.stop();
    this.stream = new Stream({
      conversation: this.current,
      after: this.after,
      onEvent: this.told.onEvent,
      onState: (connected) => {
        this.connected = connected;
        this.told.onConnected(connected);
        if (connected) this.renew();
      },
      onGone: () => this.told.onGone(),
    });
  }

  forget() {
    if (this.stream) this.stream.stop();
    this.stream = null;
    this.current = null;
    this.connected = null;
    this.memory.forget("conversation");
  }

  // Who the visitor is: sent at once, or with the conversation that they begin.
  async identify(token) {
    this.identity = token;
    if (this.current) await this.sendIdentity();
  }

  async sendIdentity() {
    const identity = this.identity;
    if (!identity) return;
    this.identity = null;
    try {
      await api.identify(this.current, identity);
      this.told.onIdentity(null);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (error.passing || error.status === 409) this.identity = identity;
      this.told.onIdentity(error);
    }
  }
}

// Pages without https have no crypto.randomUUID.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return [...numbers].map((number) => number.toString(16).padStart(8, "0")).join("");
}
