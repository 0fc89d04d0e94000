"""Staff attach a question to the passage that answers it, and take it off again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.orm import Session

from bot.admin.schemas_search import AttachedOut, AttachIn, attached_out
from bot.web.auth import Operator
from bot.web.conversations import RowId
from bot.web.state import WebDep
from bot.web.text import clean_text
from retrieval.attached import attach, clean_question, detach
from storage.attached import AttachedQuestions
from storage.errors import ConflictError, InputError, NotFoundError
from storage.knowledge import Knowledge
from storage.normalise import text_key
from storage.types import (
    QUESTION_FROM_STAFF,
    SEARCH_KIND_DOCUMENT,
    AttachedQuestion,
    NewAttachedQuestion,
    Passage,
)

router = APIRouter(prefix="/knowledge/questions")


@router.get("")
async def questions(
    web: WebDep, document: Annotated[str, Query(min_length=1, max_length=300)]
) -> list[AttachedOut]:
    """The questions that are attached to passages of a document, the oldest first."""
    name = clean_text(document)

    def unit(session: Session) -> list[AttachedOut]:
        if Knowledge(session).document(name) is None:
            raise NotFoundError("there is no document of this name")
        passages = Knowledge(session).passages_of(name)
        found = AttachedQuestions(session).all(name)
        return [attached_out(each, _holder(passages, each.question)) for each in found]

    return await web.services.work.read(unit)


@router.post("", status_code=201, responses={200: {"model": AttachedOut}})
async def attach_question(
    web: WebDep, staff: Operator, body: AttachIn, response: Response
) -> AttachedOut:
    """Let search find a passage by this question from now on; 200 if it does already.

    One that is attached to another passage of the document moves to this one.
    """
    question = clean_question(clean_text(body.question), keep=web.services.shop.contacts)

    def unit(session: Session) -> tuple[AttachedOut, bool]:
        passage = _passage(session, body.passage)
        for known in _known(session, passage.document, question):
            if known.question in passage.questions:
                return attached_out(known, passage.id), False
            detach(session, known.id)
        return _attach(session, passage, question, staff.name), True

    attached, new = await web.services.work.run(unit)
    response.status_code = 201 if new else 200
    return attached


# Digits alone: whatever else follows is a document's name, which has its own route.
@router.delete("/{question_id:int}", status_code=204)
async def detach_question(web: WebDep, _staff: Operator, question_id: RowId) -> Response:
    """Take an attached question off its passage."""
    await web.services.work.run(lambda session: detach(session, question_id))
    return Response(status_code=204)


def _passage(session: Session, number: int) -> Passage:
    found = Knowledge(session).passages([number])
    if not found:
        raise NotFoundError("this passage is gone: search again")
    if found[0].kind != SEARCH_KIND_DOCUMENT:
        raise InputError("expected a passage of a document: answers are corrected in review")
    return found[0]


def _known(session: Session, document: str, question: str) -> list[AttachedQuestion]:
    found, key = AttachedQuestions(session).all(document), text_key(question)
    return [each for each in found if text_key(each.question) == key]


def _attach(session: Session, passage: Passage, question: str, name: str) -> AttachedOut:
    document, knowledge = passage.document, Knowledge(session)
    own = chain.from_iterable(each.questions for each in knowledge.passages_of(document))
    if text_key(question) in map(text_key, own):
        raise ConflictError("the document asks this question itself, and is found by it already")
    new = NewAttachedQuestion(document, passage.text, question, QUESTION_FROM_STAFF, name)
    attach(session, [new])
    (stored,) = _known(session, document, question)
    # Of two passages that read the same, the first has it.
    return attached_out(stored, _holder(knowledge.passages_of(document), stored.question))


def _holder(passages: Sequence[Passage], question: str) -> int | None:
    """The passage that is found by this question; none where the document lost the words."""
    return next((each.id for each in passages if question in each.questions), None)
