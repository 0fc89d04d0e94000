"""What the operators' desk takes in and gives out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from bot.admin.schemas import ConversationOut, Line
from bot.web.schemas import In, MessageOut, Out
from storage.types import ConversationStatus, Message, Role


class DeskEntryOut(Out):
    """A conversation in the operators' list; `customer` is the id that their company gave."""

    id: str
    channel: str
    status: ConversationStatus
    language: str | None
    customer_id: int
    customer: str | None
    attributes: dict[str, Any]
    operator_id: int | None
    operator: str | None
    waiting_since: datetime | None
    updated_at: datetime
    last_role: Role | None
    last_text: str


class DeskOut(Out):
    """What waits, the longest first, and what people have."""

    now: datetime
    open: bool
    operators: int
    max_attachment_bytes: int
    waiting: list[DeskEntryOut]
    held: list[DeskEntryOut]


class TraceOut(Out):
    """Why the bot said what it said, in short."""

    decision: str | None
    reason: str
    intent: str | None
    confidence: float | None
    documents: list[str]

    @classmethod
    def of(cls, message: Message) -> TraceOut:
        """The trace of one of the bot's messages."""
        hits = message.trace.get("hits", [])
        return cls(
            decision=message.decision,
            reason=str(message.trace.get("reason", "")),
            intent=message.intent,
            confidence=message.confidence,
            documents=[str(hit["document"]) for hit in hits[:3]],
        )


class ConversationDetailOut(Out):
    """A conversation with its messages; `traces` of the bot's, by seq."""

    conversation: ConversationOut
    entry: DeskEntryOut
    messages: list[MessageOut]
    traces: dict[int, TraceOut]


class CannedIn(In):
    """A wording to use again, in one language or both."""

    title: Line
    texts: dict[Literal["zh", "en"], Annotated[str, Field(max_length=4000)]]


class CannedOut(Out):
    """A canned reply."""

    id: int
    title: str
    texts: dict[str, str]
    editor: str
    updated_at: datetime
