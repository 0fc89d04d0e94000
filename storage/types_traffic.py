"""Records of what customers asked and what became of it, counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

CONFIDENCE_BINS = 20
"""Confidences are counted in so many equal steps from 0 to 1."""


@dataclass(frozen=True, slots=True)
class TrafficWindow:
    """The bot's own decisions under one bundle, from `since` to before `until`.

    `decisions` counts them by kind, `intents` those that had one by intent; `confidences` counts
    P(the best guess is right) of questions that were understood, from 0 to 1 in equal steps.
    """

    since: datetime
    until: datetime
    decisions: dict[str, int]
    confidences: tuple[int, ...]
    intents: dict[str, int]

    @property
    def count(self) -> int:
        """How many decisions there were."""
        return sum(self.decisions.values())


@dataclass(frozen=True, slots=True)
class MoodWindow:
    """Customers' messages whose mood is known, from `since` to before `until`.

    `turns` counts them, `negative` those of a negative mood, `conversations` how many conversations
    these came from; `intents` are (intent decided or guessed, negative turns), the most first.
    """

    since: datetime
    until: datetime
    turns: int
    negative: int
    conversations: int
    intents: tuple[IntentCount, ...]


@dataclass(frozen=True, slots=True)
class DayCount:
    """How often the bot decided so on one day (UTC)."""

    day: date
    decision: str
    count: int


@dataclass(frozen=True, slots=True)
class IntentCount:
    """How often an intent was decided."""

    intent: str
    count: int


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened since a moment: counts of conversations that began, messages and the rest.

    `messages` is by role, `thumbs` are up and down; relays to a person are no decisions.
    """

    since: datetime
    conversations: int
    messages: dict[str, int]
    decisions: tuple[DayCount, ...]
    intents: tuple[IntentCount, ...]
    thumbs_up: int
    thumbs_down: int
