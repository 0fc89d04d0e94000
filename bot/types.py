"""What crosses the borders of the conversation room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.entities.entity import Entity
from bot.entities.find import EntityFacts
from bot.guard import Misuse
from bot.office import OfficeHours
from finetune.types import Prediction
from retrieval.types import Hit
from storage.types import Attachment, Citation, Mark, Message, NewMessage, QuickReply, ReviewItem


class DecisionKind(StrEnum):
    """The eight things a turn can end in; part of the public API."""

    RELAY = "relay"
    TEMPLATE = "template"
    ACTION = "action"
    FORM = "form"
    GROUNDED = "grounded"
    CLARIFY = "clarify"
    NO_ANSWER = "no_answer"
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What the conversation room needs to know of the shop; texts are per language.

    `contacts` are the company's own numbers and addresses, which masking keeps; `suggestions`
    are intent labels to offer a customer who has not asked anything yet. `waiting` is said when
    a person is asked for, `closed` outside office hours; without them the bot has its own words.
    A template sent with less than `review_margin` of the room above its limit goes to review.
    Conversations at rest for `retention_days` may go; 0 keeps them. `voice` tells a language
    model how the shop speaks.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    voice: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    languages: tuple[str, ...] = ("zh", "en")
    office: OfficeHours | None = None
    hours: Mapping[str, str] = field(default_factory=dict)
    contacts: tuple[str, ...] = ()
    greeting: Mapping[str, str] = field(default_factory=dict)
    suggestions: tuple[str, ...] = ()
    waiting: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)
    failures_before_offer: int = 2
    entities: EntityFacts = field(default_factory=EntityFacts)
    review_margin: float = 0.1
    retention_days: int = 0

    @property
    def name(self) -> str:
        """The shop's name in its own language."""
        return self.names.get(self.language) or next(iter(self.names.values()), "")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether customers are answered now; `problems` says in one line each why not."""

    ready: bool
    bundle: str | None
    knowledge_revision: int | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incoming:
    """A customer's message as a channel hands it to the pipeline.

    `external_id` is the channel's own id; a redelivered one is answered once. `payload` is what
    a pressed button carried. `target` is where a pushing channel delivers (a Telegram chat id).
    """

    channel: str
    conversation_id: str
    external_id: str
    text: str
    payload: str | None = None
    target: str | None = None
    attachment: Attachment | None = None

    def as_new(self, masked: str) -> NewMessage:
        """The message to store, with its text as logs and training may see it."""
        return NewMessage(
            self.conversation_id, self.external_id, self.text, masked, attachment=self.attachment
        )


@dataclass(frozen=True, slots=True)
class Understanding:
    """Step 4: what a message says."""

    language: str
    prediction: Prediction
    wants_person: bool = False
    wants_bot: bool = False
    entities: tuple[Entity, ...] = ()
    mood: str | None = None
    chosen_label: str | None = None
    """The intent a pressed 'did you mean' button names: no guess is needed."""
    declined: bool = False
    """The customer pressed "none of these" below a clarifying question."""
    empty: bool = False
    """Nothing to answer: only emoji, punctuation or the like."""
    text: str = ""
    """The message as it was written; forms read their values from it."""
    at: datetime = datetime.min.replace(tzinfo=UTC)
    """When it was written: forms expire, and relative dates count from here."""
    attachment: str | None = None
    """The message is nothing but a file: `attachment`, or `attachment_again` in a row of them."""
    misuse: Misuse | None = None
    """What the message asks that no shop's assistant does."""
    question: str = ""
    """The masked text to search for: this message, or the earlier one that a button is about."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the template of an intent needs before its action can run.

    `offered`: the wording answers by itself, and the form is offered beside it; otherwise its
    first question is the reply.
    """

    intent: str
    action: str
    slots: tuple[str, ...] = ()
    offered: bool = False


@dataclass(frozen=True, slots=True)
class FormState:
    """A form being filled: the slot that was asked for last, what is known, failed answers."""

    intent: str
    at: datetime
    asking: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)
    failures: int = 0
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Step 6: what to do, and why in one word for the trace."""

    kind: DecisionKind
    reason: str
    label: str | None = None
    labels: tuple[str, ...] = ()
    confidence: float | None = None
    offer_person: bool = False
    review: str | None = None
    """The review queue's kind when a person should look at this turn later."""
    form: FormState | None = None
    """The form that is open after this turn; for an action, what it was filled with."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Step 7: the words, before they are recorded."""

    text: str
    language: str
    citations: tuple[Citation, ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()
    template_id: int | None = None
    template_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What every channel gets back, and what `ask --json` prints."""

    reply: str
    language: str
    decision: DecisionKind
    intent: str | None
    confidence: float | None
    citations: tuple[Citation, ...]
    quick_replies: tuple[QuickReply, ...]
    timings_ms: dict[str, float]
    bundle: str | None
    conversation: str
    message: int
    seq: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something a conversation's listeners hear: message, draft, retract, typing or status.

    `seq` is set for stored messages only; it is the id that a reconnecting listener resumes from.
    `message` is the committed row, where all that is shown of the message is in it. `mark` says how
    far the conversation's rows are.
    """

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    seq: int | None = None
    message: Message | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class ReviewCluster:
    """Questions in review that ask the same, newest first; `id` is `c` and the first item's id.

    `question` speaks for all of them. `intents` are (label, share of the guesses), the likeliest
    first; `answer` is what search finds nearest, if anything; `proposals` are what people
    answered.
    """

    id: str
    question: str
    size: int
    languages: tuple[str, ...]
    kinds: tuple[str, ...]
    newest: datetime
    intents: tuple[tuple[str, float], ...]
    answer: Hit | None
    proposals: tuple[str, ...]
    items: tuple[ReviewItem, ...]


PUSHING_CHANNELS = frozenset(("telegram",))
"""Channels that deliver by an outbox row; on the others customers fetch their messages."""
