"""Counts of what happened, for whoever looks how the bot is doing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from storage.base import utc_now
from storage.messages import conversations, messages
from storage.models import FeedbackRow, ReviewItemRow
from storage.types import ConversationStatus, Role


@dataclass(frozen=True, slots=True)
class Day:
    """One day in UTC: how many questions came, and how many replies there were per decision."""

    day: date
    questions: int = 0
    decisions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """The days up to today, oldest first, and what is open now."""

    days: tuple[Day, ...]
    thumbs_up: int
    thumbs_down: int
    waiting: int
    reviews: int


def read_figures(session: Session, days: int = 14) -> Figures:
    """Count the last `days` days."""
    today = utc_now().date()
    first = today - timedelta(days=days - 1)
    since = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    since -= timedelta(days=days - 1)
    questions: Counter[str] = Counter()
    decisions: dict[str, Counter[str]] = defaultdict(Counter)
    day = _day(session)
    counted = (
        select(day, messages.c.role, messages.c.decision, func.count())
        .where(messages.c.created_at >= since)
        .group_by(day, messages.c.role, messages.c.decision)
    )
    for at, role, decision, count in session.execute(counted):
        if role == Role.CUSTOMER.value:
            questions[str(at)] += count
        elif decision is not None:
            decisions[str(at)][decision] += count
    thumbs = select(FeedbackRow.value, func.count()).where(FeedbackRow.created_at >= since)
    counts = session.execute(thumbs.group_by(FeedbackRow.value)).all()
    opinions = {row[0]: row[1] for row in counts}
    every = [first + timedelta(days=number) for number in range(days)]
    return Figures(
        tuple(Day(each, questions[str(each)], dict(decisions[str(each)])) for each in every),
        thumbs_up=opinions.get(1, 0),
        thumbs_down=opinions.get(-1, 0),
        waiting=_count(session, conversations.c.status == ConversationStatus.WAITING.value),
        reviews=_count(session, ReviewItemRow.status == "open"),
    )


def _day(session: Session) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return func.date(messages.c.created_at)
    return func.date(func.timezone("UTC", messages.c.created_at))


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(condition)) or 0
