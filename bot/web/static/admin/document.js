// A document in a dialog, opened at a passage by the address: admin#document=NAME&start=1&end=9

import { byId, make } from "../chat/dom.js";

export function linkTo(hit) {
  return `#${new URLSearchParams({ document: hit.document, start: hit.start, end: hit.end })}`;
}

export function setUpDocuments(call, fail) {
  const dialog = byId("document");
  const shown = () => new URLSearchParams(location.hash.slice(1));

  async function open() {
    const wanted = shown();
    const name = wanted.get("document");
    if (!name) {
      dialog.close();
      return;
    }
    try {
      show(await call(`document?${new URLSearchParams({ name })}`), wanted);
    } catch (error) {
      fail(error);
    }
  }

  function show(document, wanted) {
    const letters = Array.from(document.text);
    const start = Number(wanted.get("start")) || 0;
    const end = Number(wanted.get("end")) || start;
    const passage = make("mark", { text: letters.slice(start, end).join("") });
    byId("document-name").textContent = document.name;
    byId("document-text").replaceChildren(
      letters.slice(0, start).join(""), passage, letters.slice(end).join(""),
    );
    if (!dialog.open) dialog.showModal();
    passage.scrollIntoView({ block: "center" });
  }

  const forget = () => {
    if (shown().get("document")) history.replaceState(null, "", location.pathname + location.search);
  };
  dialog.addEventListener("close", forget);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  byId("document-close").addEventListener("click", () => dialog.close());
  addEventListener("hashchange", open);
  return open;
}
