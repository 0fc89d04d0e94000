// The chat page: joins the API, the log, the composer and the frame.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { byId } from "./dom.js";
import { Stream } from "./events.js";
import { Frame } from "./frame.js";
import { Head } from "./head.js";
import { Log } from "./log.js";
import { Memory } from "./memory.js";
import { hideNotice, notice } from "./notice.js";
import { showSource } from "./source.js";
import { pickLanguage, say, speak, spoken } from "./words.js";

const TYPING_AFTER_MS = 250;

class Chat {
  constructor() {
    this.parameters = new URLSearchParams(location.search);
    this.memory = new Memory();
    this.log = new Log({
      onThumb: (message, value) => this.thumb(message, value),
      onSource: (message, citation) =>
        showSource(citation, () => api.citation(this.conversation, message.message, citation.n)),
      onQuickReply: (reply) => this.say(reply.text, reply.payload),
    });
    this.composer = new Composer({
      onSend: (text) => this.say(text),
      onPerson: () => this.askForPerson(),
    });
    this.frame = new Frame(this.parameters, {
      onOpened: () => {
        this.unread = 0;
        this.composer.focus();
        this.log.toEnd();
      },
    });
    this.conversation = null;
    this.stream = null;
    this.connected = null;
    this.status = "bot";
    this.unread = 0;
    this.head = new Head({
      embedded: this.frame.embedded,
      onLanguage: () => this.switchLanguage(),
      onRestart: () => this.confirmRestart(),
      onClose: () => this.frame.close(),
    });
    byId("app").classList.toggle("embedded", this.frame.embedded);
    window.addEventListener("offline", () => this.showStatus());
    window.addEventListener("online", () => this.showStatus());
  }

  async start() {
    speak(pickLanguage(navigator.languages, ["zh", "en"], "en"));
    try {
      this.shop = await api.shop();
    } catch {
      this.label();
      notice(say("errorLoad"), say("reload"), () => location.reload());
      return;
    }
    this.composer.limit = this.shop.max_message_chars;
    const wished = [this.parameters.get("lang"), this.memory.read("language"), ...navigator.languages];
    speak(pickLanguage(wished, this.shop.languages, this.shop.language));
    this.label();
    this.log.greet(this.greeting());
    await this.resume();
    if (!this.frame.embedded && matchMedia("(hover: hover)").matches) this.composer.focus();
  }

  greeting() {
    return this.shop.greeting[spoken()] || Object.values(this.shop.greeting)[0] || "";
  }

  label() {
    this.head.label(this.shop);
    byId("log").setAttribute("aria-label", say("log"));
    this.composer.label();
    this.showStatus();
  }

  showStatus() {
    this.head.show(this.status, this.connected);
  }

  switchLanguage() {
    speak(spoken() === "zh" ? "en" : "zh");
    this.memory.write("language", spoken());
    this.label();
    this.redraw();
  }

  // Labels inside the log follow the language too, so it is drawn again from its messages.
  async redraw() {
    this.log.clear();
    this.log.greet(this.greeting());
    if (this.conversation) await this.catchUp().catch(() => {});
    this.suggestIfEmpty();
  }

  // Goes on with the conversation that this browser remembers.
  async resume() {
    this.conversation = this.memory.conversation();
    if (this.conversation) {
      try {
        await this.catchUp();
        this.connect();
      } catch (error) {
        if ([401, 403, 404].includes(error.status)) this.forget();
        else this.connect();
      }
    }
    this.suggestIfEmpty();
  }

  async catchUp() {
    let more = true;
    while (more) {
      const page = await api.history(this.conversation, this.log.lastSeq);
      for (const message of page.messages) this.log.add(message);
      this.setStatus(page.status);
      more = page.more;
    }
    this.log.toEnd();
  }

  suggestIfEmpty() {
    byId("restart").hidden = !this.conversation;
    if (this.log.lastSeq === 0 && this.log.pending.size === 0 && this.shop) {
      this.log.suggest(this.shop.suggestions[spoken()] || []);
    }
  }

