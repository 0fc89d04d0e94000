"""What customers asked and what became of it: counts and histograms, made by the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Integer, Select, Text, case, cast, func, select
from sqlalchemy.orm import Session

from storage.base import table_of
from storage.database import SQLITE
from storage.messages import conversations, messages
from storage.models import BundleRow, FeedbackRow, LiveBundleRow
from storage.types import (
    CONFIDENCE_BINS,
    Activity,
    DayCount,
    IntentCount,
    MoodWindow,
    Role,
    TrafficWindow,
)

MOST_INTENTS = 20

_RELAY = "relay"
_feedback = table_of(FeedbackRow)


class Traffic:
    """The counts of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session, and only read."""
        self._session = session

    def windows(self, now: datetime, days: float) -> tuple[TrafficWindow, TrafficWindow] | None:
        """The days after the live bundle's promotion, and the last days; None if they overlap."""
        query = select(BundleRow.id, BundleRow.promoted_at).join(
            LiveBundleRow, LiveBundleRow.bundle_id == BundleRow.id
        )
        row = self._session.execute(query).one_or_none()
        if row is None or row.promoted_at is None:
            return None
        span = timedelta(days=days)
        if now - row.promoted_at < 2 * span:
            return None
        return (
            self.window(row.id, row.promoted_at, row.promoted_at + span),
            self.window(row.id, now - span, now),
        )

    def window(self, bundle_id: str, since: datetime, until: datetime) -> TrafficWindow:
        """What the bot decided under a bundle in a stretch of time."""
        here = (
            _decided()
            & (messages.c.bundle == bundle_id)
            & (messages.c.created_at >= since)
            & (messages.c.created_at < until)
        )
        return TrafficWindow(
            since=since,
            until=until,
            decisions=self._counted(messages.c.decision, here),
            confidences=self._confidences(here),
            intents=self._counted(messages.c.intent, here & messages.c.intent.is_not(None)),
        )

    def moods(self, since: datetime, until: datetime, negative: Sequence[str]) -> MoodWindow:
        """How customers felt in a stretch of time, whatever bundle told it."""
        mood = messages.c.trace["mood"].as_string()
        here = _decided() & (messages.c.created_at >= since) & (messages.c.created_at < until)
        ill = here & mood.in_(negative)
        counted = select(func.count(), func.count(messages.c.conversation_id.distinct()))
        count, talks = self._session.execute(counted.where(ill)).one()
        turns = self._session.scalar(select(func.count()).where(here & mood.is_not(None)))
        guess = messages.c.trace["ranked", 0, 0].as_string()
        intent = func.coalesce(messages.c.intent, guess).label("intent")
        return MoodWindow(
            since, until, int(turns or 0), count, talks, self._top_intents(ill, intent)
        )

    def activity(self, since: datetime) -> Activity:
        """What happened since a moment."""
        fresh = messages.c.created_at >= since
        begun = select(func.count()).where(conversations.c.created_at >= since)
        thumbs = (
            select(_feedback.c.value, func.count())
            .where(_feedback.c.created_at >= since)
            .group_by(_feedback.c.value)
        )
        given: dict[int, int] = dict(self._session.execute(thumbs).all())
        return Activity(
            since=since,
            conversations=int(self._session.scalar(begun) or 0),
            messages=self._counted(messages.c.role, fresh),
            decisions=self._by_day(fresh & _decided()),
            intents=self._top_intents(fresh & _decided(), messages.c.intent),
            thumbs_up=given.get(1, 0),
            thumbs_down=given.get(-1, 0),
        )

    def conversations_by_status(self) -> dict[str, int]:
        """How many conversations are in which hands."""
        status = conversations.c.status
        query = select(status, func.count()).group_by(status)
        return dict(self._session.execute(query).all())

    def _counted(self, column: ColumnElement[str], where: ColumnElement[bool]) -> dict[str, int]:
        query = select(column, func.count()).where(where).group_by(column).order_by(column)
        return dict(self._session.execute(query).all())

    def _confidences(self, where: ColumnElement[bool]) -> tuple[int, ...]:
        trace = messages.c.trace
        # A pressed button or an empty message has no guess, which leaves NULL here.
        sure = trace["ranked", 0, 1].as_float() * trace["in_scope"].as_float()
        highest = CONFIDENCE_BINS - 1
        place = self._whole(sure * CONFIDENCE_BINS)
        bins = case((place > highest, highest), else_=place).label("bin")
        query = select(bins, func.count()).where(where).group_by(bins)
        counts = [0] * CONFIDENCE_BINS
        for step, count in self._session.execute(query):
            if step is not None:
                counts[step] = count
        return tuple(counts)

    def _whole(self, number: ColumnElement[float]) -> ColumnElement[int]:
        """The number without its fraction: a cast cuts it off on SQLite and rounds elsewhere."""
        on_sqlite = self._session.get_bind().dialect.name == SQLITE
        return cast(number if on_sqlite else func.floor(number), Integer)

    def _by_day(self, where: ColumnElement[bool]) -> tuple[DayCount, ...]:
        day = self._day().label("day")
        query: Select[str, str, int] = (
            select(day, messages.c.decision, func.count())
            .where(where)
            .group_by(day, messages.c.decision)
            .order_by(day, messages.c.decision)
        )
        return tuple(
            DayCount(date.fromisoformat(when), decision, count)
            for when, decision, count in self._session.execute(query)
        )

    def _day(self) -> ColumnElement[str]:
        """The day of a message in UTC, as text, whatever zone the session has."""
        moment = messages.c.created_at
        if self._session.get_bind().dialect.name == SQLITE:
            return func.date(moment, type_=Text)
        return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD", type_=Text)

    def _top_intents(
        self, where: ColumnElement[bool], intent: ColumnElement[str]
    ) -> tuple[IntentCount, ...]:
        count = func.count()
        query = (
            select(intent, count)
            .where(where, intent.is_not(None))
            .group_by(intent)
            .order_by(count.desc(), intent)
            .limit(MOST_INTENTS)
        )
        return tuple(IntentCount(intent, number) for intent, number in self._session.execute(query))


def _decided() -> ColumnElement[bool]:
    """A reply of the bot's own: what is passed on to a person was not decided by it."""
    return (messages.c.role == Role.BOT.value) & (messages.c.decision != _RELAY)
