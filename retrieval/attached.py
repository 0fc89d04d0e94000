"""Puts the questions that people, files or a language model attached on the right passages.

A passage is found by its own words and by questions that it answers: those of a document that
names them (an FAQ), and those attached here. To write such questions down beforehand is document
expansion (Nogueira et al. 2019, doc2query); to attach one after a search that missed is the
shortest way from a miss to a hit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

from sqlalchemy.orm import Session

from retrieval.evaluate import SearchRow, read_search_rows
from retrieval.overlap import holds, overlaps
from retrieval.types import ImportReport, Problem
from storage.attached import AttachedQuestions
from storage.errors import InputError
from storage.knowledge import Knowledge
from storage.normalise import text_key
from storage.privacy import mask
from storage.types import (
    QUESTION_FROM_FILE,
    SEARCH_KIND_DOCUMENT,
    AttachedQuestion,
    NewAttachedQuestion,
    NewPassage,
    Passage,
)

LONGEST_QUESTION = 500
"""Characters; a longer text is no question but something pasted by mistake."""


def clean_question(text: str, *, keep: Sequence[str] = ()) -> str:
    """A question as it is attached: masked but for what to `keep`, on one line."""
    return " ".join(mask(text, keep=keep).split())


def with_attached(
    session: Session, document: str, passages: Sequence[NewPassage]
) -> list[NewPassage]:
    """The passages of a document that is about to be stored, with what was attached to it.

    What the document now asks itself is attached no longer: to take it off would take both.
    """
    attached, own = AttachedQuestions(session), _keys(passages)
    known = attached.all(document)
    attached.drop([each.id for each in known if text_key(each.question) in own])
    placed = _placed([each for each in known if text_key(each.question) not in own], passages)
    return [
        replace(passage, questions=_together(passage.questions, placed[place]))
        for place, passage in enumerate(passages)
    ]


def attach(session: Session, new: Sequence[NewAttachedQuestion], *, revive: bool = True) -> int:
    """Attach questions; gives how many are new. A removed one comes back if it may `revive`.

    Raises InputError for a blank or over-long question, and where the document has no passage
    that holds the quote.
    """
    knowledge = Knowledge(session)
    stored = {name: knowledge.passages_of(name) for name in {each.document for each in new}}
    for each in new:
        _check(each, stored[each.document])
    keys = {name: _keys(passages) for name, passages in stored.items()}
    fresh = [each for each in new if text_key(each.question) not in keys[each.document]]
    added = AttachedQuestions(session).add(fresh, revive=revive)
    for name in stored:
        _refresh(session, name, ())
    return added


def detach(session: Session, number: int) -> AttachedQuestion:
    """Take an attached question off its passage; raises NotFoundError if there is none."""
    removed = AttachedQuestions(session).remove(number)
    _refresh(session, removed.document, {removed.question})
    return removed


def document_named(session: Session, name: str) -> str:
    """The document of this name, or whose name ends with it after a slash.

    Raises InputError where that is none, or several.
    """
    return _only(name, _names(session))


def import_questions(session: Session, path: Path, origin: str | None = None) -> ImportReport:
    """Attach what a CSV file of the columns question, passage and document says.

    `passage` are words of the document that answer the question. The file stands for all that
    was attached under its `origin` (its name, if not given) before; what was removed in the
    product stays removed.
    """
    rows, problems = read_search_rows(path)
    names, knowledge = _names(session), Knowledge(session)
    passages_of = cache(knowledge.passages_of)
    new: list[NewAttachedQuestion] = []
    for row in rows:
        try:
            read = _read(row, names, origin or path.name)
            _check(read, passages_of(read.document))
            new.append(read)
        except InputError as error:
            problems.append(Problem(path.name, row.line, str(error)))
    before = _by_document(AttachedQuestions(session).all())
    own = {
        name: _keys(passages_of(name)) - {text_key(each.question) for each in before[name]}
        for name in {each.document for each in new}
    }
    fresh = [each for each in new if text_key(each.question) not in own[each.document]]
    added, kept, dropped = _put_file(session, origin or path.name, fresh, before)
    return ImportReport(added, kept, dropped, tuple(problems))


def forget_file(session: Session, origin: str) -> int:
    """Take off what a file attached, which is gone; gives how many questions that were."""
    before = _by_document(AttachedQuestions(session).all())
    _, _, dropped = _put_file(session, origin, (), before)
    return dropped


def _put_file(
    session: Session,
    origin: str,
    questions: Sequence[NewAttachedQuestion],
    before: Mapping[str, Sequence[AttachedQuestion]],
) -> tuple[int, int, int]:
    counts = AttachedQuestions(session).put_file(origin, questions)
    for name in {*before, *(each.document for each in questions)}:
        _refresh(session, name, {each.question for each in before.get(name, ())})
    return counts


def _read(row: SearchRow, names: Mapping[str, Sequence[str]], origin: str) -> NewAttachedQuestion:
    if row.passage is None or row.document is None:
        raise InputError("expected a question, a passage and a document, found one of them empty")
    document, question = _only(row.document, names), clean_question(row.question)
    return NewAttachedQuestion(document, row.passage, question, QUESTION_FROM_FILE, origin)


def _check(question: NewAttachedQuestion, passages: Sequence[Passage]) -> None:
    asked, quote = question.question, question.quote
    if not asked.strip():
        raise InputError("expected a question, found none")
    if len(asked) > LONGEST_QUESTION:
        raise InputError(
            f"expected a question of at most {LONGEST_QUESTION} characters, found {len(asked)}"
        )
    if _place(quote, [passage.text for passage in passages]) is None:
        raise InputError(
            f"expected words of {question.document}, found {quote[:60]!r}, which no passage of it "
            "holds; copy them from the document"
        )


def _only(name: str, names: Mapping[str, Sequence[str]]) -> str:
    """The one document that a name means."""
    found = names.get(name, ())
    if name in found:
        return name
    if len(found) != 1:
        told = "none" if not found else f"{len(found)}: {', '.join(found)}"
        raise InputError(f"expected the name of one document, found {name!r}, which names {told}")
    return found[0]


def _names(session: Session) -> Mapping[str, list[str]]:
    """Documents by their whole name and by each of its endings after a slash."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for document in Knowledge(session).documents():
        if document.kind == SEARCH_KIND_DOCUMENT:
            parts = document.name.split("/")
            for start in range(len(parts)):
                names["/".join(parts[start:])].append(document.name)
    return names


