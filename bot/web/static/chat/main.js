// The chat page: joins the API, the log, the composer and the frame.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { Delivery } from "./delivery.js";
import { byId } from "./dom.js";
import { Failures } from "./failures.js";
import { Picker } from "./files.js";
import { Frame } from "./frame.js";
import { Head } from "./head.js";
import { Log } from "./log.js";
import { Memory } from "./memory.js";
import { hideNotice, notice } from "./notice.js";
import { newId, Session } from "./session.js";
import { showSource } from "./source.js";
import { Standing } from "./standing.js";
import { Tools } from "./tools.js";
import { pickLanguage, say, speak, spoken } from "./words.js";

const TYPING_AFTER_MS = 250;
const TYPING_SHOWN_MS = 6000;

class Chat {
  constructor() {
    this.parameters = new URLSearchParams(location.search);
    this.frame = new Frame(this.parameters, {
      opened: () => this.seen(true),
      ask: (text) => this.started.then(() => this.say(text.slice(0, this.composer.limit))),
      identify: (token) => this.started.then(() => this.session.identify(token)),
      locale: (language) => this.started.then(() => this.switchLanguage(language)),
    });
    const scope = [this.frame.origin, this.parameters.get("name")].filter(Boolean).join(" ");
    if (this.frame.embedded) api.embeddedIn(this.frame.origin);
    this.memory = new Memory(scope);
    this.failures = new Failures(this.frame);
    this.parts();
    byId("app").classList.toggle("embedded", this.frame.embedded);
    window.addEventListener("offline", () => this.standing.show());
    window.addEventListener("online", () => this.standing.show());
    document.addEventListener("visibilitychange", () => this.frame.away || this.seen());
    this.started = this.start();
    this.frame.ready();
  }

  parts() {
    this.log = new Log({
      onThumb: (message, value, reason) => this.thumb(message, value, reason),
      onSource: (message, citation) =>
        showSource(citation, () => api.citation(this.session.current, message.message, citation.n)),
      onQuickReply: (reply) => this.say(reply.text, reply.payload),
      onDownload: (attachment) => this.tools.download(attachment),
      onRate: (score, comment) => this.failures.tried(() => api.rate(this.session.current, score, comment)),
    });
    this.composer = new Composer({
      onSend: (text) => this.say(text),
      onPerson: () => this.askForPerson(),
      onTyping: () => this.tools.tellTyping(this.standing.status),
    });
    this.picker = new Picker({
      onFile: (file) => this.tools.attach(file, this.picker.limit),
      onRefused: (text) => notice(text),
    });
    this.session = new Session(this.memory, () => this.log.lastSeq, {
      onEvent: (kind, data) => this.hear(kind, data),
      onConnected: (connected) => this.connectedNow(connected),
      onGone: () => this.forget(),
      onBegun: (id) => {
        this.showTools();
        this.frame.event("conversation", { conversation: id });
      },
      onIdentity: (error) => this.identified(error),
    });
    this.tools = new Tools(this.session, {
      put: (message) => this.put(message),
      tried: (work) => this.failures.tried(work),
      failed: (error) => this.failures.tell(error),
    });
    this.delivery = new Delivery(this.memory, {
      send: (message) => this.deliver(message),
      onError: (error) => this.failures.tell(error),
    });
    this.head = new Head({
      closable: this.frame.embedded && !this.frame.inline,
      onLanguage: () => this.switchLanguage(spoken() === "zh" ? "en" : "zh"),
      onRestart: () => this.confirmRestart(),
      onTranscript: () => this.tools.transcript(),
      onClose: () => this.frame.close(),
    });
    const { head, composer, picker, log, frame, session } = this;
    this.standing = new Standing({ head, composer, picker, log, frame, session });
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
    this.picker.limit = this.shop.max_attachment_bytes;
    this.standing.of(this.shop);
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
    this.picker.label();
    this.standing.show();
  }

  switchLanguage(language) {
    if (!this.shop || !this.shop.languages.includes(language) || language === spoken()) return;
    speak(language);
    this.memory.write("language", spoken());
    this.label();
    this.redraw();
  }

  // Labels inside the log follow the language too, so it is drawn again from its messages.
  async redraw() {
    this.log.clear();
    this.log.greet(this.greeting());
    await this.catchUp().catch(() => {});
    for (const { message, pending } of this.delivery.waiting.values()) this.log.append(message.id, pending);
    this.suggestIfEmpty();
  }

