// The operators' page: log in, the lists, one open conversation.

import { byId } from "../chat/dom.js";
import { pickLanguage } from "../chat/words.js";
import { call } from "./api.js";
import { showLists } from "./lists.js";
import { Talk } from "./talk.js";
import { say, speak, spoken } from "./words.js";

const LOOK_MS = 2500;
const LOOK_LATER_MS = 10000;

const LABELS = {
  language: "other", logout: "logout", "login-title": "login", "name-label": "name",
  "password-label": "password", submit: "submit", "waiting-title": "waiting", "mine-title": "mine",
  "others-title": "others", nothing: "nothing",
};

class Page {
  constructor() {
    this.me = null;
    this.desk = null;
    this.chosen = null;
    this.talk = new Talk({ onMoved: () => this.look(), onError: (error) => this.failed(error) });
    byId("login").addEventListener("submit", (event) => this.login(event));
    byId("logout").addEventListener("click", () => call("logout", "POST").finally(() => this.out()));
    byId("language").addEventListener("click", () => this.speak(spoken() === "zh" ? "en" : "zh"));
    byId("back").addEventListener("click", () => this.leave());
    document.addEventListener("visibilitychange", () => document.hidden || (this.me && this.look()));
    this.speak(pickLanguage(navigator.languages, ["zh", "en"], "en"));
    this.enter();
  }

  speak(language) {
    speak(language);
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    for (const [id, key] of Object.entries(LABELS)) byId(id).textContent = say(key);
    byId("back").textContent = "‹";
    byId("back").setAttribute("aria-label", say("back"));
    byId("lists").setAttribute("aria-label", say("title"));
    byId("log").setAttribute("aria-label", say("title"));
    this.draw();
    if (this.chosen) this.choose(this.chosen);
  }

  async enter() {
    try {
      this.me = await call("me");
    } catch (error) {
      this.out();
      if (error.status !== 401) byId("login-error").textContent = error.message;
      return;
    }
    byId("door").hidden = true;
    byId("desk").hidden = false;
    await this.look();
  }

  out() {
    this.me = null;
    this.chosen = null;
    clearTimeout(this.timer);
    this.talk.leave();
    byId("desk").hidden = true;
    byId("door").hidden = false;
  }

  async login(event) {
    event.preventDefault();
    byId("login-error").textContent = "";
    try {
      await call("login", "POST", { name: byId("name").value, password: byId("password").value });
      byId("password").value = "";
      await this.enter();
    } catch (error) {
      const told = { 401: "wrong", 429: "many" };
      byId("login-error").textContent = told[error.status] ? say(told[error.status]) : error.message;
    }
  }

  // Looks at the lists again and again, less often while nobody looks at the page.
  async look() {
    clearTimeout(this.timer);
    try {
      this.desk = await call("desk");
      this.talk.picker.limit = this.desk.max_attachment_bytes;
      byId("error").textContent = "";
    } catch (error) {
      if (error.status === 401) {
        this.out();
        return;
      }
      byId("error").textContent = say("lost");
    }
    if (!this.me) return;
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), document.hidden ? LOOK_LATER_MS : LOOK_MS);
  }

  draw() {
    const waits = this.desk ? this.desk.waiting.length : 0;
    document.title = waits ? say("title_waiting", waits, say("title")) : say("title");
    if (!this.desk || !this.me) return;
    byId("state").textContent = say("state", this.me.name, this.desk.operators, this.desk.open);
    showLists(this.desk, this.me, this.chosen, (id) => this.choose(id));
  }

  async choose(id) {
    this.chosen = id;
    byId("desk").dataset.view = "talk";
    this.draw();
    try {
      await this.talk.open(id, this.me);
    } catch (error) {
      this.failed(error);
    }
  }

  leave() {
    this.chosen = null;
    this.talk.leave();
    byId("desk").dataset.view = "list";
    this.draw();
  }

  failed(error) {
    if (error.status === 401) this.out();
    else byId("error").textContent = say("failed", error.message);
  }
}

new Page();
