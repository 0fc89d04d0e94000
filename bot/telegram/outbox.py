"""Sending what the outbox holds: in order within a chat, many chats at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.methods import SendMessage
from aiogram.types import LinkPreviewOptions
from sqlalchemy.orm import Session

from bot.logs import logger
from bot.telegram.failures import Later, Unknown, in_words, judge
from bot.telegram.formatting import keyboard, pieces
from bot.telegram.pace import Pace
from bot.work import Work
from storage.conversations import Conversations
from storage.errors import KefuError
from storage.outbox import Outbox
from storage.types import Delivery, Message

BATCH = 200
AT_ONCE = 16


class Deliverer:
    """Claims due rows, sends them and writes down what became of each."""

    def __init__(self, bot: Bot, work: Work, channel: str, pace: Pace) -> None:
        """Send nothing before `run`."""
        self._bot = bot
        self._work = work
        self._channel = channel
        self._pace = pace
        self._free = asyncio.Semaphore(AT_ONCE)
        self._busy: dict[str, asyncio.Task[None]] = {}
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
                task = asyncio.create_task(self._serve(deliveries))
                self._busy[target] = task
                task.add_done_callback(partial(self._served, target))

    def _served(self, target: str, task: asyncio.Task[None]) -> None:
        del self._busy[target]
        if task.cancelled():
            return
        if (error := task.exception()) is None:
            self.wake()
        else:
            self._log.error(
                "delivery_failed", target=target, error=in_words(error, self._bot.token)
            )

    async def _serve(self, deliveries: list[Delivery]) -> None:
        """One chat's rows in order; a row that must wait holds back those behind it."""
        for delivery in deliveries:
            tries = delivery.attempts
            while (pause := await self._deliver(delivery, tries)) is not None:
                tries += 1
                if await _heard(self._closing, pause):
                    return

    async def _deliver(self, delivery: Delivery, tries: int) -> float | None:
        """Send one row; gives the seconds to wait if it must be tried again."""

        def claim(session: Session) -> Message | None:
            if not Outbox(session).claim(delivery.id):
                return None
            return Conversations(session).message(delivery.message_id)

        message = await self._work.run(claim)
        if message is None:
            return None
        references: list[str] = []
        try:
            await self._send(delivery, message, references)
        except AiogramError as error:
            return await self._failed(delivery, error, tries + 1)
        reference = ",".join(references)
        await self._work.run(lambda session: Outbox(session).sent(delivery.id, reference))
        return None

    async def _send(self, delivery: Delivery, message: Message, references: list[str]) -> None:
        texts = pieces(message)
        for at, text in enumerate(texts):
            method = SendMessage(
                chat_id=int(delivery.target),
                text=text,
                reply_markup=keyboard(message) if at == len(texts) - 1 else None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
            references.append(await self._send_piece(method, begun=at > 0))

    async def _send_piece(self, method: SendMessage, *, begun: bool) -> str:
        """Send one piece; once a reply is begun, its other pieces are waited for right here."""
        tries = 0
        while True:
            tries += 1
            try:
                async with self._free:
                    sent = await self._bot(method, request_timeout=self._pace.request)
            except AiogramError as error:
                pause = self._pause(error, tries) if begun else None
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return str(sent.message_id)

    async def _failed(self, delivery: Delivery, error: AiogramError, tries: int) -> float | None:
        words = in_words(error, self._bot.token)
        pause = self._pause(error, tries)
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
        return pause

    def _pause(self, error: AiogramError, tries: int) -> float | None:
        """Seconds until the next try; None if there must be none."""
        verdict = judge(error)
        if not isinstance(verdict, Later):
            return None
        if verdict.bounded and tries >= self._pace.server_tries:
            return None
        return verdict.after if verdict.after is not None else self._pace.wait(tries)


async def _heard(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, but no longer than this; says whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
