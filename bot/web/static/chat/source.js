// What a number in a reply points to: a dialog with the document's text at the cited place.

import { icon, make } from "./dom.js";
import { say } from "./words.js";

let dialog = null;
let asked = 0;

// `fetchPlace` asks the server for the place; until it answers, the stored evidence is shown.
export async function showSource(citation, fetchPlace) {
  const opener = document.activeElement;
  const number = (asked += 1);
  open(citation, opener);
  show({ ...citation, title: citation.document, start: 0, end: Array.from(citation.text).length }, "sourceLoading");
  try {
    const place = await fetchPlace();
    if (number === asked && dialog) show(place, place.changed ? "sourceChanged" : null);
  } catch {
    if (number === asked && dialog) note("sourceFailed");
  }
}

function open(citation, opener) {
  const close = make(
    "button",
    { className: "plain", attributes: { type: "button", "aria-label": say("closeSource"), title: say("closeSource") } },
    icon("cross"),
  );
  dialog = make(
    "dialog",
    { className: "source", attributes: { "aria-labelledby": "source-title", "aria-describedby": "source-path" } },
    make("header", {},
      make("span", { className: "chip", text: String(citation.n), attributes: { "aria-hidden": "true" } }),
      make("div", {},
        make("h2", { attributes: { id: "source-title", dir: "auto" } }),
        make("p", { attributes: { id: "source-path", dir: "auto" } })),
      close),
    make("p", { className: "note", attributes: { role: "status" } }),
    make("div", {
      className: "text", attributes: { dir: "auto", tabindex: "0", role: "region", "aria-label": say("sourceText") },
    }),
  );
  const shown = dialog;
  const escape = (event) => {
    if (event.key !== "Escape") return;
    // Said to be done, so that the widget's frame around it stays open.
    event.preventDefault();
    shown.close();
  };
  document.addEventListener("keydown", escape, true);
  close.addEventListener("click", () => shown.close());
  shown.addEventListener("click", (event) => event.target === shown && shown.close());
  shown.addEventListener("close", () => {
    document.removeEventListener("keydown", escape, true);
    shown.remove();
    dialog = null;
    if (opener && opener.isConnected) opener.focus();
  });
  document.body.append(shown);
  shown.showModal();
}

function note(key) {
  const line = dialog.querySelector(".note");
  line.textContent = key ? say(key) : "";
  line.hidden = !key;
  line.classList.toggle("warned", key === "sourceChanged" || key === "sourceFailed");
}

// Offsets count characters as Python does, not the halves of pairs as strings do here.
function show(place, key) {
  const path = place.heading.split(" > ");
  if (path[0] === place.title) path.shift();
  dialog.querySelector("#source-title").textContent = place.title;
  const line = dialog.querySelector("#source-path");
  line.textContent = path.join(" › ");
  line.hidden = !line.textContent;
  const letters = Array.from(place.text);
  const part = (from, to) => letters.slice(from, to).join("");
  const cited = make("mark", { text: part(place.start, place.end) });
  const end = letters.length;
  dialog.querySelector(".text").replaceChildren(
    ...(place.more_before ? [cut()] : []),
    ...underHeading(part(0, place.start), path.at(-1)), cited, part(place.end, end),
    ...(place.more_after ? [cut()] : []),
  );
  note(key);
  reveal(cited);
}

// The heading that the cited words stand under, where the text before them holds it on its own.
function underHeading(before, heading) {
  const start = heading ? `\n${before}`.lastIndexOf(`\n${heading}\n`) : -1;
  if (start < 0) return [before];
  const end = start + heading.length;
  return [before.slice(0, start), make("strong", { text: heading }), before.slice(end)];
}

function cut() {
  return make("span", { className: "cut", text: "⋯", attributes: { "aria-hidden": "true" } });
}

// Words that fit stand in the middle; longer ones begin near the top.
function reveal(cited) {
  const text = cited.parentElement;
  const spare = text.clientHeight - cited.offsetHeight;
  text.scrollTop = cited.offsetTop - text.offsetTop - Math.max(24, spare / 2);
}
