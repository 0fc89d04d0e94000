// One line above the composer that says what went wrong, or asks before something is lost.

import { byId, make } from "./dom.js";
import { say } from "./words.js";

export function notice(text, action, onAction) {
  const parts = [make("span", { text })];
  if (action) {
    const attributes = { type: "button" };
    parts.push(
      make("button", { className: "strong", text: action, attributes, on: { click: onAction } }),
      make("button", { text: say("no"), attributes, on: { click: hideNotice } }),
    );
  }
  byId("notice").replaceChildren(...parts);
  byId("notice").classList.toggle("question", Boolean(action));
  byId("notice").hidden = false;
}

export function hideNotice() {
  byId("notice").hidden = true;
}
