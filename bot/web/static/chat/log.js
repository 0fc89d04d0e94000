// The conversation on the screen: messages in the order of their seq, each once; below them what
// is still on its way.

import { draftElement, messageElement, pendingElement } from "./bubbles.js";
import { byId, make } from "./dom.js";
import { ratingForm } from "./opinions.js";
import { say } from "./words.js";

const NEAR_END = 120;

export class Log {
  constructor({ onThumb, onSource, onQuickReply, onDownload, onRate }) {
    this.log = byId("log");
    this.scroll = byId("scroll");
    this.offers = byId("offers");
    this.typingRow = byId("typing");
    this.down = byId("down");
    this.handlers = { onThumb, onDownload, onSource };
    this.onRate = onRate;
    this.onQuickReply = onQuickReply;
    this.down.addEventListener("click", () => this.toEnd(true));
    this.scroll.addEventListener("scroll", () => {
      if (this.nearEnd()) this.down.hidden = true;
    });
    // Pictures of phones' keyboards: when the frame shrinks, stay at the end.
    new ResizeObserver(() => this.wasNearEnd && this.toEnd()).observe(this.scroll);
    this.scroll.addEventListener("scroll", () => (this.wasNearEnd = this.nearEnd()), { passive: true });
    this.wasNearEnd = true;
    this.clear();
  }

  clear() {
    this.shown = new Map();
    this.pending = new Map();
    this.drafts = new Map();
    this.lastSeq = 0;
    this.ratingForm = null;
    this.log.replaceChildren();
    for (const form of this.scroll.querySelectorAll(".rating")) form.remove();
    this.offer([]);
    this.typing(false);
  }

  nearEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < NEAR_END;
  }

  toEnd(smooth = false) {
    this.scroll.scrollTo({ top: this.scroll.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.down.hidden = true;
  }

  // Runs a change; follows it to the end of the log if the reader was there, else tells them.
  change(work, { follow = false } = {}) {
    const near = this.nearEnd() || follow;
    work();
    if (near) this.toEnd();
    else this.down.hidden = false;
  }

  greet(text) {
    const greeting = { role: "bot", text, citations: [], created_at: "", quick_replies: [] };
    const element = messageElement(greeting, {});
    element.classList.add("greeting");
    this.log.prepend(element);
  }

  has(seq) {
    return this.shown.has(seq);
  }

  // Shows a stored message; false if it is shown already.
  add(message) {
    if (this.shown.has(message.seq)) return false;
    this.change(() => {
      this.settle(message);
      const element = messageElement(message, this.handlers);
      this.shown.set(message.seq, element);
      // A relayed message has a reply row that says nothing.
      if (!message.text.trim()) return;
      this.place(message.seq, element);
      if (message.seq > this.lastSeq) this.offer(message.role === "bot" ? message.quick_replies : []);
    });
    this.lastSeq = Math.max(this.lastSeq, message.seq);
    return true;
  }

  // What this message replaces: its own unconfirmed copy, or the draft of it.
  settle(message) {
    if (message.role === "customer") this.dropPending(message.id);
    if (message.role === "bot") {
      this.typing(false);
      for (const turn of [...this.drafts.keys()]) this.retract(turn);
    }
  }

  place(seq, element) {
    const later = [...this.shown].filter(([other, shown]) => other > seq && shown.isConnected);
    const before = later.length
      ? later.sort(([a], [b]) => a - b)[0][1]
      : this.log.querySelector(".pending, .draft");
    this.log.insertBefore(element, before);
  }

  pend(id, text, onRetry) {
    const pending = pendingElement(text, onRetry);
    this.append(id, pending);
    return pending;
  }

  append(id, pending) {
    this.pending.set(id, pending);
    this.change(() => this.log.append(pending.element), { follow: true });
    this.offer([]);
  }

  // Asks for a rating below an ended conversation; a reopened one is rated anew.
  rating(ended) {
    if (ended && !this.ratingForm) {
      this.ratingForm = ratingForm(this.onRate);
      this.change(() => this.scroll.append(this.ratingForm));
    } else if (!ended && this.ratingForm) {
      this.ratingForm.remove();
      this.ratingForm = null;
    }
  }

  dropPending(id) {
    const pending = this.pending.get(id);
    if (pending) pending.element.remove();
    this.pending.delete(id);
  }

  draft(turn, text) {
    if (!this.drafts.has(turn)) {
      const draft = draftElement();
      this.drafts.set(turn, draft);
      this.change(() => this.log.append(draft.element));
      this.typing(false);
    }
    this.change(() => this.drafts.get(turn).text.append(text));
  }

  retract(turn) {
    const draft = this.drafts.get(turn);
    if (draft) draft.element.remove();
    this.drafts.delete(turn);
  }

  retractAll() {
    for (const turn of [...this.drafts.keys()]) this.retract(turn);
    this.typing(false);
  }

  typing(on) {
    if (this.typingRow.hidden === !on) return;
    byId("typing-text").textContent = on ? say("typing") : "";
    this.change(() => (this.typingRow.hidden = !on));
  }

  offer(quickReplies, label = "") {
    this.offers.setAttribute("aria-label", label);
    this.offers.replaceChildren(
      ...quickReplies.map((reply) =>
        make("button", {
          className: "offer",
          text: reply.text,
          attributes: { type: "button" },
          on: { click: () => this.onQuickReply(reply) },
        }),
      ),
    );
  }

  suggest(suggestions) {
    this.change(() => this.offer(suggestions, say("offers")));
  }
}
