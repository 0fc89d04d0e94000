// Messages as they stand in the log.

import { icon, make, pieces } from "./dom.js";
import { readable } from "./files.js";
import { reasonForm } from "./opinions.js";
import { say, spoken } from "./words.js";

// What a customer can judge: an answer, or the want of one.
const JUDGED = new Set(["template", "action", "grounded", "no_answer"]);

function time(when) {
  const date = new Date(when);
  if (Number.isNaN(date.getTime())) return null;
  const text = date.toLocaleTimeString(spoken() === "zh" ? "zh-CN" : "en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  });
  return make("time", { text, attributes: { datetime: date.toISOString() } });
}

function link(piece) {
  return make("a", {
    text: piece.text,
    attributes: { href: piece.link, target: "_blank", rel: "noopener noreferrer nofollow" },
  });
}

// Fills `bubble` with text; [n] becomes a chip that opens what it points to.
function fill(bubble, message, onSource) {
  const placed = new Set();
  const cited = new Map(message.citations.map((citation) => [citation.n, citation]));
  const chip = (citation) => {
    placed.add(citation.n);
    return make("button", {
      className: "chip",
      text: String(citation.n),
      attributes: { type: "button", "aria-label": say("source", citation.n), "aria-haspopup": "dialog" },
      on: { click: () => onSource(message, citation) },
    });
  };
  for (const piece of pieces(message.text)) {
    if (piece.number !== undefined && cited.has(piece.number)) bubble.append(chip(cited.get(piece.number)));
    else if (piece.link) bubble.append(link(piece));
    else bubble.append(piece.text);
  }
  const unplaced = message.citations.filter((citation) => !placed.has(citation.n));
  if (unplaced.length) {
    const row = make("span", { className: "sources" }, make("span", { text: say("sources") }));
    row.append(...unplaced.map(chip));
    bubble.append(row);
  }
}

function thumbs(message, onThumb) {
  const row = make("div", { className: "thumbs", attributes: { role: "group" } });
  const note = make("span", { className: "note", attributes: { role: "status" } });
  const button = (value, name, label) =>
    make(
      "button",
      {
        className: "thumb",
        attributes: { type: "button", "aria-label": label, title: label, "aria-pressed": "false" },
        on: { click: (event) => press(event.currentTarget, value) },
      },
      icon(name),
    );
  const press = async (pressed, value) => {
    if (!(await onThumb(message, value))) return;
    const old = row.parentElement.parentElement.querySelector(".opinion");
    if (old) old.remove();
    if (value === "down") {
      const form = reasonForm((reason) => onThumb(message, value, reason));
      row.parentElement.after(form);
      form.scrollIntoView({ block: "nearest" });
    }
    for (const other of row.querySelectorAll(".thumb")) {
      other.setAttribute("aria-pressed", String(other === pressed));
    }
    note.textContent = say(value === "up" ? "thanks" : "sorry");
  };
  row.append(button("up", "up", say("helpful")), button("down", "unhelpful", say("unhelpful")), note);
  return row;
}

// A file as a button that takes it home: its content is never shown as a page of ours.
function fileButton(attachment, onDownload) {
  return make(
    "button",
    {
      className: "file",
      attributes: { type: "button", "aria-label": say("download", attachment.name) },
      on: { click: () => onDownload(attachment) },
    },
    icon("file"),
    make("span", { className: "name", text: attachment.name }),
    make("span", { className: "size", text: readable(attachment.size) }),
  );
}

export function messageElement(message, { onThumb, onDownload, onSource }) {
  const mine = message.role === "customer";
  const element = make("article", { className: `turn ${message.role}` });
  if (message.role === "system") {
    element.append(make("p", { className: "line", text: message.text }));
    return element;
  }
  const label = say(mine ? "you" : message.role === "operator" ? "operator" : "bot");
  const speaker = message.author || label;
  const bubble = make("div", { className: "bubble", attributes: { dir: "auto" } });
  bubble.append(make("span", { className: "unseen", text: `${speaker}: ` }));
  const { attachment } = message;
  if (attachment) bubble.append(fileButton(attachment, onDownload));
  const onButton = attachment && message.text === attachment.name;
  if (mine && !onButton) bubble.append(message.text);
  else if (!onButton) fill(bubble, message, onSource);
  element.append(bubble);
  const foot = make("div", { className: "meta" });
  if (message.role === "operator") foot.append(make("span", { text: message.author || label }));
  const stamp = time(message.created_at);
  if (stamp) foot.append(stamp);
  if (message.role === "bot" && JUDGED.has(message.decision)) {
    foot.append(thumbs(message, onThumb));
  }
  if (foot.childElementCount) element.append(foot);
  return element;
}

export function draftElement() {
  const text = make("span", {});
  const bubble = make(
    "div",
    { className: "bubble", attributes: { dir: "auto" } },
    make("span", { className: "unseen", text: `${say("bot")}: ` }),
    text,
  );
  const element = make("article", { className: "turn bot draft", attributes: { "aria-busy": "true" } }, bubble);
  return { element, text };
}

// A message of the customer's that the server has not confirmed yet.
export function pendingElement(text, onRetry) {
  const element = messageElement({ role: "customer", text, created_at: Date.now(), citations: [] }, {});
  const state = make("span", { className: "state", text: say("sending") });
  const retry = make("button", {
    className: "retry",
    text: say("retry"),
    attributes: { type: "button" },
    on: { click: onRetry },
  });
  retry.hidden = true;
  element.classList.add("pending");
  element.querySelector(".meta").replaceChildren(state, retry);
  return {
    element,
    // `passing`: it is sent again by itself.
    fail(passing) {
      element.classList.add("failed");
      state.textContent = passing ? `${say("failed")} · ${say("retrying")}` : say("failed");
      retry.hidden = false;
    },
    sending() {
      element.classList.remove("failed");
      state.textContent = say("sending");
      retry.hidden = true;
    },
  };
}
