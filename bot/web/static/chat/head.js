// The top of the page: whose chat this is, who answers now, and the buttons beside it.

import { byId, icon } from "./dom.js";
import { say, spoken } from "./words.js";

const ANSWERED_BY = { bot: "online", waiting: "waiting", person: "person", closed: "closed" };
const BUTTONS = { close: "close", restart: "restart", down: "down" };

export class Head {
  constructor({ embedded, onLanguage, onRestart, onClose }) {
    byId("language").addEventListener("click", onLanguage);
    byId("restart").addEventListener("click", onRestart);
    byId("close").addEventListener("click", onClose);
    byId("close").hidden = !embedded;
    for (const [id, name] of Object.entries(BUTTONS)) byId(id).replaceChildren(icon(name));
  }

  // `shop` is not there yet while the page cannot reach the server.
  label(shop) {
    const name = shop ? shop.names[spoken()] || shop.name : "";
    document.documentElement.lang = spoken() === "zh" ? "zh-CN" : "en";
    document.title = say("title", name);
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
  show(status, connected) {
    const offline = !navigator.onLine;
    const lost = offline || connected === false;
    const key = lost ? "reconnecting" : ANSWERED_BY[status] || "online";
    byId("status-text").textContent = say(offline ? "offline" : key);
    byId("dot").dataset.status = lost ? "lost" : status;
  }
}
