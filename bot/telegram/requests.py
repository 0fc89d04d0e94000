"""Requests that are not replies: notes, cards, menus. Sent in the background, politely."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import TelegramMethod

from bot.logs import logger
from bot.telegram.failures import Later, in_words, judge
from bot.telegram.flood import Flood
from bot.telegram.pace import Pace

T = TypeVar("T")

AT_ONCE = 16


class Requests:
    """Sends requests of the Bot API; a pause that Telegram asks for is kept."""

    def __init__(self, bot: Bot, flood: Flood, pace: Pace) -> None:
        """Share the flood control with the outbox."""
        self.bot = bot
        self.flood = flood
        self._pace = pace
        self._free = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self._log = logger("telegram")

    async def send(self, method: TelegramMethod[T], *, tries: int | None = None) -> T:
        """The answer; raises what Telegram says after the last try.

        Tried again is only what certainly took no effect.
        """
        tries = tries or self._pace.server_tries
        chat_id = chat_of(method)
        for failures in range(1, tries + 1):
            if (pause := self.flood.pause(chat_id)) > 0:
                await asyncio.sleep(pause)
            await self.flood.turn()
            try:
                async with self._free:
                    return await self.bot(method, request_timeout=self._pace.request)
            except AiogramError as error:
                verdict = judge(error)
                if not isinstance(verdict, Later) or failures == tries:
                    raise
                if verdict.after is not None:
                    self.flood.refused(chat_id, verdict.after)
                else:
                    await asyncio.sleep(self._pace.wait(failures))
        raise AssertionError("unreachable: the last try returns or raises")

    def begin(self, methods: Sequence[TelegramMethod[Any]]) -> None:
        """Send these one after the other, without anybody waiting for it.

        Losing one loses nothing that a customer said.
        """
        if methods:
            self.spawn(self._all(methods))

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something beside; `close` ends it."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def close(self, seconds: float) -> None:
        """Give what is under way some time, then end it."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _all(self, methods: Sequence[TelegramMethod[Any]]) -> None:
        for method in methods:
            try:
                await self.send(method)
            except AiogramError as error:
                self.complain(method, error)

    def complain(self, method: TelegramMethod[Any], error: AiogramError) -> None:
        """Log that a request failed, without the token."""
        words = in_words(error, self.bot.token)
        self._log.warning("request_failed", method=type(method).__name__, error=words)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("request_crashed", error=in_words(error, self.bot.token))


def chat_of(method: TelegramMethod[Any]) -> int:
    """The chat that a request is for; 0 for none."""
    found = getattr(method, "chat_id", None)
    return found if isinstance(found, int) else 0


def is_gone(error: AiogramError) -> bool:
    """Whether a message that was to be edited or deleted is not there any more."""
    return isinstance(error, TelegramBadRequest) and "not found" in str(error)


def is_same(error: AiogramError) -> bool:
    """Whether an edit was refused because the message reads like that already."""
    return isinstance(error, TelegramBadRequest) and "not modified" in str(error)