  async resume() {
    if (this.session.resume()) {
      try {
        await this.catchUp();
        this.session.connect();
      } catch (error) {
        if (error.gone) this.forget();
        else this.session.connect();
      }
    }
    for (const message of this.delivery.left()) this.put(message);
    this.suggestIfEmpty();
  }

  async catchUp(isNew = false) {
    let more = Boolean(this.session.current);
    while (more) {
      const page = await api.history(this.session.current, this.log.lastSeq);
      for (const message of page.messages) this.show(message, isNew);
      this.standing.take(page);
      more = page.more;
    }
    this.log.toEnd();
  }

  suggestIfEmpty() {
    this.showTools();
    if (this.log.lastSeq === 0 && this.log.pending.size === 0 && this.shop) {
      this.log.suggest(this.shop.suggestions[spoken()] || []);
    }
  }

  showTools() {
    byId("restart").hidden = byId("transcript").hidden = !this.session.current;
  }

  forget() {
    this.session.forget();
    this.standing.forget();
  }

  connectedNow(connected) {
    if (connected) this.delivery.again();
    // What was half written is written again, or comes as a message.
    else this.log.retractAll();
    this.standing.show();
  }

  hear(kind, data) {
    if (kind === "message") this.show(data, true);
    else if (kind === "draft") this.log.draft(data.turn, data.text);
    else if (kind === "retract") this.log.retract(data.turn);
    else if (kind === "typing") this.showTyping(data.by === "operator");
    else if (kind === "status") this.standing.take(data);
  }

  showTyping(byPerson) {
    clearTimeout(this.typingTimer);
    this.log.typing(true);
    if (byPerson) this.typingTimer = setTimeout(() => this.log.typing(false), TYPING_SHOWN_MS);
  }

  show(message, isNew) {
    if (message.role === "customer") this.delivery.confirm(message.id);
    if (message.role === "operator") this.log.typing(false);
    if (!this.log.add(message) || message.role === "customer" || !isNew) return;
    this.frame.event("message", { role: message.role, text: message.text });
    if (this.frame.away) this.standing.missed();
  }

  seen(focus) {
    this.standing.seen();
    if (focus) {
      this.composer.focus();
      this.log.toEnd();
    }
  }

  say(text, payload) {
    if (!text.trim()) return;
    const message = { id: newId(), text };
    if (payload) message.payload = payload;
    this.put(message);
  }

  put(message) {
    const pending = this.log.pend(message.id, message.text, () => this.delivery.deliver(message.id));
    this.delivery.add(message, pending);
  }

  // Sending the same id again is safe: the server answers it once.
  async deliver(message) {
    await this.started;
    hideNotice();
    const typing = setTimeout(() => this.log.typing(this.standing.status === "bot"), TYPING_AFTER_MS);
    try {
      await this.session.begin();
      const reply = await api.send(this.session.current, message);
      this.memory.keepConversation(this.session.current.id, this.session.current.token);
      this.session.renew();
      await this.fetchUpTo(reply.seq);
    } catch (error) {
      // Its conversation is gone: the next try begins another.
      if (error.gone) this.forget();
      throw error;
    } finally {
      clearTimeout(typing);
      this.log.typing(false);
    }
  }

  // The stream usually has shown the reply by now; if not, read what is missing.
  async fetchUpTo(seq) {
    await new Promise((resolve) => setTimeout(resolve, this.session.connected ? 60 : 0));
    if (!this.log.has(seq)) await this.catchUp(true);
  }

  async askForPerson() {
    byId("person").disabled = true;
    await this.started;
    await this.failures.tried(async () => {
      await this.session.begin();
      this.show(await api.askForPerson(this.session.current), false);
      await this.catchUp();
    });
    byId("person").disabled = false;
  }

  thumb(message, value, reason) {
    return this.failures.tried(() => api.thumb(this.session.current, message.message, value, reason));
  }

  identified(error) {
    if (error && error.status === 409) {
      // Somebody else has logged in here: their words belong in a conversation of their own.
      this.forget();
      this.redraw();
    }
    if (error) this.frame.event("error", { reason: error.code });
    else this.frame.event("identified");
  }

  confirmRestart() {
    notice(say("restartAsk"), say("yes"), () => {
      hideNotice();
      this.delivery.clear();
      this.forget();
      this.redraw();
      this.composer.focus();
    });
  }
}

new Chat();
