// One conversation as it happens: what was said, why the bot said it, and the answer.

import { byId, icon, make, pieces } from "../chat/dom.js";
import { Picker, readable } from "../chat/files.js";
import { newId } from "../chat/session.js";
import { attachmentAddress, call, listen, of, sendFile } from "./api.js";
import { Canned } from "./canned.js";
import { nameOf } from "./lists.js";
import { say, spoken } from "./words.js";

const TYPING_SHOWN_MS = 6000;
const TYPING_TOLD_MS = 2500;

function clock(when) {
  const date = new Date(when);
  const options = { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return date.toLocaleString(spoken() === "zh" ? "zh-CN" : "en-GB", options);
}

export class Talk {
  // `onMoved()` is called when something moved that the lists show too.
  constructor({ onMoved, onError }) {
    this.onMoved = onMoved;
    this.onError = onError;
    this.id = null;
    this.text = byId("text");
    this.canned = new Canned({
      onChoose: (text) => this.insert(text),
      language: () => this.entry && this.entry.language,
      onError,
    });
    this.picker = new Picker({
      onFile: (file) => this.sendFile(file),
      onRefused: (text) => onError(new Error(text)),
      say,
    });
    byId("answer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.text.addEventListener("input", () => {
      this.measure();
      this.tellTyping();
    });
    this.text.addEventListener("keydown", (event) => {
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || composing) return;
      event.preventDefault();
      byId("answer").requestSubmit();
    });
  }

  async open(id, me) {
    this.leave();
    this.id = id;
    this.me = me;
    byId("nothing").hidden = true;
    byId("talk").hidden = false;
    await this.load();
  }

  leave() {
    if (this.source) this.source.close();
    this.source = null;
    this.id = null;
    this.seen = new Set();
    this.last = 0;
    byId("log").replaceChildren();
    byId("typing").textContent = "";
    byId("talk").hidden = true;
    byId("nothing").hidden = false;
    this.canned.show(false);
  }

  async load() {
    const id = this.id;
    let more = true;
    while (more) {
      const page = await call(of(id, `?after=${this.last}`));
      if (this.id !== id) return;
      this.entry = page.entry;
      for (const message of page.messages) this.add(message, page.traces[message.seq]);
      more = page.messages.length === 200;
    }
    this.label();
    if (!this.source) this.source = listen(id, this.last, (kind, data) => this.hear(kind, data));
  }

  // A reply of the bot is read again with its trace; anything else shows at once.
  hear(kind, data) {
    if (kind === "message" && data.role === "bot") this.load().catch(this.onError);
    else if (kind === "message") this.add(data);
    else if (kind === "customer_typing") this.showTyping();
    else if (kind === "status") this.moved(data);
  }

  async moved(standing) {
    const changed = this.entry && (standing.status !== this.entry.status || standing.operator !== this.entry.operator);
    if (!changed) return;
    await this.load().catch(this.onError);
    this.onMoved();
  }

  showTyping() {
    byId("typing").textContent = say("typing");
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => (byId("typing").textContent = ""), TYPING_SHOWN_MS);
  }

  add(message, trace) {
    if (this.seen.has(message.seq)) return;
    this.seen.add(message.seq);
    this.last = Math.max(this.last, message.seq);
    if (message.role === "customer") byId("typing").textContent = "";
    if (!message.text.trim()) return;
    byId("log").append(this.element(message, trace));
    const scroll = byId("scroll");
    scroll.scrollTop = scroll.scrollHeight;
  }

  element(message, trace) {
    const bubble = make("div", { className: "bubble", attributes: { dir: "auto" } });
    const { attachment } = message;
    if (attachment) bubble.append(this.file(attachment));
    if (!attachment || message.text !== attachment.name) {
      for (const piece of pieces(message.text)) {
        const attributes = { href: piece.link, target: "_blank", rel: "noopener noreferrer nofollow" };
        bubble.append(piece.link ? make("a", { text: piece.text, attributes }) : piece.text);
      }
    }
    const who = message.author || say(`from.${message.role}`);
    const meta = make("p", { className: "meta", text: `${who} · ${clock(message.created_at)}` });
    const element = make("article", { className: `turn ${message.role}` }, bubble, meta);
    if (trace && message.role === "bot") element.append(this.why(trace));
    return element;
  }

  file(attachment) {
    const attributes = { href: attachmentAddress(attachment.id), download: attachment.name, "aria-label": say("download", attachment.name) };
    const size = make("span", { className: "size", text: readable(attachment.size) });
    return make("a", { className: "file", attributes }, icon("file"), make("span", { text: attachment.name }), size);
  }

  why(trace) {
    const facts = [
      ["decision", trace.decision],
      ["reason", trace.reason],
      ["intent", trace.intent],
      ["confidence", trace.confidence === null ? null : `${Math.round(trace.confidence * 100)}%`],
      ["documents", trace.documents.join(", ")],
    ].filter(([, value]) => value);
    const list = facts.flatMap(([key, value]) => [make("dt", { text: say(key) }), make("dd", { text: value })]);
    return make("details", { className: "why" }, make("summary", { text: say("trace") }), make("dl", {}, ...list));
  }

  label() {
    if (!this.id || !this.entry) return;
    const { entry } = this;
    const attributes = Object.entries(entry.attributes).map(([key, value]) => `${key}: ${value}`);
    byId("customer").textContent = nameOf(entry);
    byId("facts").textContent = [say(`status.${entry.status}`, entry.operator || ""), entry.channel, entry.customer, ...attributes]
      .filter(Boolean)
      .join(" · ");
    const mine = entry.status === "person" && entry.operator_id === this.me.id;
    const moves = mine ? ["give_back", "close"] : ["take"];
    byId("moves").replaceChildren(...moves.map((move) => this.moveButton(move)));
    this.text.disabled = !mine;
    byId("phrases").disabled = !mine;
    this.picker.offer(mine);
    this.picker.label();
    this.text.placeholder = say(mine ? "text" : "takeFirst");
    byId("text-label").textContent = say("text");
    byId("hint").textContent = say("hint");
    byId("send").textContent = say("send");
    byId("phrases").textContent = say("phrases");
    this.measure();
  }

  moveButton(move) {
    const held = this.entry.status === "person" && move === "take";
    return make("button", {
      className: move === "take" ? "strong" : "plain",
      text: held ? say("takeFrom", this.entry.operator || "") : say(move),
      attributes: { type: "button" },
      on: { click: () => this.move(move) },
    });
  }

  async move(move) {
    try {
      await call(of(this.id, "/status"), "POST", { move });
      await this.load();
      if (move === "take") this.text.focus();
      this.onMoved();
    } catch (error) {
      this.onError(error);
    }
  }

  insert(text) {
    this.text.value = this.text.value ? `${this.text.value}\n${text}` : text;
    this.text.focus();
    this.measure();
  }

  measure() {
    byId("send").disabled = this.text.disabled || !this.text.value.trim();
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(Math.max(this.text.scrollHeight, 48), 180)}px`;
  }

  tellTyping() {
    const now = Date.now();
    if (!this.text.value.trim() || now - (this.toldTyping || 0) < TYPING_TOLD_MS) return;
    this.toldTyping = now;
    call(of(this.id, "/typing"), "POST").catch(() => {});
  }

  async send() {
    const text = this.text.value.trim();
    if (!text || this.sending) return;
    this.sending = true;
    await this.said(async () => {
      const message = await call(of(this.id, "/messages"), "POST", { text });
      this.text.value = "";
      return message;
    });
    this.sending = false;
  }

  async sendFile(file) {
    const told = { 413: say("attachTooBig", readable(this.picker.limit)), 415: say("attachKind") };
    await this.said(() =>
      sendFile(this.id, newId(), file).catch((error) => {
        throw told[error.status] ? new Error(told[error.status]) : error;
      }),
    );
  }

  // What `send()` has sent stands in the log afterwards.
  async said(send) {
    try {
      const message = await send();
      // What the customer wrote meanwhile comes first.
      await this.load();
      this.add(message);
      this.measure();
      this.onMoved();
    } catch (error) {
      this.onError(error);
    }
  }
}
