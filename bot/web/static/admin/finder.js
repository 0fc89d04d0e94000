// Search as the live chat does it, with reasons; upload, gaps and the history of tests beside it.

import { byId, make } from "../chat/dom.js";
import { setUpAttaching } from "./attaching.js";
import { setUpDocuments } from "./document.js";
import { showHits } from "./results.js";
import { setUpUpload } from "./upload.js";
import { WORDS } from "./words.js";

const TEXTS = {
  "finder-title": "title", "finder-about": "about", "query-label": "query", "search-submit": "search",
  "filter-language-label": "language", "filter-any": "any", "filter-zh": "zh", "filter-en": "en",
  "filter-tags-label": "tags", "filter-expired-label": "expired", "upload-title": "upload",
  "drop-text": "drop", "pick-label": "choose", "kinds": "kinds", "gaps-title": "gaps",
  "gaps-about": "gapsAbout", "history-title": "history", "document-close": "close",
};

export function setUpFinder(call) {
  let words = WORDS.en;
  let hits = null;
  let searched = null;

  const fail = (error) => {
    byId("finder-error").textContent = error ? words.failed + error.message : "";
  };
  const openDocument = setUpDocuments(call, fail);
  setUpUpload(() => words, () => showRest().catch(fail));
  const attaching = setUpAttaching(call, { words: () => words, again: () => find(again), fail });

  function show() {
    byId("count").textContent = hits === null ? "" : hits.length ? words.found(hits.length) : words.nothing;
    const parts = (hit, where) => attaching.parts(hit, searched.query, where);
    showHits(byId("hits"), hits || [], words, parts);
  }

  function asked() {
    const tags = byId("filter-tags").value.split(/[,，、;；]/).map((tag) => tag.trim()).filter(Boolean);
    const language = byId("filter-language").value || null;
    return { query: byId("query").value, language, tags, expired: byId("filter-expired").checked };
  }

  function search() {
    attaching.forget();
    searched = asked();
    return find(() => call("search", "POST", searched));
  }

  // What was searched stands in the history already.
  function again() {
    const wanted = new URLSearchParams({ q: searched.query, expired: searched.expired });
    if (searched.language) wanted.set("language", searched.language);
    for (const tag of searched.tags) wanted.append("tag", tag);
    return call(`search?${wanted}`);
  }

  async function find(look) {
    fail(null);
    byId("count").textContent = words.searching;
    try {
      hits = await look();
      show();
      await showHistory();
    } catch (error) {
      byId("count").textContent = "";
      fail(error);
    }
  }

  function tryAgain(query) {
    byId("query").value = query;
    byId("finder").scrollIntoView();
    search();
  }

  const retry = (query) => make("button", {
    text: words.tryIt, attributes: { type: "button" }, on: { click: () => tryAgain(query) },
  });

  function gap(one) {
    const near = one.documents.map((each) => make("li", { text: [each.title, each.heading].filter(Boolean).join(" › ") }));
    const others = one.questions.filter((text) => text !== one.question);
    return make("li", {},
      make("div", { className: "row" }, make("strong", { text: one.question }),
        make("span", { className: "chip", text: words.times(one.count) }), retry(one.question)),
      make("p", { className: "soft", text: others.join(" · ") }),
      make("p", { className: "soft", text: near.length ? words.nearest : words.noneNear }),
      make("ul", {}, ...near));
  }

  async function showGaps() {
    const found = await call("gaps");
    const empty = make("li", { className: "empty", text: words.noGaps });
    byId("gaps").replaceChildren(...(found.length ? found.map(gap) : [empty]));
  }

  function test(one) {
    const best = one.hits[0];
    const told = best ? `${best.document} (${Math.round(best.score * 100)}%)` : "–";
    const when = new Date(one.at).toLocaleString(document.documentElement.lang);
    return make("li", {},
      make("div", { className: "row" }, make("strong", { text: one.query }), retry(one.query)),
      make("p", { className: "soft", text: `${told} · ${one.actor} · ${when}` }));
  }

  async function showHistory() {
    const found = await call("search/history?limit=20");
    const empty = make("li", { className: "empty", text: words.noHistory });
    byId("history").replaceChildren(...(found.length ? found.map(test) : [empty]));
  }

  const showRest = () => Promise.all([showGaps(), showHistory()]);

  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    if (byId("query").value.trim()) search();
  });

  return {
    speak(language) {
      words = WORDS[language];
      for (const [id, key] of Object.entries(TEXTS)) byId(id).textContent = words[key];
      byId("query").placeholder = words.placeholder;
      byId("filter-tags").placeholder = words.tagsHint;
      attaching.speak();
      show();
    },
    refresh() {
      // Before the first training there is nothing to search; the page says so when asked.
      openDocument();
      return showRest().catch((error) => error.status === 503 || fail(error));
    },
  };
}
