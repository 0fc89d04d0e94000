// Small forms: why a reply did not help, and what a conversation was worth.

import { icon, make } from "./dom.js";
import { say } from "./words.js";

function field(label) {
  return make("textarea", {
    className: "words",
    attributes: { rows: "2", maxlength: "1000", "aria-label": label, placeholder: label },
  });
}

function submit(text) {
  return make("button", { className: "strong", text, attributes: { type: "submit" } });
}

// Asks for the reason of a thumb down; `onReason(text)` resolves to whether it was stored.
export function reasonForm(onReason) {
  const words = field(say("reasonOther"));
  const chosen = new Set();
  const chips = say("reasons").map((reason) =>
    make("button", {
      className: "offer",
      text: reason,
      attributes: { type: "button", "aria-pressed": "false" },
      on: {
        click: (event) => {
          const on = !chosen.delete(reason) && Boolean(chosen.add(reason));
          event.currentTarget.setAttribute("aria-pressed", String(on));
        },
      },
    }),
  );
  const form = make(
    "form",
    { className: "opinion", attributes: { "aria-label": say("reasonAsk") } },
    make("p", { text: say("reasonAsk") }),
    make("div", { className: "choices" }, ...chips),
    words,
    submit(say("reasonSend")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = [...chosen, words.value.trim()].filter(Boolean).join("; ");
    if (!told || (await onReason(told))) form.remove();
  });
  return form;
}

// One to five stars; `onRate(score, comment)` resolves to whether it was stored.
export function ratingForm(onRate) {
  let score = 0;
  const comment = field(say("rateComment"));
  const send = submit(say("rateSend"));
  const more = make("div", { className: "more" }, comment, send);
  more.hidden = true;
  const stars = [1, 2, 3, 4, 5].map((value) =>
    make(
      "button",
      {
        className: "star",
        attributes: { type: "button", "aria-label": say("rateStars", value), "aria-pressed": "false" },
        on: { click: () => choose(value) },
      },
      icon("star"),
    ),
  );
  function choose(value) {
    score = value;
    stars.forEach((star, index) => {
      star.classList.toggle("lit", index < value);
      star.setAttribute("aria-pressed", String(index + 1 === value));
    });
    more.hidden = false;
    form.scrollIntoView({ block: "end" });
  }
  const form = make(
    "form",
    { className: "opinion rating", attributes: { "aria-label": say("rateAsk") } },
    make("p", { text: say("rateAsk") }),
    make("div", { className: "stars", attributes: { role: "group", "aria-label": say("rateAsk") } }, ...stars),
    more,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (score && (await onRate(score, comment.value.trim() || null))) {
      form.replaceChildren(make("p", { text: say("rateThanks"), attributes: { role: "status" } }));
    }
  });
  return form;
}
