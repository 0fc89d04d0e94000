// Staff say which passage answers what they searched, and take such questions off again.

import { byId, make } from "../chat/dom.js";

const PATH = "knowledge/questions";

// `finder` gives the words, searches again, and shows what failed.
export function setUpAttaching(call, finder) {
  const note = byId("note");
  const undo = byId("note-undo");
  let told = null;

  function tell(what, question = null) {
    told = what && { what, question };
    speak();
  }

  function speak() {
    const words = finder.words();
    note.className = told ? "shown" : "";
    byId("note-said").textContent = told ? words.said[told.what] : "";
    undo.textContent = words.undo;
    undo.hidden = !told?.question;
  }

  // The list is made anew, so the focus would be lost with the button that was pressed.
  async function searchAgain() {
    await finder.again();
    note.focus();
  }

  async function pressed(button, work) {
    button.disabled = true;
    finder.fail(null);
    try {
      await work();
    } catch (error) {
      finder.fail(error);
    }
    button.disabled = false;
  }

  async function attach(hit, question) {
    try {
      tell("remembered", await call(PATH, "POST", { passage: hit.passage, question }));
    } catch (error) {
      throw new Error(finder.words().refusals[error.status] || error.message);
    }
    await searchAgain();
  }

  async function detach(id) {
    try {
      await call(`${PATH}/${id}`, "DELETE");
    } catch (error) {
      // Somebody else was quicker: it is gone, as it should be.
      if (error.status !== 404) throw error;
    }
  }

  async function takeBack() {
    await detach(told.question.id);
    tell("undone");
    await searchAgain();
  }
  undo.addEventListener("click", () => pressed(undo, takeBack));

  function answersIt(hit, question, where) {
    const words = finder.words();
    if (told?.question?.passage === hit.passage) return make("span", { className: "chip tag", text: words.isRemembered });
    const button = make("button", { text: words.answersIt, attributes: { type: "button", "aria-label": `${words.answersIt}: ${where}` } });
    button.addEventListener("click", () => pressed(button, () => attach(hit, question)));
    return button;
  }

  function removable(one, removed) {
    const words = finder.words();
    const button = make("button", { text: words.remove, attributes: { type: "button", "aria-label": `${words.remove}: ${one.question}` } });
    button.addEventListener("click", () => pressed(button, async () => {
      if (told?.question?.id === one.id) return takeBack();
      await detach(one.id);
      tell("removed");
      return removed();
    }));
    const source = make("small", { text: `${words.sources[one.source]} · ${one.origin}` });
    return make("li", {}, make("p", { text: one.question }), source, button);
  }

  async function fill(list, hit, removed) {
    const words = finder.words();
    const found = await call(`${PATH}?${new URLSearchParams({ document: hit.document })}`);
    const mine = found.filter((one) => one.passage === hit.passage);
    const own = hit.questions - mine.length;
    list.replaceChildren(...mine.map((one) => removable(one, removed)));
    if (own > 0) list.append(make("li", { className: "soft", text: words.ownQuestions(own) }));
  }

  function attached(hit) {
    const words = finder.words();
    const summary = make("summary", { text: words.attached(hit.questions) });
    const list = make("ul", { className: "attached" });
    const details = make("details", {}, summary, list);
    const removed = async () => {
      hit.questions -= 1;
      await fill(list, hit, removed);
      summary.textContent = words.attached(hit.questions);
      summary.focus();
    };
    details.addEventListener("toggle", () => details.open && fill(list, hit, removed).catch(finder.fail));
    return details;
  }

  return {
    speak,
    forget: () => tell(null),
    // What a hit that was found for a question shows of it; answers are corrected in review.
    parts(hit, question, where) {
      if (hit.kind !== "document") return { details: [], moves: [] };
      return {
        details: hit.questions ? [attached(hit)] : [],
        moves: [answersIt(hit, question, where)],
      };
    },
  };
}
