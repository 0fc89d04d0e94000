"""Showing that a reply is being made: typing, and its beginning as a message that grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiogram.exceptions import AiogramError
from aiogram.methods import DeleteMessage, EditMessageText, SendChatAction, SendMessage
from aiogram.types import LinkPreviewOptions

from bot.events import Events
from bot.telegram.formatting import MAX_UNITS, clean, units
from bot.telegram.pace import Pace
from bot.telegram.requests import Requests, is_gone, is_same
from bot.telegram.targets import chat_id_of, is_in_group
from bot.types import DecisionKind, Reply
from bot.work import Work
from storage.drafts import Drafts
from storage.types import Message, ShownDraft

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Stage:
    """Shows turns while they run; the outbox makes the reply out of what is shown."""

    def __init__(self, work: Work, events: Events, requests: Requests, pace: Pace) -> None:
        """`events` tells when the bot works on a reply."""
        self._work = work
        self._events = events
        self._requests = requests
        self._pace = pace

    @asynccontextmanager
    async def turn(self, message: Message, target: str) -> AsyncIterator[Growing]:
        """Around one turn: typing until it ends, and the draft that its pieces grow into."""
        typing = asyncio.create_task(self._type(message, chat_id_of(target)))
        try:
            yield Growing(message, target, self._work, self._requests, self._pace)
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)

    async def withdraw(self, draft: ShownDraft) -> None:
        """Take a draft from the chat: it did not become a reply."""
        method = DeleteMessage(chat_id=chat_id_of(draft.target), message_id=int(draft.external_ref))
        try:
            await self._requests.send(method)
        except AiogramError as error:
            if not is_gone(error):
                self._requests.complain(method, error)
        await self._work.run(lambda session: Drafts(session).drop(draft.message_id))

    async def clean_up(self) -> None:
        """Take away the drafts that a crash left behind and no reply will replace."""
        for draft in await self._work.read(lambda session: Drafts(session).left_over()):
            await self.withdraw(draft)

    async def _type(self, message: Message, chat_id: int) -> None:
        """Say that the bot is typing, once it works on a reply and as long as it does."""
        with self._events.subscribe(message.conversation_id) as events:
            async for event in events:
                if event.kind == "typing" and event.data.get("turn") == message.id:
                    break
        await asyncio.sleep(self._pace.typing)
        while True:
            method = SendChatAction(chat_id=chat_id, action="typing")
            if not self._requests.flood.pause(chat_id):
                try:
                    await self._requests.send(method, tries=1)
                except AiogramError as error:
                    self._requests.complain(method, error)
            await asyncio.sleep(self._pace.typing_again)


class Growing:
    """The draft of one reply. Its requests are made while the turn waits, so none is late."""

    def __init__(
        self, message: Message, target: str, work: Work, requests: Requests, pace: Pace
    ) -> None:
        """Show nothing before the turn is older than `pace.draft`."""
        self._message = message
        self._target = target
        self._work = work
        self._requests = requests
        self._pace = pace
        self._text = ""
        self._next = time.monotonic() + pace.draft
        self._given_up = is_in_group(target)
        self.shown: ShownDraft | None = None

    async def hear(self, piece: str | None) -> None:
        """One more checked piece: shown at once, unless the last edit was a moment ago.

        None withdraws what was heard: the next edit, at the latest the reply's, writes over it.
        """
        if piece is None:
            self._text = ""
            return
        self._text += piece
        chat_id = chat_id_of(self._target)
        text = clean(self._text).strip()
        waits = time.monotonic() < self._next or self._requests.flood.pause(chat_id) > 0
        if self._given_up or waits or not text or units(text) > MAX_UNITS:
            return
        self._next = time.monotonic() + self._pace.edit
        if self.shown is None:
            await self._begin(chat_id, text)
        else:
            await self._grow(chat_id, int(self.shown.external_ref), text)

    async def end(self, reply: Reply, stage: Stage) -> None:
        """Withdraw what was shown if it did not become the reply."""
        if self.shown is not None and (not reply.reply or reply.decision is DecisionKind.RELAY):
            await stage.withdraw(self.shown)

    async def _begin(self, chat_id: int, text: str) -> None:
        method = SendMessage(chat_id=chat_id, text=text, link_preview_options=NO_PREVIEW)
        try:
            sent = await self._requests.send(method, tries=1)
        except AiogramError as error:
            # Whether it arrived is not always known, and a second beginning would be one too many.
            self._given_up = True
            self._requests.complain(method, error)
            return
        shown = ShownDraft(self._message.id, self._target, str(sent.message_id))
        await self._work.run(lambda session: Drafts(session).show(shown))
        self.shown = shown

    async def _grow(self, chat_id: int, message_id: int, text: str) -> None:
        method = EditMessageText(
            chat_id=chat_id, message_id=message_id, text=text, link_preview_options=NO_PREVIEW
        )
        try:
            await self._requests.send(method, tries=1)
        except AiogramError as error:
            if not is_same(error):
                self._requests.complain(method, error)
