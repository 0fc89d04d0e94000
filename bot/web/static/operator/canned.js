// Canned replies: chosen, added, changed and deleted below the answer.

import { byId, make } from "../chat/dom.js";
import { call } from "./api.js";
import { say, spoken } from "./words.js";

export class Canned {
  // `onChoose(text)` puts a reply into the answer; `language()` is the customer's.
  constructor({ onChoose, language, onError }) {
    this.onChoose = onChoose;
    this.language = language;
    this.onError = onError;
    this.replies = [];
    this.panel = byId("canned");
    this.button = byId("phrases");
    this.button.addEventListener("click", () => this.show(this.panel.hidden));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.show(false);
      this.button.focus();
    });
  }

  async show(on) {
    this.panel.hidden = !on;
    this.button.setAttribute("aria-expanded", String(on));
    if (on) await this.load();
  }

  async load() {
    await this.tried(async () => (this.replies = await call("canned")));
    this.list();
  }

  list() {
    const rows = this.replies.map((reply) =>
      make(
        "li",
        {},
        make(
          "button",
          { className: "phrase", attributes: { type: "button" }, on: { click: () => this.choose(reply) } },
          make("b", { text: reply.title }),
          make("span", { text: this.text(reply) }),
        ),
        this.action("edit", () => this.edit(reply), reply.title),
        this.action("remove", () => this.change(`canned/${reply.id}`, "DELETE"), reply.title),
      ),
    );
    const empty = make("p", { className: "none", text: say("noPhrases") });
    this.panel.replaceChildren(
      rows.length ? make("ul", {}, ...rows) : empty,
      this.action("add", () => this.edit({ title: "", texts: {} })),
    );
  }

  action(key, work, about = "") {
    const label = about ? `${say(key)}: ${about}` : say(key);
    return make("button", {
      className: "plain",
      text: say(key),
      attributes: { type: "button", "aria-label": label },
      on: { click: work },
    });
  }

  text(reply) {
    return reply.texts[this.language() || spoken()] || Object.values(reply.texts)[0] || "";
  }

  choose(reply) {
    this.show(false);
    this.onChoose(this.text(reply));
  }

  edit(reply) {
    const title = make("input", { attributes: { maxlength: "200", "aria-label": say("phraseTitle"), placeholder: say("phraseTitle") } });
    title.value = reply.title;
    const texts = ["zh", "en"].map((language) => {
      const label = say(language === "zh" ? "phraseZh" : "phraseEn");
      const field = make("textarea", { attributes: { rows: "2", maxlength: "4000", "aria-label": label, placeholder: label } });
      field.value = reply.texts[language] || "";
      return [language, field];
    });
    const save = () => {
      const body = { title: title.value.trim(), texts: {} };
      for (const [language, field] of texts) if (field.value.trim()) body.texts[language] = field.value;
      return reply.id ? this.change(`canned/${reply.id}`, "PUT", body) : this.change("canned", "POST", body);
    };
    const buttons = make("div", { className: "foot" }, this.action("save", save), this.action("cancel", () => this.list()));
    this.panel.replaceChildren(title, ...texts.map(([, field]) => field), buttons);
    title.focus();
  }

  async change(path, method, body) {
    if (await this.tried(() => call(path, method, body))) await this.load();
  }

  async tried(work) {
    try {
      await work();
      return true;
    } catch (error) {
      this.onError(error);
      return false;
    }
  }
}
