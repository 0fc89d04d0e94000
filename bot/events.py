"""The in-process bus: whoever shows a conversation hears what happens in it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from bot.types import Event

RESYNC = "resync"
"""The kind of the event that tells a slow listener to read the history again from its last seq."""


class Subscription:
    """One listener's bounded queue; iterate over it, or `get` with a time limit."""

    def __init__(self, limit: int) -> None:
        """Hold at most `limit` events that were not yet read."""
        self._limit = limit
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()

    def put(self, event: Event) -> None:
        """Queue an event; on overflow all of them give way to one `resync`."""
        if len(self._events) >= self._limit:
            self._events.clear()
            event = Event(RESYNC)
        self._events.append(event)
        self._arrived.set()

    async def get(self, timeout: float | None = None) -> Event | None:  # noqa: ASYNC109
        """The next event, or None when `timeout` seconds pass without one."""
        try:
            async with asyncio.timeout(timeout):
                while not self._events:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return None
        return self._events.popleft()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Every event, for as long as the listener wants."""
        while True:
            event = await self.get()
            if event is not None:
                yield event


class Events:
    """Publish and subscribe per conversation; to be used from the event loop's thread only."""

    def __init__(self, *, limit: int = 200) -> None:
        """`limit` bounds each listener's queue."""
        self._limit = limit
        self._listeners: dict[str, set[Subscription]] = {}

    def publish(self, conversation_id: str, event: Event) -> None:
        """Hand an event to everyone who listens to this conversation now."""
        for subscription in self._listeners.get(conversation_id, ()):
            subscription.put(event)

    @contextmanager
    def subscribe(self, conversation_id: str) -> Iterator[Subscription]:
        """Listen for as long as the `with` block lasts."""
        subscription = Subscription(self._limit)
        self._listeners.setdefault(conversation_id, set()).add(subscription)
        try:
            yield subscription
        finally:
            listeners = self._listeners[conversation_id]
            listeners.discard(subscription)
            if not listeners:
                del self._listeners[conversation_id]
