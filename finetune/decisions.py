"""Carries out what a person decided about questions in review."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from sqlalchemy.orm import Session

from finetune.near_duplicates import loose_key
from finetune.types_review import Decided, Ignore, NewIntent, NewKnowledge, ThisIntent, Verdict
from retrieval.answers import move_questions
from retrieval.ingest import put_text
from storage.attached import AttachedQuestions
from storage.errors import InputError
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.review import ReviewQueue
from storage.templates import Templates
from storage.types import (
    OUT_OF_SCOPE,
    REVIEW_ACCEPTED,
    REVIEW_REJECTED,
    NewPassage,
    TemplateDraft,
)

DOCUMENT_FOLDER = "review/"
"""Documents made in review are named by this and their title."""

_NAME = re.compile(r"[^\W_][\w.-]{0,79}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def decide(session: Session, item_ids: Sequence[int], verdict: Verdict, *, by: str) -> Decided:
    """Decide these items as one; nothing is changed where it cannot be done for all of them.

    An accepted question becomes a correction. Search finds its answer with it at once, and no
    other answer any more; the classifier learns it at the next retraining. A question that
    knowledge answers is one that no template should answer.
    """
    if not item_ids:
        raise InputError("expected at least one review item to decide, found none")
    if isinstance(verdict, Ignore):
        ReviewQueue(session).decide(item_ids, REVIEW_REJECTED, by=by)
        return Decided(tuple(item_ids), REVIEW_REJECTED)
    document = None
    if isinstance(verdict, NewKnowledge):
        intent, document = OUT_OF_SCOPE, _document_name(verdict)
    elif isinstance(verdict, NewIntent):
        intent = _make_intent(session, verdict, by)
    else:
        intent = _known_intent(session, verdict)
    corrections = ReviewQueue(session).decide(
        item_ids, REVIEW_ACCEPTED, intent, document=document, by=by
    )
    questions = list(dict.fromkeys(each.question for each in corrections))
    move_questions(session, questions, None if intent == OUT_OF_SCOPE else intent, same=loose_key)
    if isinstance(verdict, NewKnowledge) and document is not None:
        _put_knowledge(session, document, verdict, questions)
    return Decided(tuple(item_ids), REVIEW_ACCEPTED, intent, document)


def _known_intent(session: Session, verdict: ThisIntent) -> str:
    templates = {template.name for template in Templates(session).all()}
    if verdict.intent in templates or verdict.intent == OUT_OF_SCOPE:
        return verdict.intent
    known = templates | Examples(session).intents()
    if verdict.intent in known:
        return verdict.intent
    near = get_close_matches(verdict.intent, sorted(known), n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise InputError(
        f"expected an intent that there is, or `{OUT_OF_SCOPE}`, found {verdict.intent!r}{hint} "
        "A new intent needs the text of its template"
    )


def _make_intent(session: Session, verdict: NewIntent, by: str) -> str:
    texts = {language: text.strip() for language, text in verdict.texts.items() if text.strip()}
    if not _NAME.fullmatch(verdict.name) or verdict.name == OUT_OF_SCOPE:
        raise InputError(
            f"expected a name of letters, digits, `_`, `-` and `.` for the new intent, "
            f"found {verdict.name!r}"
        )
    if not texts or not all(_LANGUAGE.fullmatch(language) for language in texts):
        raise InputError(
            f"expected the template's text in at least one language such as zh or en, "
            f"found {sorted(verdict.texts) or 'none'}"
        )
    known = Templates(session).by_name(verdict.name)
    if known is not None and not known.retired:
        raise InputError(
            f"expected the name of a new intent, found {verdict.name!r}, which has a template; "
            "decide for that intent, or choose another name"
        )
    draft = TemplateDraft(verdict.name, {language: (text,) for language, text in texts.items()})
    return Templates(session).save(replace(draft, origin="review"), editor=by).name


def _document_name(verdict: NewKnowledge) -> str:
    if not verdict.title.strip() or not verdict.text.strip():
        raise InputError(
            "expected a title and a text for the new knowledge, found one of them empty"
        )
    return f"{DOCUMENT_FOLDER}{_NOT_IN_NAMES.sub('-', verdict.title.strip()).strip('-.')[:80]}.md"


def _put_knowledge(
    session: Session, name: str, verdict: NewKnowledge, questions: Sequence[str]
) -> None:
    """Store the document; questions that an earlier version of it was found with stay with it.

    Those that staff attached beside stay by themselves.
    """
    attached = {each.question for each in AttachedQuestions(session).all(name)}
    earlier = [
        question
        for passage in Knowledge(session).passages()
        if passage.document == name
        for question in passage.questions
        if question not in attached
    ]
    asked = list(dict.fromkeys([*earlier, *questions]))
    text = f"# {verdict.title.strip()}\n\n{verdict.text.strip()}\n"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    put_text(session, name, text, digest, attach=lambda passages: attach(passages, asked))


def attach(passages: Sequence[NewPassage], questions: Sequence[str]) -> list[NewPassage]:
    """The passages, each question with the one that it shares most character pairs with."""
    if not passages:
        return []
    pairs = [_pairs(f"{passage.heading} {passage.text}") for passage in passages]
    of_passage: dict[int, list[str]] = {}
    for question in questions:
        shared = [len(_pairs(question) & each) for each in pairs]
        of_passage.setdefault(shared.index(max(shared)), []).append(question)
    return [
        replace(passage, questions=(*passage.questions, *of_passage.get(place, ())))
        for place, passage in enumerate(passages)
    ]


def _pairs(text: str) -> set[str]:
    plain = text.lower()
    return {plain[place : place + 2] for place in range(len(plain) - 1)}
