// The list of found passages, each with its reasons. Text is only ever set as text.

import { make } from "../chat/dom.js";
import { linkTo } from "./document.js";

const percent = (score) => `${Math.round(score * 100)}%`;

// The server counts characters, JavaScript counts UTF-16 units: an emoji is one there, two here.
export function marked(text, spans) {
  const letters = Array.from(text);
  const parts = [];
  let end = 0;
  for (const [from, to] of spans) {
    if (from > end) parts.push(letters.slice(end, from).join(""));
    parts.push(make("mark", { text: letters.slice(from, to).join("") }));
    end = to;
  }
  parts.push(letters.slice(end).join(""));
  return parts;
}

function reason(label, ...values) {
  return make("div", {}, make("dt", { text: label }), make("dd", {}, ...values));
}

const chips = (words) => words.map((text) => make("span", { className: "chip", text }));

export function reasons({ reasons: why, reranked }, words) {
  const list = make("dl", { className: "reasons" });
  if (why.words.length) list.append(reason(words.words, ...chips(why.words)));
  if (why.synonyms.length) {
    const pairs = why.synonyms.map((one) => `${one.asked} = ${one.found.join(" / ")}`);
    list.append(reason(words.synonyms, ...chips(pairs)));
  }
  for (const how of Object.keys(words.guesses)) {
    const guessed = why.guesses.filter((one) => one.how === how);
    const pairs = guessed.map((one) => `${one.typed} → ${one.found}`);
    if (pairs.length) list.append(reason(words.guesses[how], ...chips(pairs)));
  }
  if (why.question) {
    list.append(reason(words.question, `${why.question} (${percent(why.question_similarity)})`));
  }
  list.append(reason(words.meaning, `${words.meaningWords(why.meaning)} (${percent(Math.max(0, why.meaning))})`));
  if (why.feedback) list.append(reason("👍👎", words.feedback(why.feedback)));
  if (reranked !== null) list.append(reason(words.reranked, reranked.toFixed(2)));
  return list;
}

function facts(hit, words) {
  const today = new Date().toLocaleDateString("sv-SE");
  const lapsed = (hit.valid_until && hit.valid_until < today) || (hit.valid_from && hit.valid_from > today);
  const found = hit.tags.map((text) => make("span", { className: "chip tag", text }));
  if (hit.valid_from) found.push(make("span", { className: "chip", text: words.from(hit.valid_from) }));
  if (hit.valid_until) found.push(make("span", { className: "chip", text: words.until(hit.valid_until) }));
  if (lapsed) found.push(make("span", { className: "chip warn", text: words.lapsed }));
  return found;
}

// The reasons of the first few are open: those are compared, the rest is looked up.
const OPEN = 3;

function item(hit, place, words, parts) {
  const answer = hit.kind === "answer";
  const where = [answer ? words.answer : hit.title, hit.heading].filter(Boolean).join(" › ");
  const meter = make("meter", {
    attributes: { min: "0", max: "1", value: String(hit.score), "aria-label": words.relevant },
  });
  const score = make("div", { className: "score" }, make("b", { text: percent(hit.score) }), meter,
    make("small", { text: words.relevant }));
  const head = make("div", { className: "where" }, make("strong", { text: where }), ...facts(hit, words));
  const { details, moves } = parts(hit, where);
  const body = make("div", { className: "found" }, head,
    make("p", {}, ...marked(hit.text, hit.reasons.highlights)),
    make("details", { attributes: place < OPEN ? { open: "" } : {} },
      make("summary", { text: words.because }), reasons(hit, words)),
    ...details,
    make("div", { className: "moves" }, ...moves, make("a", { text: words.open, attributes: { href: linkTo(hit) } })));
  return make("li", {}, score, body);
}

// `parts` gives what more there is to see of a hit, and to do with it.
export function showHits(list, hits, words, parts) {
  list.replaceChildren(...hits.map((hit, place) => item(hit, place, words, parts)));
}
