"""The operators' group: hand-offs appear there, and what is replied there reaches the customer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.methods import (
    AnswerCallbackQuery,
    CopyMessage,
    EditMessageText,
    GetChatMember,
    SendMessage,
)
from aiogram.methods import TelegramMethod as Method
from aiogram.types import ReplyParameters
from sqlalchemy.orm import Session

from bot.logs import logger
from bot.services import Services
from bot.telegram.cards import card, keys, parse_move, whole
from bot.telegram.desk_files import DeskFiles
from bot.telegram.failures import in_words
from bot.telegram.pace import Pace
from bot.telegram.presses import CHANNEL
from bot.telegram.requests import Requests, is_gone, is_same
from bot.telegram.targets import chat_id_of, message_id_of
from bot.telegram.updates import GroupPressed, GroupSaid, Me, reference
from bot.telegram.wording_staff import say
from storage.attachments import Attachments
from storage.conversations import Conversations
from storage.desk import Desk as DeskRows
from storage.desk import DeskNews
from storage.errors import KefuError
from storage.staff import StaffAccounts
from storage.types import Conversation, DeskThread, Message, Staff

Courtesies = list[Method[Any]]


class Desk:
    """Shows conversations that wait for a person, and takes what operators do with them."""

    def __init__(self, services: Services, requests: Requests, me: Me, pace: Pace) -> None:
        """`me` names the group."""
        self._services = services
        self._requests = requests
        self._group = me.operators or 0
        self._pace = pace
        self._language = services.shop.language
        self._files = DeskFiles(services, requests, pace.request)
        self._woken = asyncio.Event()
        self._log = logger("telegram")

    def wake(self) -> None:
        """There may be something new to show."""
        self._woken.set()

    async def run(self) -> None:
        """Keep the group up to date until cancelled.

        What was sent and not written down before a crash is sent again: an operator who reads a
        hand-off twice is better than a customer whom nobody reads.
        """
        failures = 0
        while True:
            self._woken.clear()
            try:
                for news in await self._services.work.read(lambda s: DeskRows(s).news()):
                    await self._show(news)
                failures = 0
            except (AiogramError, KefuError) as error:
                failures += 1
                words = in_words(error, self._requests.bot.token)
                self._log.error("group_not_told", failures=failures, error=words)
            try:
                async with asyncio.timeout(
                    self._pace.wait(failures) if failures else self._pace.look
                ):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def accept(self, deed: GroupSaid | GroupPressed) -> Courtesies:
        """What an operator wrote or pressed; gives what to tell them."""
        conversation = await self._conversation(deed)
        if conversation is None:
            return [self._tell(deed, "no_conversation")]
        staff = await self._operator(deed.sender.user_id)
        if staff is None:
            return [self._tell(deed, "not_a_member")]
        if isinstance(deed, GroupPressed):
            return await self._move(deed, conversation, staff)
        if not deed.text and deed.attachment is None:
            return [self._tell(deed, "file_kind")]
        told = await self._answer(deed, conversation, staff)
        return [self._tell(deed, told)] if told else []

    async def undelivered(self, message: Message, *, blocked: bool) -> Courtesies:
        """Tell the group that what an operator wrote did not arrive."""
        key = "blocked" if blocked else "undelivered"
        words = say(key, self._language, text=message.text[:300])
        thread = await self._services.work.read(
            lambda s: DeskRows(s).thread(message.conversation_id)
        )
        return [self._post(words, thread.card if thread else None)]

    async def _answer(
        self, said: GroupSaid, conversation: Conversation, staff: Staff
    ) -> str | None:
        """Whoever answers holds the conversation; the same message is said once.

        Gives the name of what to tell the operator if nothing was said.
        """
        external_id = f"desk:{reference(said.sender.chat_id, said.message_id)}"

        def is_said(session: Session) -> bool:
            return Conversations(session).by_external_id(conversation.id, external_id) is not None

        if await self._services.work.read(is_said):
            return None
        handoff = self._services.handoff
        if said.attachment is None:
            await handoff.take(conversation.id, staff.id)
            await handoff.say(conversation.id, staff.id, said.text, external_id=external_id)
        else:
            found = await self._files.fetch(conversation.id, external_id, said.attachment)
            if isinstance(found, str):
                return found
            await handoff.take(conversation.id, staff.id)
            await handoff.send_file(staff.id, found, said.text)
        self.wake()
        return None

    async def _move(
        self, pressed: GroupPressed, conversation: Conversation, staff: Staff
    ) -> Courtesies:
        """A button belongs to one state of the conversation, so a late one does nothing."""
        found = parse_move(pressed.data)
        if found is None or found[1] != conversation.epoch:
            return [self._tell(pressed, "moved")]
        handoff = self._services.handoff
        match found[0]:
            case "take":
                await handoff.take(conversation.id, staff.id)
            case "give":
                await handoff.give_back(conversation.id)
            case _:
                await handoff.close(conversation.id)
        self.wake()
        return [self._tell(pressed, "done")]

    async def _conversation(self, deed: GroupSaid | GroupPressed) -> Conversation | None:
        on = deed.reply_to if isinstance(deed, GroupSaid) else deed.message_id

        def unit(session: Session) -> Conversation | None:
            found = DeskRows(session).conversation_of(reference(self._group, on))
            return None if found is None else Conversations(session).get(found)

        return await self._services.work.read(unit)

    async def _operator(self, user_id: int) -> Staff | None:
        """The account of a member of the group; None for anybody else, or if it was closed."""
        method = GetChatMember(chat_id=self._group, user_id=user_id)
        try:
            member = await self._requests.send(method)
        except AiogramError as error:
            self._requests.complain(method, error)
            return None
        inside = member.status in {
            ChatMemberStatus.CREATOR,
            ChatMemberStatus.ADMINISTRATOR,
            ChatMemberStatus.MEMBER,
        } or getattr(member, "is_member", False)
        if not inside:
            return None
        name = f"telegram:{user_id}"
        return await self._services.work.run(lambda s: StaffAccounts(s).of_channel(name))

    async def _show(self, news: DeskNews) -> None:
        thread = news.thread
        if news.wants_card:
            await self._new_card(news)
            return
        if thread is None:
            return
        if thread.epoch != news.conversation.epoch:
            await self._edit_card(thread, news)
        for message in news.unseen:
            await self._forward(thread, news.conversation, message)
        settled = replace(
            thread,
            epoch=news.conversation.epoch,
            status=news.conversation.status,
            seq=max(thread.seq, news.last_seq),
        )
        await self._services.work.run(lambda s: DeskRows(s).put(settled))

    async def _new_card(self, news: DeskNews) -> None:
        method = self._post(card(news, self._language), None)
        method = method.model_copy(update={"reply_markup": keys(news.conversation, self._language)})
        sent = await self._requests.send(method)
        conversation = news.conversation
        made = DeskThread(
            conversation.id,
            str(sent.message_id),
            conversation.epoch,
            conversation.status,
            news.last_seq,
        )

        def unit(session: Session) -> None:
            DeskRows(session).put(made)
            DeskRows(session).post(reference(self._group, sent.message_id), conversation.id)

        await self._services.work.run(unit)
        for message in news.history:
            await self._forward_file(made, news.conversation, message)

    async def _edit_card(self, thread: DeskThread, news: DeskNews) -> None:
        method = EditMessageText(
            chat_id=self._group,
            message_id=int(thread.card),
            text=card(news, self._language),
            reply_markup=keys(news.conversation, self._language),
        )
        try:
            await self._requests.send(method)
        except TelegramBadRequest as error:
            if not (is_gone(error) or is_same(error)):
                raise

    async def _forward(
        self, thread: DeskThread, conversation: Conversation, message: Message
    ) -> None:
        """Show a message of the customer below the card; a reply to it is for them as well."""
        posts = [self._post(text, thread.card) for text in whole(message, self._language)]
        places = [
            reference(self._group, (await self._requests.send(post)).message_id) for post in posts
        ]
        moved = replace(thread, seq=message.seq)

        def unit(session: Session) -> None:
            for place in places:
                DeskRows(session).post(place, conversation.id)
            DeskRows(session).put(moved)

        await self._services.work.run(unit)
        await self._forward_file(thread, conversation, message)

    async def _forward_file(
        self, thread: DeskThread, conversation: Conversation, message: Message
    ) -> None:
        """Have Telegram copy what the customer sent into the group; nothing is downloaded."""

        def unit(session: Session) -> tuple[bool, str | None]:
            attached = bool(Attachments(session).of_message(message.id))
            return attached, Conversations(session).customer_address(conversation.id)

        attached, address = await self._services.work.read(unit)
        source = message_id_of(message.external_id)
        if not attached or conversation.channel != CHANNEL or not address or source is None:
            return
        method = CopyMessage(
            chat_id=self._group,
            from_chat_id=chat_id_of(address),
            message_id=source,
            reply_parameters=_below(thread.card),
        )
        try:
            copied = await self._requests.send(method)
        except TelegramBadRequest as error:
            # The customer has deleted it; that there was a file is said above.
            self._requests.complain(method, error)
            return
        key = reference(self._group, copied.message_id)
        await self._services.work.run(lambda s: DeskRows(s).post(key, conversation.id))

    def _post(self, words: str, below: str | None) -> SendMessage:
        return SendMessage(
            chat_id=self._group,
            text=words,
            reply_parameters=_below(below) if below else None,
        )

    def _tell(self, deed: GroupSaid | GroupPressed, key: str) -> Method[Any]:
        words = say(key, self._language)
        if isinstance(deed, GroupPressed):
            return AnswerCallbackQuery(callback_query_id=deed.callback_id, text=words)
        return self._post(words, str(deed.message_id))


def _below(message_id: str) -> ReplyParameters:
    return ReplyParameters(message_id=int(message_id), allow_sending_without_reply=True)