def _keys(passages: Sequence[NewPassage | Passage]) -> set[str]:
    return {text_key(question) for each in passages for question in each.questions}


def _by_document(
    questions: Sequence[AttachedQuestion],
) -> defaultdict[str, list[AttachedQuestion]]:
    grouped: defaultdict[str, list[AttachedQuestion]] = defaultdict(list)
    for each in questions:
        grouped[each.document].append(each)
    return grouped


def _refresh(session: Session, document: str, before: Collection[str]) -> None:
    """Give the passages of a document what is attached now, instead of what was `before`."""
    knowledge = Knowledge(session)
    passages = knowledge.passages_of(document)
    placed = _placed(AttachedQuestions(session).all(document), passages)
    changed = {}
    for place, passage in enumerate(passages):
        left = [asked for asked in passage.questions if asked not in before]
        now = _together(left, placed[place])
        if now != passage.questions:
            changed[passage.id] = now
    knowledge.set_questions(changed)


def _placed(
    questions: Sequence[AttachedQuestion], passages: Sequence[NewPassage | Passage]
) -> defaultdict[int, list[str]]:
    """The questions by the place of the first passage that holds their quote."""
    placed: defaultdict[int, list[str]] = defaultdict(list)
    places: dict[str, int | None] = {}
    for each in questions:
        if each.quote not in places:
            places[each.quote] = _place(each.quote, [passage.text for passage in passages])
        if (place := places[each.quote]) is not None:
            placed[place].append(each.question)
    return placed


def _place(quote: str, texts: Sequence[str]) -> int | None:
    """The first text that is the quote, or else holds it, or else holds at least half of it."""
    same = (place for place, text in enumerate(texts) if holds(text, quote) and holds(quote, text))
    whole = (place for place, text in enumerate(texts) if holds(text, quote))
    half = (place for place, text in enumerate(texts) if overlaps(quote, text))
    return next(chain(same, whole, half), None)


def _together(own: Sequence[str], attached: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*own, *attached]))
