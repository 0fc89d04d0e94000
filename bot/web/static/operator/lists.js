// The queue and the conversations that people have.

import { byId, make } from "../chat/dom.js";
import { age, say } from "./words.js";

export function nameOf(entry) {
  const { name } = entry.attributes;
  if (typeof name === "string" && name.trim()) return name;
  return entry.customer || say("visitor", entry.customer_id);
}

function row(entry, { now, place, chosen, onChoose }) {
  const notes = [entry.channel];
  if (place) notes.unshift(say("place", place), say("waited", age(entry.waiting_since, now)));
  else if (entry.operator) notes.unshift(entry.operator);
  const button = make(
    "button",
    {
      className: "entry",
      attributes: { type: "button", "aria-current": String(entry.id === chosen) },
      on: { click: () => onChoose(entry.id) },
    },
    make("span", { className: "name", text: nameOf(entry), attributes: { dir: "auto" } }),
    make("span", { className: "notes", text: notes.join(" · ") }),
    make("span", { className: "last", text: entry.last_text, attributes: { dir: "auto" } }),
  );
  if (entry.status === "person" && entry.last_role === "customer") button.classList.add("unanswered");
  return make("li", { attributes: { "data-id": entry.id } }, button);
}

function fill(id, entries, options) {
  byId(`${id}-count`).textContent = String(entries.length);
  const focused = document.activeElement && document.activeElement.closest(`#${id} li`);
  const rows = entries.map((entry, index) =>
    row(entry, { ...options, place: id === "waiting" ? index + 1 : 0 }),
  );
  if (!rows.length) rows.push(make("li", { className: "none", text: say("none") }));
  byId(id).replaceChildren(...rows);
  // The list is drawn anew every few seconds: whoever walks it by keyboard stays where they are.
  const same = focused && rows.find((each) => each.dataset.id === focused.dataset.id);
  if (same) same.querySelector("button").focus();
}

export function showLists(desk, me, chosen, onChoose) {
  const options = { now: new Date(desk.now), chosen, onChoose };
  fill("waiting", desk.waiting, options);
  fill("mine", desk.held.filter((entry) => entry.operator_id === me.id), options);
  fill("others", desk.held.filter((entry) => entry.operator_id !== me.id), options);
}
