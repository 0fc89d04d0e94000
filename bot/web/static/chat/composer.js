// Where the customer writes.

import { byId, icon } from "./dom.js";
import { say } from "./words.js";

const TELL_FROM = 0.9;

export class Composer {
  constructor({ onSend, onPerson, onTyping }) {
    this.text = byId("text");
    this.button = byId("send");
    this.hint = byId("hint");
    this.person = byId("person");
    this.limit = 4000;
    this.note = "";
    this.button.append(icon("send"));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.text.value.trim();
      if (!text || this.text.value.length > this.limit) return;
      this.text.value = "";
      this.measure();
      onSend(text);
      this.text.focus();
    });
    this.text.addEventListener("input", () => {
      this.measure();
      if (this.text.value.trim()) onTyping();
    });
    this.text.addEventListener("keydown", (event) => {
      // Enter while a Chinese word is being composed chooses the word.
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || composing) return;
      event.preventDefault();
      byId("composer").requestSubmit();
    });
    this.person.addEventListener("click", onPerson);
  }

  label() {
    byId("text-label").textContent = say("inputLabel");
    byId("composer").setAttribute("aria-label", say("inputLabel"));
    this.text.placeholder = say("placeholder");
    this.button.setAttribute("aria-label", say("send"));
    this.button.title = say("send");
    this.person.replaceChildren(icon("person"), say("talkToPerson"));
    this.measure();
  }

  measure() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 140)}px`;
    const left = this.limit - this.text.value.length;
    this.button.disabled = !this.text.value.trim() || left < 0;
    this.hint.classList.toggle("over", left < 0);
    if (left < 0) this.hint.textContent = say("over", -left);
    else if (left < this.limit * (1 - TELL_FROM)) this.hint.textContent = say("left", left);
    else this.hint.textContent = this.note || say("hint");
    this.hint.classList.toggle("note", Boolean(this.note));
  }

  // Said below the text while nobody is there.
  closed(note) {
    this.note = note;
    this.measure();
  }

  offerPerson(on) {
    this.person.hidden = !on;
  }

  focus() {
    this.text.focus();
  }
}
