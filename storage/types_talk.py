"""Records of conversations: messages, turns, deliveries, review items."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    BOT = "bot"
    OPERATOR = "operator"
    SYSTEM = "system"


class ConversationStatus(StrEnum):
    """Who answers: the bot, nobody yet (queued for a person), a person, or nobody any more."""

    BOT = "bot"
    WAITING = "waiting"
    PERSON = "person"
    CLOSED = "closed"


class DeliveryStatus(StrEnum):
    """State of an outbox row; `uncertain` means sent or not, nobody can know."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of a reply: number `n` in the text, and the place in its document.

    `start` and `end` are character offsets into the document's text; `text` is the evidence as
    it read when the reply was written.
    """

    n: int
    text: str
    document: str
    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A button: `text` is shown, `payload` is sent back when it is pressed."""

    text: str
    payload: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message: `reference` is the channel's own id of it, `size` in bytes."""

    kind: str
    reference: str
    name: str | None = None
    mime: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One customer's conversation on one channel."""

    id: str
    channel: str
    customer_id: int
    status: ConversationStatus
    epoch: int
    language: str | None
    state: dict[str, Any]
    created_at: datetime
    unreachable_since: datetime | None = None
    """Since when the customer lets nothing through, e.g. has blocked the bot."""


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message; `seq` counts within its conversation from 1, `id` over all of them."""

    id: int
    conversation_id: str
    seq: int
    role: Role
    text: str
    masked_text: str
    language: str | None
    created_at: datetime
    external_id: str | None = None
    reply_to: int | None = None
    decision: str | None = None
    intent: str | None = None
    template_id: int | None = None
    template_revision: int | None = None
    confidence: float | None = None
    citations: tuple[Citation, ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()
    bundle: str | None = None
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What a channel received, before it is stored.

    `external_id` is the channel's own id of the message; the same one is stored once.
    """

    conversation_id: str
    external_id: str
    text: str
    masked_text: str
    language: str | None = None
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class NewReply:
    """What the pipeline decided to say, before it is stored with its trace in one commit."""

    text: str
    masked_text: str
    language: str
    decision: str
    intent: str | None = None
    template_id: int | None = None
    template_revision: int | None = None
    confidence: float | None = None
    citations: tuple[Citation, ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()
    bundle: str | None = None
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """Outcome of storing an incoming message: the row, and the reply it already has, if any.

    `epoch` is that of the conversation when the message was stored.
    """

    message: Message
    reply: Message | None
    is_new: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What the pipeline reads after taking the lock: state, and messages before this one."""

    conversation: Conversation
    history: tuple[Message, ...]
    reply: Message | None
    knowledge_revision: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row: a message still to be pushed to an outside channel."""

    id: int
    message_id: int
    channel: str
    target: str
    status: DeliveryStatus
    attempts: int
    external_ref: str | None
    error: str | None


REVIEW_OPEN = "open"
REVIEW_ACCEPTED = "accepted"
REVIEW_REJECTED = "rejected"


class ReviewKind(StrEnum):
    """What brought a question to the review queue."""

    NO_ANSWER = "no_answer"
    LOW_MARGIN = "low_margin"
    THUMBS_DOWN = "thumbs_down"
    REPHRASED = "rephrased"
    OPERATOR_ANSWERED = "operator_answered"


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A question waiting for a person's decision; `proposal` is what a person answered to it."""

    id: int
    kinds: tuple[str, ...]
    message_id: int
    question: str
    language: str | None
    guess: str | None
    created_at: datetime
    status: str = REVIEW_OPEN
    proposal: str | None = None

    @property
    def kind(self) -> str:
        """The signal that came first."""
        return self.kinds[0]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A customer's question whose intent the conversation itself confirmed."""

    message_id: int
    customer_id: int
    question: str
    language: str
    intent: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class ShownDraft:
    """The beginning of the reply to message `message_id`, on show as message `external_ref`."""

    message_id: int
    target: str
    external_ref: str


@dataclass(frozen=True, slots=True)
class DeskThread:
    """What the operators' group shows of a conversation: up to `seq`, as of `epoch`."""

    conversation_id: str
    card: str
    epoch: int
    status: ConversationStatus
    seq: int


@dataclass(frozen=True, slots=True)
class PassageVotes:
    """How many customers liked and disliked replies that quote this `text` of a document."""

    document: str
    text: str
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A customer's question, masked, that the bot had no answer for."""

    message_id: int
    question: str
    language: str | None
    asked_at: datetime
