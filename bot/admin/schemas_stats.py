"""What `GET /api/admin/stats` gives out."""

from __future__ import annotations

import datetime as dt

from bot.web.schemas import Out
from storage.types import ConversationStatus


class DayOut(Out):
    """How often the bot decided so on one day (UTC)."""

    day: dt.date
    decision: str
    count: int


class IntentOut(Out):
    """How often an intent was decided."""

    intent: str
    count: int


class ThumbsOut(Out):
    """What customers thought of replies."""

    up: int
    down: int


class TestOut(Out):
    """One comparison of the drift: drifting where the distance is above the limit.

    `limit` is null where there was not enough to compare.
    """

    before: float
    now: float
    distance: float
    limit: float | None
    enough: bool
    drifting: bool


class DriftOut(Out):
    """The last week next to the week after the live bundle's promotion."""

    drifting: bool
    before: int
    now: int
    refusals: TestOut
    confidence: TestOut
    intents: TestOut
    reasons: list[str]


class SurgeOut(Out):
    """Negative turns of late next to the week before; `intents` are what they are about.

    `chance` is how likely so many are if nothing has changed; 1 where there is not enough.
    """

    surging: bool
    enough: bool
    before: float
    now: float
    turns_before: int
    turns_now: int
    chance: float
    since: dt.datetime
    intents: list[IntentOut]
    reason: str


class LiveOut(Out):
    """The live bundle."""

    id: str
    created_at: dt.datetime
    promoted_at: dt.datetime | None
    erased_since: dt.datetime | None


class StatsOut(Out):
    """How much there is of everything, and what happened since `since`.

    Relays to a person are no decisions. `refusal_share` is the share of decisions that was an
    honest no; null without any. `drift` is null before there are two weeks to compare.
    """

    bundle: str | None
    live: LiveOut | None
    knowledge_revision: int
    templates: int
    examples: int
    documents: int
    open_reviews: int
    conversations: dict[ConversationStatus, int]
    since: dt.datetime
    new_conversations: int
    messages: dict[str, int]
    decisions: list[DayOut]
    refusal_share: float | None
    thumbs: ThumbsOut
    intents: list[IntentOut]
    drift: DriftOut | None
    mood: SurgeOut
