"""Sending what the outbox holds: in order within a chat, many chats at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial

from aiogram.exceptions import AiogramError
from sqlalchemy.orm import Session

from bot.logs import logger
from bot.telegram.failures import Unknown, in_words, judge
from bot.telegram.pace import Pace
from bot.telegram.requests import Requests
from bot.telegram.sending import Order, Sender, prepare
from bot.telegram.targets import chat_id_of
from bot.work import Work
from storage.drafts import Drafts
from storage.errors import KefuError
from storage.outbox import Outbox
from storage.types import Delivery, Message

BATCH = 200

Undelivered = Callable[[Delivery, Message, AiogramError], Awaitable[None]]
"""Hears of a message that will not arrive, or that nobody knows whether it did."""


class Deliverer:
    """Claims due rows, sends them and writes down what became of each."""

    def __init__(
        self, requests: Requests, work: Work, channel: str, pace: Pace, undelivered: Undelivered
    ) -> None:
        """Send nothing before `run`."""
        self._requests = requests
        self._sender = Sender(requests, pace)
        self._work = work
        self._channel = channel
        self._pace = pace
        self._undelivered = undelivered
        self._busy: dict[str, asyncio.Task[bool]] = {}
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._log = logger("telegram")

    def wake(self) -> None:
        """There is something new to send."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled; rows that a crash left half sent are first marked uncertain."""
        await self._work.run(lambda session: Outbox(session).recover(self._channel))
        failures = 0
        while True:
            self._woken.clear()
            try:
                await self._start_due()
                failures = 0
            except KefuError as error:
                failures += 1
                self._log.error("outbox_unreadable", error=str(error))
            await _heard(self._woken, self._pace.wait(failures) if failures else self._pace.look)

    async def close(self, seconds: float) -> None:
        """Let the requests in flight end; one that does not is found uncertain next time."""
        self._closing.set()
        tasks = set(self._busy.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_due(self) -> None:
        due = await self._work.run(lambda session: Outbox(session).due(self._channel, BATCH))
        chats: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in due:
            chats[delivery.target].append(delivery)
        for target, deliveries in chats.items():
            if target not in self._busy:
                task = asyncio.create_task(self._serve(target, deliveries))
                self._busy[target] = task
                task.add_done_callback(partial(self._served, target))

    def _served(self, target: str, task: asyncio.Task[bool]) -> None:
        del self._busy[target]
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            words = in_words(error, self._requests.bot.token)
            self._log.error("delivery_failed", target=target, error=words)
        elif task.result():
            self.wake()

    async def _serve(self, target: str, deliveries: list[Delivery]) -> bool:
        """One chat's rows in order; a row that must wait holds back those behind it.

        Says whether any was sent: else another process is at this chat, and looking again at once
        would find it there.
        """
        moved = False
        for delivery in deliveries:
            tries = delivery.attempts
            while True:
                pause: float | None = self._requests.flood.pause(chat_id_of(target))
                if not pause:
                    order = await self._work.run(partial(prepare, delivery))
                    if order is None:
                        break
                    moved = True
                    pause = await self._deliver(order, tries)
                    tries += 1
                if pause is None:
                    break
                if await _heard(self._closing, pause):
                    return False
        return moved

    async def _deliver(self, order: Order, tries: int) -> float | None:
        """Send one claimed row; gives the seconds to wait if it must be tried again."""
        try:
            references = await self._sender.send(order)
        except AiogramError as error:
            return await self._failed(order, error, tries + 1)

        def write_down(session: Session) -> None:
            Outbox(session).sent(order.delivery.id, ",".join(references))
            if order.draft is not None:
                Drafts(session).drop(order.draft.message_id)

        await self._work.run(write_down)
        return None

    async def _failed(self, order: Order, error: AiogramError, tries: int) -> float | None:
        delivery = order.delivery
        words = in_words(error, self._requests.bot.token)
        pause = self._sender.pause(delivery, error, tries)
        unknown = isinstance(judge(error), Unknown)
        self._log.warning(
            "not_sent", delivery=delivery.id, uncertain=unknown, again_in=pause, error=words
        )

        def write_down(session: Session) -> None:
            if unknown:
                Outbox(session).uncertain(delivery.id, words)
            else:
                Outbox(session).failed(delivery.id, words, retry=pause is not None)

        await self._work.run(write_down)
        if pause is None:
            await self._undelivered(delivery, order.message, error)
        return pause


async def _heard(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, but no longer than this; says whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
