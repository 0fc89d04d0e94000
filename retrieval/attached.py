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
from itertools import chain
from pathlib import Path

from sqlalchemy.orm import Session

from retrieval.evaluate import SearchRow, read_search_rows
from retrieval.overlap import holds, overlaps
from retrieval.types import ImportReport, Problem
from storage.attached import AttachedQuestions
from storage.errors import InputError
from storage.knowledge import Knowledge
from storage.normalise import normalise
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


def with_attached(
    session: Session, document: str, passages: Sequence[NewPassage]
) -> list[NewPassage]:
    """The passages of a document that is about to be stored, with what was attached to it."""
    placed = _placed(AttachedQuestions(session).all(document), passages)
    return [
        replace(passage, questions=_together(passage.questions, placed[place]))
        for place, passage in enumerate(passages)
    ]


def attach(session: Session, new: Sequence[NewAttachedQuestion]) -> int:
    """Attach questions, whoever removed them before; gives how many are new.

    Raises InputError for a blank or over-long question, and where the document has no passage
    that holds the quote.
    """
    knowledge = Knowledge(session)
    stored = {name: knowledge.passages_of(name) for name in {each.document for each in new}}
    for each in new:
        if (reason := _unusable(each.question) or _lost(each, stored[each.document])) is not None:
            raise InputError(reason)
    fresh = [each for each in new if not _holds(stored[each.document], each.question)]
    added = AttachedQuestions(session).add(fresh, revive=True)
    for name in stored:
        _refresh(session, name, ())
    return added


def detach(session: Session, number: int) -> AttachedQuestion:
    """Take an attached question off its passage; raises NotFoundError if there is none."""
    removed = AttachedQuestions(session).remove(number)
    _refresh(session, removed.document, {removed.question})
    return removed


def import_questions(session: Session, path: Path, origin: str | None = None) -> ImportReport:
    """Attach what a CSV file of the columns question, passage and document says.

    `passage` are words of the document that answer the question. The file stands for all that
    was attached under its `origin` (its name, if not given) before; what was removed in the
    product stays removed.
    """
    rows, problems = read_search_rows(path)
    origin = origin or path.name
    knowledge = Knowledge(session)
    names = _names([each.name for each in knowledge.documents() if _is_document(each.kind)])
    stored: dict[str, list[Passage]] = {}
    new: list[NewAttachedQuestion] = []
    for row in rows:
        found = _read(row, names, origin)
        if isinstance(found, NewAttachedQuestion):
            if found.document not in stored:
                stored[found.document] = knowledge.passages_of(found.document)
            if (reason := _lost(found, stored[found.document])) is None:
                new.append(found)
                continue
            found = reason
        problems.append(Problem(path.name, row.line, found))
    attached = AttachedQuestions(session)
    before = _by_document(attached.all())
    own = [
        each
        for each in new
        if each.question in {old.question for old in before.get(each.document, ())}
        or not _holds(stored[each.document], each.question)
    ]
    added, kept, dropped = attached.put_file(origin, own)
    for name in {*before, *stored}:
        _refresh(session, name, {each.question for each in before.get(name, ())})
    return ImportReport(added, kept, dropped, tuple(problems))


def forget_file(session: Session, origin: str) -> int:
    """Take off what a file attached, which is gone; gives how many questions that were."""
    attached = AttachedQuestions(session)
    before = _by_document(attached.all())
    _, _, dropped = attached.put_file(origin, ())
    if dropped:
        for name, questions in before.items():
            _refresh(session, name, {each.question for each in questions})
    return dropped


def _read(
    row: SearchRow, names: Mapping[str, Sequence[str]], origin: str
) -> NewAttachedQuestion | str:
    """What a row says, or why it cannot be used."""
    if row.passage is None or row.document is None:
        return "expected a question, a passage and a document, found one of them empty"
    if (reason := _unusable(row.question)) is not None:
        return reason
    documents = names.get(row.document, ())
    if len(documents) != 1:
        found = "none" if not documents else f"{len(documents)}: {', '.join(documents)}"
        return f"expected the name of one document, found {row.document!r}, which names {found}"
    question = normalise(mask(row.question))
    return NewAttachedQuestion(documents[0], row.passage, question, QUESTION_FROM_FILE, origin)


def _unusable(question: str) -> str | None:
    if not question.strip():
        return "expected a question, found none"
    if len(question) > LONGEST_QUESTION:
        return (
            f"expected a question of at most {LONGEST_QUESTION} characters, found {len(question)}"
        )
    return None


def _lost(question: NewAttachedQuestion, passages: Sequence[Passage]) -> str | None:
    if _place(question.quote, [passage.text for passage in passages]) is not None:
        return None
    return (
        f"expected words of {question.document}, found {question.quote[:60]!r}, which no passage "
        "of it holds; copy them from the document"
    )


def _is_document(kind: str) -> bool:
    return kind == SEARCH_KIND_DOCUMENT


def _names(documents: Sequence[str]) -> dict[str, list[str]]:
    """Documents by their whole name and by each of its endings after a slash."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name in documents:
        parts = name.split("/")
        for start in range(len(parts)):
            names["/".join(parts[start:])].append(name)
    return names


def _holds(passages: Sequence[Passage], question: str) -> bool:
    return any(question in each.questions for each in passages)


def _by_document(questions: Sequence[AttachedQuestion]) -> dict[str, list[AttachedQuestion]]:
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
