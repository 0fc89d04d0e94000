"""What the review routes take in and give out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bot.admin.schemas import Line, Text
from bot.web.schemas import In, Out
from retrieval.types import Hit


class ReviewOut(Out):
    """A question that waits for a decision; `proposal` is what a person answered to it."""

    id: int
    kind: str
    kinds: list[str]
    message_id: int
    question: str
    language: str | None
    guess: str | None
    proposal: str | None
    created_at: datetime
    status: str


class NearestOut(Out):
    """What search finds nearest to a question."""

    document: str
    text: str
    score: float


def _nearest(hit: object) -> object:
    if not isinstance(hit, Hit):
        return hit
    return NearestOut(document=hit.passage.document, text=hit.passage.text, score=hit.score)


class ClusterOut(Out):
    """Questions that ask the same; `intents` are guesses with their share, likeliest first."""

    id: str
    question: str
    size: int
    languages: list[str]
    kinds: list[str]
    newest: datetime
    intents: list[tuple[str, float]]
    answer: Annotated[NearestOut | None, BeforeValidator(_nearest)]
    proposals: list[str]
    items: list[ReviewOut]


class NewIntentIn(In):
    """An intent to make, with the text of its template per language."""

    name: Line
    texts: dict[Annotated[str, Field(pattern="^(zh|en)$")], Text] = Field(min_length=1)


class NewKnowledgeIn(In):
    """A text that answers, to be made a document."""

    title: Line
    text: Text = Field(max_length=100_000)


class DecideIn(In):
    """The decision; an accepted question has one of an intent, a new intent, and knowledge.

    `items` limits the decision on a cluster to these of its questions.
    """

    decision: Literal["accepted", "rejected"]
    intent: Line | None = None
    new_intent: NewIntentIn | None = None
    knowledge: NewKnowledgeIn | None = None
    items: list[int] | None = Field(default=None, min_length=1, max_length=20_000)


class DecidedOut(Out):
    """What a decision came to."""

    items: list[int]
    decision: str
    intent: str | None
    document: str | None
