// The top of the page: whose chat this is, who answers now, and the buttons beside it.

import { byId, icon } from "./dom.js";
import { say, spoken } from "./words.js";

const BUTTONS = { close: "close", restart: "restart", down: "down", transcript: "transcript" };

export class Head {
  constructor({ closable, onLanguage, onRestart, onTranscript, onClose }) {
    byId("language").addEventListener("click", onLanguage);
    byId("restart").addEventListener("click", onRestart);
    byId("transcript").addEventListener("click", onTranscript);
    byId("close").addEventListener("click", onClose);
    byId("close").hidden = !closable;
    for (const [id, name] of Object.entries(BUTTONS)) byId(id).replaceChildren(icon(name));
  }

  // `shop` is not there yet while the page cannot reach the server.
  label(shop) {
    const name = shop ? shop.names[spoken()] || shop.name : "";
    document.documentElement.lang = spoken() === "zh" ? "zh-CN" : "en";
    this.title = say("title", name);
    document.title = this.title;
    byId("shop-name").textContent = name || say("nameless");
    byId("face").replaceChildren(name ? [...name][0].toUpperCase() : icon("bot"));
    const language = byId("language");
    language.textContent = say("other");
    language.setAttribute("aria-label", say("otherLabel"));
    language.lang = spoken() === "zh" ? "en" : "zh-CN";
    language.hidden = !shop || shop.languages.length < 2;
    for (const [id, key] of Object.entries(BUTTONS)) {
      byId(id).setAttribute("aria-label", say(key));
      byId(id).title = say(key);
    }
  }

  // `connected` is null before the first attempt to listen.
  show(standing, connected, unread) {
    const offline = !navigator.onLine;
    const lost = offline || connected === false;
    const text = offline ? say("offline") : lost ? say("reconnecting") : answeredBy(standing);
    // A screen reader says what changed, and only then.
    if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
    byId("dot").dataset.status = lost ? "lost" : standing.status;
    if (this.title) document.title = unread ? say("unreadTitle", unread, this.title) : this.title;
  }
}

function answeredBy({ status, position, operator, open }) {
  if (status === "waiting") return open ? say("waiting", position || 1) : say("waitingClosed");
  if (status === "person") return say("person", operator);
  return say(status === "closed" ? "closed" : "online");
}
