"""What the customers' API takes in and gives out."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.types import DecisionKind, Reply
from bot.web.signing import MAX_TOKEN_CHARS
from storage.types import ConversationStatus, Message, Role, StoredFile

Language = Literal["zh", "en"]


def single_line(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("expected printable characters on one line")
    return value


ClientId = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(single_line)]
Payload = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(single_line)]


class In(BaseModel):
    """A request body; unknown fields are ignored, so that older servers serve newer clients."""

    model_config = ConfigDict(frozen=True)


class Out(BaseModel):
    """A response body, read from the record it shows."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class ErrorOut(Out):
    """Every error: a word for programs and a line for people."""

    error: str
    detail: str


class NewConversationIn(In):
    """How a conversation begins."""

    language: Language | None = None


class NewConversationOut(Out):
    """The conversation and the token that opens it; the token is shown this once."""

    conversation: str
    token: str


class MessageIn(In):
    """A customer's message.

    `id` is the client's own: sending the same one again gives the same reply. `payload` is that
    of the button that was pressed, if one was.
    """

    id: ClientId = Field(examples=["7f9c2ba4-e88f-41a2-9d3c-5f1d3a6c0b11"])
    text: str = Field(examples=["退货要多久？"])
    payload: Payload | None = None


class CitationOut(Out):
    """The evidence behind the number `n` in a reply, as it read when the reply was written."""

    n: int
    text: str
    document: str
    heading: str
    start: int
    end: int


class QuickReplyOut(Out):
    """A button: `text` is shown and sent, `payload` goes with it."""

    text: str
    payload: str


class ReplyOut(Out):
    """A reply, as `kefu ask --json` prints it, with its place in the conversation."""

    reply: str
    language: str
    decision: DecisionKind
    intent: str | None
    confidence: float | None
    citations: list[CitationOut]
    quick_replies: list[QuickReplyOut]
    timings_ms: dict[str, float]
    bundle: str | None
    conversation: str
    message: int
    seq: int


class AttachmentOut(Out):
    """A customer's file, as it stands with its message."""

    id: str
    name: str
    media_type: str
    size: int


class MessageOut(Out):
    """A stored message of a conversation; `message` is its id, for feedback.

    `author` is the name of the member of staff who wrote it.
    """

    message: int
    seq: int
    role: Role
    text: str
    language: str | None
    created_at: datetime
    id: str | None
    decision: str | None
    citations: list[CitationOut]
    quick_replies: list[QuickReplyOut]
    attachment: AttachmentOut | None = None
    author: str | None = None


class StandingOut(Out):
    """Who answers now: the place in the queue, or the person's name.

    Of two such words the one of the higher epoch is the newer.

    `open` says whether it is within office hours, `staffed` whether a person is at their desk.
    """

    status: ConversationStatus
    epoch: int
    position: int | None
    operator: str | None
    open: bool
    staffed: bool


class HistoryOut(StandingOut):
    """Messages in order, and who answers now; `more` says to ask again after the last seq."""

    conversation: str
    messages: list[MessageOut]
    more: bool


class FeedbackIn(In):
    """A thumb, and why if the customer says so."""

    value: Literal["up", "down"]
    reason: str | None = Field(default=None, max_length=1000)


class IdentityIn(In):
    """A signed identity, made by the company's server."""

    token: str = Field(min_length=1, max_length=MAX_TOKEN_CHARS)


class RatingIn(In):
    """What a conversation was worth, from 1 to 5, and why if the customer says so."""

    score: int = Field(ge=1, le=5)
    comment: str | None = Field(default=None, max_length=1000)


class SuggestionOut(Out):
    """A question to start with: `text` is shown, and sent when it is pressed."""

    text: str


class ShopOut(Out):
    """What the chat page shows before anybody has asked anything; texts per language."""

    name: str
    names: dict[str, str]
    language: str
    languages: list[str]
    greeting: dict[str, str]
    suggestions: dict[str, list[SuggestionOut]]
    hours: dict[str, str]
    max_message_chars: int
    max_attachment_bytes: int
    open: bool
    staffed: bool


def reply_out(reply: Reply) -> ReplyOut:
    """A pipeline's reply as the API gives it."""
    return ReplyOut.model_validate(asdict(reply))


def message_out(
    message: Message, attachment: StoredFile | None = None, author: str | None = None
) -> MessageOut:
    """A stored message as its own customer may see it."""
    return MessageOut(
        message=message.id,
        seq=message.seq,
        role=message.role,
        text=message.text,
        language=message.language,
        created_at=message.created_at,
        id=message.external_id if message.role is Role.CUSTOMER else None,
        decision=message.decision,
        citations=[CitationOut.model_validate(c) for c in message.citations],
        quick_replies=[QuickReplyOut.model_validate(q) for q in message.quick_replies],
        attachment=None if attachment is None else AttachmentOut.model_validate(attachment),
        author=author,
    )


def as_json(value: object) -> str:
    """Compact JSON on one line, with Chinese as it is."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
