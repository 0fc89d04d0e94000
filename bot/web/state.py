"""What the routes of one app share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Request

from bot.errors import NotReadyError
from bot.events import Subscription
from bot.handoff import is_open
from bot.services import Services
from bot.types import Event
from bot.web.limiting import LoginLimiter, MessageLimiter
from bot.web.metrics import Metrics
from bot.web.presence import Presence
from bot.web.streams import CLOSING, Streams
from bot.web.visitors import VisitorTokens

T = TypeVar("T")


class Web:
    """The services, the turns in flight and the open streams of one app."""

    def __init__(self, services: Services, metrics: Metrics) -> None:
        """Start nothing."""
        self.services = services
        self.metrics = metrics
        self.logins = LoginLimiter()
        settings = services.settings
        self.limits = MessageLimiter(
            settings.messages_per_minute, settings.messages_per_day, settings.address_share
        )
        self.visitors = VisitorTokens(settings.signing_secret(), settings.visitor_token_hours)
        self.operators = Presence()
        self.closing = False
        self._turns: set[asyncio.Task[Any]] = set()
        self._streams = Streams(services.work, services.events, self._house)

    def start_turn(self, turn: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a turn that goes on when the customer who asked hangs up."""
        task = asyncio.create_task(turn)
        self._turns.add(task)
        task.add_done_callback(self._end_turn)
        return task

    def _end_turn(self, task: asyncio.Task[Any]) -> None:
        self._turns.discard(task)
        if not task.cancelled():
            # Whoever waits for the turn gets the error; if nobody does any more, asyncio must
            # not complain about an error that nobody looked at.
            task.exception()

    @contextmanager
    def listen(self, conversation_id: str) -> Iterator[Subscription]:
        """Hear a conversation's events, and the end of the server."""
        with self._streams.listen(conversation_id) as subscription:
            self.metrics.streams.inc()
            try:
                yield subscription
            finally:
                self.metrics.streams.dec()

    def _house(self) -> tuple[bool, bool]:
        return is_open(self.services.shop), self.operators.count > 0

    def end_streams(self) -> None:
        """Tell every open stream to end; new ones end at once."""
        self.closing = True
        self._streams.tell_all(Event(CLOSING))

    async def close(self) -> None:
        """End the streams and wait for the turns in flight."""
        self.end_streams()
        await self._streams.close()
        if self._turns:
            await asyncio.wait(self._turns)


def web_of(app: FastAPI) -> Web:
    """The app's `Web`, once its services are open."""
    web = getattr(app.state, "web", None)
    if not isinstance(web, Web):
        raise NotReadyError("the server is still starting: try again in a moment")
    return web


async def current_web(request: Request) -> Web:
    """The `Web` of the app that serves this request."""
    app: FastAPI = request.app
    return web_of(app)


WebDep = Annotated[Web, Depends(current_web)]
