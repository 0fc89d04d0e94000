"""Do suddenly more customers write in a bad mood? A pure test, and the counts it is made on.

The last hour is compared with the week before it; where an hour has too few turns to tell, the
last day is. The share of negative turns must be higher than chance explains, by enough to matter,
and come from several conversations: one customer who is angry for an hour is no surge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from finetune.types import NEGATIVE
from storage.traffic import Traffic
from storage.types import IntentCount, MoodWindow

RECENT = (timedelta(hours=1), timedelta(days=1))
REFERENCE = timedelta(days=7)

LEAST_TURNS = 20
LEAST_REFERENCE = 200
LEAST_CONVERSATIONS = 3
LEAST_RISE = 0.15
LEVEL = 0.001
"""Whoever looks every hour hears of chance alone at most once in six weeks."""


@dataclass(frozen=True, slots=True)
class Surge:
    """Shares of negative turns before and now, and how many turns there were.

    `chance` is the probability of so many negative turns now if nothing has changed; 1 where there
    was not `enough` to compare. `intents` are what the negative turns of now are about, the most
    frequent first.
    """

    surging: bool
    enough: bool
    before: float
    now: float
    turns_before: int
    turns_now: int
    chance: float
    since: datetime
    intents: tuple[IntentCount, ...]

    @property
    def reason(self) -> str:
        """What was found, in plain words."""
        if not self.enough:
            return (
                f"too few turns to tell: {self.turns_now} of {LEAST_TURNS} recent and "
                f"{self.turns_before} of {LEAST_REFERENCE} earlier ones are there"
            )
        told = f"{self.now:.1%} of turns are negative, {self.before:.1%} in the week before"
        if not self.surging:
            return told
        behind = ", ".join(f"{each.intent} {each.count}" for each in self.intents)
        return f"{told}; since {self.since:%Y-%m-%d %H:%M} UTC; behind it: {behind or 'no intent'}"


def find_surge(before: MoodWindow, now: MoodWindow) -> Surge:
    """Is the share of negative turns higher now? Fisher's exact test, one-sided."""
    enough = now.turns >= LEAST_TURNS and before.turns >= LEAST_REFERENCE
    share = before.negative / before.turns if before.turns else 0.0
    share_now = now.negative / now.turns if now.turns else 0.0
    chance = 1.0
    if enough:
        chance = _at_least(now.negative, now.turns, before.negative + now.negative,
                           before.turns + now.turns)  # fmt: skip
    surging = (
        enough
        and share_now - share >= LEAST_RISE
        and now.conversations >= LEAST_CONVERSATIONS
        and chance < LEVEL
    )
    return Surge(
        surging, enough, share, share_now, before.turns, now.turns, chance, now.since, now.intents
    )


def measure_surge(session: Session, now: datetime) -> Surge:
    """The surge of the last hour, or of the last day where the hour says too little."""
    found = [_measured(session, now, now - stretch) for stretch in RECENT]
    return next((each for each in found if each.enough), found[-1])


def _measured(session: Session, now: datetime, since: datetime) -> Surge:
    traffic = Traffic(session)
    before = traffic.moods(since - REFERENCE, since, NEGATIVE)
    return find_surge(before, traffic.moods(since, now, NEGATIVE))


def _at_least(hits: int, drawn: int, marked: int, total: int) -> float:
    """P(at least `hits` are marked) of `drawn` out of `total`, where so many are `marked`."""
    highest = min(drawn, marked)
    parts = (
        _log_choose(marked, each)
        + _log_choose(total - marked, drawn - each)
        - _log_choose(total, drawn)
        for each in range(max(hits, drawn + marked - total), highest + 1)
    )
    return min(1.0, math.fsum(math.exp(part) for part in parts))


def _log_choose(total: int, drawn: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(drawn + 1) - math.lgamma(total - drawn + 1)
