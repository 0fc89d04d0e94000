"""The open event streams of one app, and what they hear of other processes' doings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy.orm import Session

from bot.events import Events, Subscription
from bot.logs import logger
from bot.types import Event
from bot.work import Work
from storage.queue import OperatorQueue
from storage.types import Mark

CLOSING = "closing"
"""The kind of the event that tells a stream to end because the server goes down."""

LOOK = "look"
"""The kind of the event that says how far the rows are; without a mark, to read them."""

LOOK_SECONDS = 1.0

House = tuple[object, ...]


class Streams:
    """Tells every open stream of what this process does, and of what the rows say beside that.

    Other processes write too. Once a second, one query for all streams together finds the
    conversations that have moved; only whoever has not heard of the move reads them.
    """

    def __init__(self, work: Work, events: Events, house: Callable[[], House]) -> None:
        """`house` is what is shown to everyone, such as whether people are there to answer."""
        self._work = work
        self._events = events
        self._house = house
        self._open: dict[str, set[Subscription]] = {}
        self._marks: dict[str, Mark] = {}
        self._watching: asyncio.Task[None] | None = None
        self._logger = logger("web")

    @contextmanager
    def listen(self, conversation_id: str) -> Iterator[Subscription]:
        """Hear a conversation's events, its rows' moves, and the end of the server."""
        with self._events.subscribe(conversation_id) as subscription:
            self._open.setdefault(conversation_id, set()).add(subscription)
            if self._watching is None:
                self._watching = asyncio.create_task(self._watch())
            try:
                yield subscription
            finally:
                self._leave(conversation_id, subscription)

    def _leave(self, conversation_id: str, subscription: Subscription) -> None:
        left = self._open[conversation_id]
        left.discard(subscription)
        if not left:
            del self._open[conversation_id]
            self._marks.pop(conversation_id, None)

    def tell_all(self, event: Event) -> None:
        """Put an event to every open stream."""
        for conversation_id in self._open:
            self._tell(conversation_id, event)

    def _tell(self, conversation_id: str, event: Event) -> None:
        for subscription in self._open.get(conversation_id, ()):
            subscription.put(event)

    async def close(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def _watch(self) -> None:
        house = self._house()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            before, house = house, self._house()
            try:
                await self._look(everyone=house != before)
            except Exception:
                # A database that is away for a while must not leave the streams deaf for good.
                self._logger.exception("streams_not_looked_after")

    async def _look(self, *, everyone: bool) -> None:
        watched = tuple(self._open)
        if not watched:
            return
        marks = await self._work.read(partial(_marks, watched))
        for conversation_id in watched:
            mark = marks.get(conversation_id)
            if everyone or mark is None or mark != self._marks.get(conversation_id):
                self._tell(conversation_id, Event(LOOK, mark=mark))
        self._marks = {name: mark for name, mark in marks.items() if name in self._open}


def _marks(watched: tuple[str, ...], session: Session) -> dict[str, Mark]:
    return OperatorQueue(session).marks(watched)
