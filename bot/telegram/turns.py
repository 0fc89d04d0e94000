"""Answering stored messages: one after the other in a chat, many chats at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.logs import logger
from bot.pipeline import Pipeline
from bot.telegram.drafts import Stage
from storage.errors import NotFoundError
from storage.types import Message

AT_ONCE = 16
WAITING_LIMIT = 500


class Turns:
    """Runs the pipeline for stored messages; `answered` is called after each."""

    def __init__(self, pipeline: Pipeline, stage: Stage, answered: Callable[[], None]) -> None:
        """Run at most 16 turns at once; `stage` shows them while they run."""
        self._stage = stage
        self._pipeline = pipeline
        self._answered = answered
        self._free = asyncio.Semaphore(AT_ONCE)
        self._last: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._log = logger("telegram")

    def start(self, message: Message, *, payload: str | None, target: str) -> None:
        """Answer this message once those before it in its conversation are answered."""
        before = self._last.get(message.conversation_id)
        task = asyncio.create_task(self._turn(message, payload, target, before))
        self._last[message.conversation_id] = task
        self._running.add(task)
        task.add_done_callback(lambda done: self._finished(message, done))

    async def room(self) -> None:
        """Return once fewer than 500 messages wait for an answer."""
        while len(self._running) >= WAITING_LIMIT:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def close(self, seconds: float) -> None:
        """Give the turns in flight some time; what is left unanswered is answered next time."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _turn(
        self, message: Message, payload: str | None, target: str, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        async with self._free, self._stage.turn(message, target) as growing:
            reply = await self._pipeline.answer(
                message, payload=payload, target=target, on_draft=growing.hear
            )
            await growing.end(reply, self._stage)
        self._answered()

    def _finished(self, message: Message, task: asyncio.Task[None]) -> None:
        """A turn that failed leaves its message unanswered in the database, for the next start."""
        self._running.discard(task)
        if self._last.get(message.conversation_id) is task:
            del self._last[message.conversation_id]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, NotFoundError):
            # The customer was erased while the turn ran.
            self._log.info("turn_erased", message=message.id)
        else:
            self._log.error("turn_failed", message=message.id, exc_info=error)
