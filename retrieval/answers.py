"""Keeps the answers of the templates findable, each with questions that it answered."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from retrieval.types import ImportReport
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.normalise import text_key
from storage.templates import Templates
from storage.types import (
    ANSWER_PREFIX,
    SEARCH_KIND_ANSWER,
    SOURCE_CORRECTION,
    Example,
    NewPassage,
    Template,
)

MAX_QUESTIONS = 20

_BETWEEN = "\n\n"


def index_answers(session: Session) -> ImportReport:
    """Make the documents of kind `answer` say what the templates say now.

    One document per template, one passage per wording, with up to `MAX_QUESTIONS` example
    questions. Golden questions are left out: search is measured with them.
    """
    knowledge = Knowledge(session)
    known = {
        document.name: document.content_hash
        for document in knowledge.documents()
        if document.kind == SEARCH_KIND_ANSWER
    }
    examples = _by_intent(Examples(session).all())
    added = unchanged = 0
    names = set()
    for template in Templates(session).all():
        passages = answer_passages(template, examples.get(template.name, ()))
        if not passages:
            continue
        name = ANSWER_PREFIX + template.name
        names.add(name)
        content_hash = _hash(passages)
        if known.get(name) == content_hash:
            unchanged += 1
            continue
        _put(knowledge, template, passages, content_hash)
        added += 1
    gone = sorted(known.keys() - names)
    for name in gone:
        knowledge.delete_document(name)
    return ImportReport(added, unchanged, len(gone), ())


def move_questions(
    session: Session, questions: Sequence[str], name: str | None, *, same: Callable[[str], str]
) -> None:
    """Let the answers of the template `name` be found by these questions, and no other's.

    With `name` None no answer is. `same` gives equal keys for questions that are one.
    """
    moving = {same(question) for question in questions}
    changed: dict[int, tuple[str, ...]] = {}
    for passage in Knowledge(session).passages():
        if passage.kind != SEARCH_KIND_ANSWER:
            continue
        own = name is not None and passage.document == ANSWER_PREFIX + name
        kept = [asked for asked in passage.questions if same(asked) not in moving]
        now = tuple([*questions, *kept][:MAX_QUESTIONS] if own else kept)
        if now != passage.questions:
            changed[passage.id] = now
    Knowledge(session).set_questions(changed)


def answer_passages(template: Template, examples: Sequence[Example]) -> list[NewPassage]:
    """One passage per wording of a template; offsets count in the wordings joined together."""
    passages: list[NewPassage] = []
    position = 0
    for language, wordings in sorted(template.texts.items()):
        questions = _questions(examples, language)
        for wording in wordings:
            text = wording.strip()
            if not text:
                continue
            end = position + len(text)
            passages.append(NewPassage(text, "", position, end, language, questions))
            position = end + len(_BETWEEN)
    return passages


def _by_intent(examples: Iterable[Example]) -> Mapping[str, list[Example]]:
    """The examples that may be shown with an answer; a corrected question is its correction's."""
    grouped: dict[str, list[Example]] = defaultdict(list)
    known = list(examples)
    corrected = {text_key(e.question) for e in known if e.source == SOURCE_CORRECTION}
    for example in known:
        if example.intent is None or example.golden:
            continue
        if example.source == SOURCE_CORRECTION or text_key(example.question) not in corrected:
            grouped[example.intent].append(example)
    return grouped


def _questions(examples: Sequence[Example], language: str) -> tuple[str, ...]:
    """Questions in the answer's own language first, the weightiest first, in a lasting order."""
    ranked = sorted(
        {text_key(example.question): example for example in examples}.items(),
        key=lambda item: (
            item[1].source != SOURCE_CORRECTION,
            item[1].language != language,
            -item[1].weight,
            item[0],
        ),
    )
    return tuple(example.question for _, example in ranked[:MAX_QUESTIONS])


def _hash(passages: Sequence[NewPassage]) -> str:
    content = [[each.text, each.language, *each.questions] for each in passages]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _put(
    knowledge: Knowledge, template: Template, passages: Sequence[NewPassage], content_hash: str
) -> None:
    knowledge.put_document(
        ANSWER_PREFIX + template.name,
        template.name,
        content_hash,
        passages[0].language,
        SEARCH_KIND_ANSWER,
        _BETWEEN.join(passage.text for passage in passages),
        passages,
    )
