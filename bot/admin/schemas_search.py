"""What the staff's search takes in and gives out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from bot.admin.schemas import Line, Text
from bot.web.conversations import MAX_ID
from bot.web.schemas import In, Language, Out
from retrieval.types import Explanation, Hit
from storage.types import AttachedQuestion


class SynonymOut(Out):
    """A word of the query, and what the passage says instead."""

    group: str
    asked: str
    found: list[str]


class GuessOut(Out):
    """A word that the index lacks, the word it was taken for, and why."""

    typed: str
    found: str
    how: str


class ReasonsOut(Out):
    """Why a passage was found; `highlights` are places in its text."""

    words: list[str]
    synonyms: list[SynonymOut]
    guesses: list[GuessOut]
    question: str | None
    question_similarity: float
    meaning: float
    feedback: float
    highlights: list[tuple[int, int]]


class HitOut(Out):
    """A found passage and why; `start` and `end` are its place in the document.

    `questions` counts those that it is found by; `reranked` is the cross-encoder's score, if one
    gave it its place.
    """

    passage: int
    document: str
    title: str
    heading: str
    kind: str
    language: str
    text: str
    start: int
    end: int
    tags: list[str]
    valid_from: date | None
    valid_until: date | None
    score: float
    dense: float
    keyword: float
    reranked: float | None
    questions: int
    matched: list[str]
    reasons: ReasonsOut


class SearchIn(In):
    """A search to try; it is kept in the history of tests, masked."""

    query: Text = Field(max_length=1000)
    k: int = Field(default=10, ge=1, le=50)
    language: Language | None = None
    tags: list[Line] = Field(default=[], max_length=20)
    expired: bool = False


class SearchTestOut(Out):
    """A search that was tried: who, when, what, and the best of what was found then."""

    id: int
    at: datetime
    actor: str
    query: str
    hits: list[dict[str, Any]]


class NearDocumentOut(Out):
    """A passage near to a topic that nothing answers."""

    document: str
    title: str
    heading: str
    score: float


class GapOut(Out):
    """A topic that customers ask about and nothing answers."""

    question: str
    count: int
    questions: list[str]
    last_asked: datetime
    documents: list[NearDocumentOut]


class DocumentTextOut(Out):
    """A document as search reads it; offsets of passages point into `text`."""

    name: str
    text: str


class FileOut(Out):
    """What became of an uploaded file, and the rows of it that could not be used."""

    name: str
    outcome: str
    passages: int
    problems: list[str]


class AttachIn(In):
    """A question, and the passage that answers it; the question is kept masked."""

    passage: int = Field(ge=1, le=MAX_ID)
    question: str = Field(max_length=1000)


class AttachedOut(Out):
    """An attached question: who or what it is from, and the passage that is found by it now.

    There is no such `passage` where the document no longer holds the words of `quote`.
    """

    id: int
    document: str
    quote: str
    question: str
    source: Literal["file", "staff", "written"]
    origin: str
    passage: int | None


def attached_out(question: AttachedQuestion, passage: int | None) -> AttachedOut:
    """An attached question with the passage that has it."""
    return AttachedOut.model_validate({**asdict(question), "passage": passage})


def hit_out(hit: Hit, why: Explanation) -> HitOut:
    """A hit with its reasons."""
    passage, labels = hit.passage, hit.passage.labels
    return HitOut(
        passage=passage.id,
        document=passage.document,
        title=passage.title,
        heading=passage.heading,
        kind=passage.kind,
        language=passage.language,
        text=passage.text,
        start=passage.start,
        end=passage.end,
        tags=list(labels.tags),
        valid_from=labels.valid_from,
        valid_until=labels.valid_until,
        score=hit.score,
        dense=hit.dense,
        keyword=hit.keyword,
        reranked=hit.rerank,
        questions=len(passage.questions),
        matched=list(hit.matched),
        reasons=ReasonsOut.model_validate(why),
    )