  forget() {
    if (this.stream) this.stream.stop();
    this.stream = null;
    this.conversation = null;
    this.connected = null;
    this.memory.forget("conversation");
    this.setStatus("bot");
  }

  async begin() {
    if (this.conversation) return;
    // Two quick messages must not make two conversations.
    this.beginning ||= api
      .begin(spoken())
      .then(({ conversation, token }) => {
        this.conversation = { id: conversation, token };
        this.memory.keepConversation(conversation, token);
        byId("restart").hidden = false;
        this.connect();
      })
      .finally(() => (this.beginning = null));
    await this.beginning;
  }

  connect() {
    if (this.stream) this.stream.stop();
    this.stream = new Stream({
      conversation: this.conversation,
      after: () => this.log.lastSeq,
      onEvent: (kind, data) => this.hear(kind, data),
      onState: (connected) => {
        this.connected = connected;
        this.showStatus();
      },
      onGone: () => this.forget(),
    });
  }

  hear(kind, data) {
    if (kind === "message") this.show(data);
    else if (kind === "draft") this.log.draft(data.turn, data.text);
    else if (kind === "retract") this.log.retract(data.turn);
    else if (kind === "typing") this.log.typing(true);
    else if (kind === "status") this.setStatus(data.status);
  }

  show(message) {
    if (!this.log.add(message) || message.role === "customer") return;
    if (this.frame.embedded && !this.frame.opened) {
      this.unread += 1;
      this.frame.unread(this.unread);
    }
  }

  say(text, payload) {
    const message = { id: crypto.randomUUID ? crypto.randomUUID() : randomId(), text };
    if (payload) message.payload = payload;
    const pending = this.log.pend(message.id, text, () => this.deliver(message, pending));
    this.deliver(message, pending);
  }

  // Sending the same id again is safe: the server answers it once.
  async deliver(message, pending) {
    pending.sending();
    hideNotice();
    const typing = setTimeout(() => this.log.typing(this.status === "bot"), TYPING_AFTER_MS);
    try {
      await this.begin();
      const reply = await api.send(this.conversation, message);
      this.memory.keepConversation(this.conversation.id, this.conversation.token);
      await this.fetchUpTo(reply.seq);
    } catch (error) {
      this.failed(error, pending);
    } finally {
      clearTimeout(typing);
      this.log.typing(false);
    }
  }

  // The stream usually has shown the reply by now; if not, read what is missing.
  async fetchUpTo(seq) {
    await new Promise((resolve) => setTimeout(resolve, this.connected ? 60 : 0));
    if (!this.log.has(seq)) await this.catchUp();
  }

  failed(error, pending) {
    if (!(error instanceof api.ApiError)) throw error;
    if (pending) pending.fail();
    if ([401, 403, 404].includes(error.status) && pending) {
      this.forget();
      return;
    }
    const told = { 0: "errorNetwork", 413: "errorTooLong", 422: "errorEmpty", 429: "errorTooMany" };
    notice(say(told[error.status] || "errorServer"));
  }

  async askForPerson() {
    byId("person").disabled = true;
    try {
      await this.begin();
      this.show(await api.askForPerson(this.conversation));
      await this.catchUp();
    } catch (error) {
      this.failed(error);
    } finally {
      byId("person").disabled = false;
    }
  }

  async thumb(message, value) {
    try {
      await api.thumb(this.conversation, message.message, value);
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  setStatus(status) {
    this.status = status;
    this.composer.offerPerson(status === "bot" || status === "closed");
    if (status === "person") this.log.typing(false);
    this.showStatus();
  }

  confirmRestart() {
    notice(say("restartAsk"), say("yes"), () => {
      hideNotice();
      this.forget();
      this.redraw();
      this.composer.focus();
    });
  }
}

// Pages without https have no crypto.randomUUID.
function randomId() {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return [...numbers].map((number) => number.toString(16).padStart(8, "0")).join("");
}

new Chat().start();
