"""Lets a language model write what customers would ask a passage: document expansion.

doc2query (Nogueira et al. 2019) predicts such queries with a trained model; a chat model does it
without training (as in InPars, Bonifacio et al. 2022). What it writes only leads to the passage:
no customer ever reads it, so nothing here can put words into the shop's mouth.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import cache, partial
from importlib import resources

from sqlalchemy.orm import Session

from bot.errors import GeneratorUnavailableError
from bot.generator.base import ChatMessage, ChatModel
from bot.generator.prompt import MAX_PASSAGE_CHARACTERS, fill, inert, marked
from bot.wording import spoken
from bot.work import Work
from retrieval.attached import LONGEST_QUESTION, attach, document_named
from retrieval.overlap import holds
from storage.attached import AttachedQuestions
from storage.knowledge import Knowledge
from storage.normalise import text_key
from storage.types import (
    QUESTION_WRITTEN,
    SEARCH_KIND_DOCUMENT,
    NewAttachedQuestion,
    Passage,
)

_TOKENS_EACH = 48
_SECONDS = 300
"""For one passage: nobody waits for it, but a server that hangs must be noticed."""
_SHORTEST = 4
_WORD = {"zh": "资料", "en": "passage"}
_NUMBERED = re.compile(r"^\s*(?:[-*•·]|[(（]?\d{1,3}[.)、．）:：])\s*")
_QUOTES = "\"'“”‘’「」『』`"

Told = Callable[[float], None]


def passages_to_ask(session: Session, documents: Sequence[str], *, again: bool) -> list[Passage]:
    """The passages of documents for which no model has written yet; of all, if none is named.

    Raises InputError for a document that is not there.
    """
    wanted = {document_named(session, name) for name in documents}
    written = {
        (each.document, each.quote)
        for each in AttachedQuestions(session).all()
        if each.source == QUESTION_WRITTEN
    }
    return [
        each
        for each in Knowledge(session).passages()
        if each.kind == SEARCH_KIND_DOCUMENT
        and (not wanted or each.document in wanted)
        and (again or (each.document, each.text) not in written)
    ]


async def write_questions(
    model: ChatModel,
    work: Work,
    passages: Sequence[Passage],
    *,
    origin: str,
    count: int,
    at_once: int,
    told: Told | None = None,
) -> int:
    """Write `count` questions at most for each passage and attach them; gives how many are new.

    Each passage's are stored as soon as they are there, so that whoever breaks off and begins
    again goes on. Raises GeneratorUnavailableError when the model cannot write.
    """
    places = asyncio.Semaphore(at_once)
    done = 0

    async def one(passage: Passage) -> int:
        nonlocal done
        async with places:
            questions = await _ask(model, passage, count)
            added = await work.run(partial(_store, passage, questions, origin))
        done += 1
        if told is not None:
            told(done / len(passages))
        return added

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(each)) for each in passages]
    except* GeneratorUnavailableError as failed:
        raise failed.exceptions[0] from None
    return sum(task.result() for task in tasks)


def _store(passage: Passage, questions: Sequence[str], origin: str, session: Session) -> int:
    knowledge = Knowledge(session)
    if not any(each.text == passage.text for each in knowledge.passages_of(passage.document)):
        return 0  # it was changed meanwhile: the next run asks what it says now
    new = [
        NewAttachedQuestion(passage.document, passage.text, each, QUESTION_WRITTEN, origin)
        for each in questions
    ]
    return attach(session, new, revive=False)


async def _ask(model: ChatModel, passage: Passage, count: int) -> list[str]:
    code = secrets.token_hex(8)
    stream = model.stream(asking_prompt(passage, count, code), _TOKENS_EACH * count)
    try:
        async with asyncio.timeout(_SECONDS), aclosing(stream) as pieces:
            written = "".join([piece async for piece in pieces])
    except TimeoutError:
        raise GeneratorUnavailableError(
            f"the model takes more than {_SECONDS} seconds for a passage"
        ) from None
    return read_questions(written, passage, count, code)


def asking_prompt(passage: Passage, count: int, code: str) -> tuple[ChatMessage, ...]:
    """What a model is asked; the passage stands between marks that it cannot forge."""
    language = spoken(passage.language)
    head = " > ".join(dict.fromkeys(filter(None, (passage.title, passage.heading))))
    text = inert(f"{head}\n{passage.text[:MAX_PASSAGE_CHARACTERS]}", code)
    values = {
        "count": str(count),
        "code": code,
        "passage": marked(_WORD[language], text, code),
    }
    system, user = _halves(language)
    return ChatMessage("system", fill(system, values)), ChatMessage("user", fill(user, values))


def read_questions(written: str, passage: Passage, most: int, code: str) -> list[str]:
    """The questions in what a model wrote, one a line, each once.

    Headings, remarks and the passage's own sentences are no questions of a customer.
    """
    found: dict[str, str] = {}
    for line in written.splitlines():
        question = " ".join(_NUMBERED.sub("", line).split()).strip(_QUOTES)
        if not _SHORTEST <= len(question) <= LONGEST_QUESTION or code in question:
            continue
        if question.endswith((":", "：")) or holds(passage.text, question):
            continue
        found.setdefault(text_key(question), question)
    return list(found.values())[:most]


@cache
def _halves(language: str) -> tuple[str, str]:
    text = resources.files("bot.generator").joinpath(f"questions.{language}.md").read_text("utf-8")
    system, _, user = text.partition("\n---\n")
    return system.strip(), user.strip()
