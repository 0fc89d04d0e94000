"""From what a customer did to a stored message: nothing is confirmed to Telegram before that."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiogram.methods import AnswerCallbackQuery, SendMessage, TelegramMethod
from sqlalchemy.orm import Session

from bot.attachments import label
from bot.errors import MessageTooLongError
from bot.services import Services
from bot.telegram import buttons
from bot.telegram.presses import CHANNEL, Presses
from bot.telegram.throttle import Throttle, Verdict
from bot.telegram.turns import Turns
from bot.telegram.updates import Blocked, Commanded, Pressed, Sender, Written
from bot.telegram.wording import greeting, say
from bot.types import Incoming
from bot.wording import say as say_anywhere
from storage.conversations import Conversations
from storage.customers import Customers
from storage.types import Conversation, QuickReply

Courtesies = list[TelegramMethod[Any]]
"""Requests that answer an update at once; losing one loses nothing that a customer said."""

CustomerDeed = Written | Commanded | Pressed | Blocked


class Inbox:
    """Stores what customers do and starts the turns that answer it."""

    def __init__(self, services: Services, turns: Turns, throttle: Throttle) -> None:
        """`turns` answers what is stored."""
        self._services = services
        self._turns = turns
        self._throttle = throttle
        self._presses = Presses(services)

    async def accept(self, deed: CustomerDeed) -> Courtesies:
        """Store it; gives what to send right away."""
        match deed:
            case Written():
                return await self._written(deed)
            case Commanded():
                return await self._commanded(deed)
            case Pressed():
                return await self._pressed(deed)
            case Blocked(sender, blocked):
                await self._services.work.run(
                    lambda s: Customers(s).set_reachable(
                        CHANNEL, sender.customer, reachable=not blocked
                    )
                )
                return []

    async def _written(self, written: Written) -> Courtesies:
        if (note := await self._too_many(written.sender, written)) is not None:
            return note
        conversation = await self._conversation(written.sender, written.external_id)
        if written.original is not None and await self._reads_the_same(conversation, written):
            return []
        text = written.text
        if not text and written.attachment is not None:
            language = conversation.language or self._app_language(written.sender)
            text = label(written.attachment.kind, language)
        incoming = Incoming(
            CHANNEL,
            conversation.id,
            written.external_id,
            text,
            target=written.sender.customer,
            attachment=written.attachment,
        )
        return await self._take(written.sender, incoming)

    async def _commanded(self, deed: Commanded) -> Courtesies:
        """A command that is none of a customer's is a question like any other."""
        if (note := await self._too_many(deed.sender, deed)) is not None:
            return note
        sender = deed.sender
        language = await self._language(sender)
        match deed.command:
            case "start":
                words = greeting(self._services.shop, language)
                return [self._choice_of_language(sender, words)]
            case "language":
                return [self._choice_of_language(sender, say("choose_language", language))]
            case "help":
                return [_note(sender, say("help", language))]
            case "forget":
                words = say("forget_ask", language)
                return [_note(sender, words, reply_markup=buttons.forget(language))]
        human = deed.command == "human"
        text = say_anywhere("talk_to_person", language) if human else deed.text
        conversation = await self._conversation(sender, deed.external_id)
        incoming = Incoming(
            CHANNEL, conversation.id, deed.external_id, text, target=sender.customer
        )
        return await self._take(sender, incoming)

    async def _pressed(self, pressed: Pressed) -> Courtesies:
        """A button counts once per message: pressing it again finds the reply already there."""
        language = await self._language(pressed.sender)
        done = await self._presses.accept(pressed, language)
        if done is not None:
            return done
        answer = AnswerCallbackQuery(callback_query_id=pressed.callback_id)
        found = await self._presses.quick_reply(pressed)
        if found is None:
            return [answer, _note(pressed.sender, say("button_gone", language))]
        button, conversation_id = found
        external_id = f"{pressed.sender.chat_id}:button:{pressed.data}"
        incoming = self._press_as_message(pressed.sender, conversation_id, external_id, button)
        return [answer, *await self._take(pressed.sender, incoming)]

    def _press_as_message(
        self, sender: Sender, conversation_id: str, external_id: str, button: QuickReply
    ) -> Incoming:
        return Incoming(
            CHANNEL, conversation_id, external_id, button.text, button.payload, sender.customer
        )

    async def _take(self, sender: Sender, incoming: Incoming) -> Courtesies:
        try:
            received = await self._services.pipeline.receive(incoming)
        except MessageTooLongError:
            return [_note(sender, say("too_long", await self._language(sender)))]
        if received.reply is None:
            self._turns.start(received.message, payload=incoming.payload, target=sender.customer)
        return []

    async def _too_many(self, sender: Sender, deed: Written | Commanded) -> Courtesies | None:
        """None if this customer may write; else what to tell them, at most once."""
        verdict = self._throttle.judge(sender.customer, deed.external_id, deed.at)
        if verdict is Verdict.TAKE:
            return None
        if verdict is Verdict.IGNORE:
            return []
        return [_note(sender, say("slow_down", await self._language(sender)))]

    async def _reads_the_same(self, conversation: Conversation, written: Written) -> bool:
        """Telegram calls it an edit as well when only a link's preview has come."""

        def unit(session: Session) -> bool:
            original = written.original or ""
            found = Conversations(session).by_external_id(conversation.id, original)
            return found is not None and found.text == written.text

        return await self._services.work.read(unit)

    async def _conversation(self, sender: Sender, external_id: str) -> Conversation:
        def unit(session: Session) -> Conversation:
            found = Customers(session).conversation(CHANNEL, sender.customer, external_id)
            if found.unreachable_since is not None:
                Customers(session).set_reachable(CHANNEL, sender.customer, reachable=True)
            return found

        return await self._services.work.run(unit)

    async def _language(self, sender: Sender) -> str:
        """The language of the conversation, else that of the app; no conversation is opened."""
        find = partial(_open_conversation, sender.customer)
        found = await self._services.work.read(find)
        return (found and found.language) or self._app_language(sender)

    def _app_language(self, sender: Sender) -> str:
        shop = self._services.shop
        return sender.language if sender.language in shop.languages else shop.language

    def _choice_of_language(self, sender: Sender, words: str) -> SendMessage:
        keys = buttons.languages(self._services.shop.languages)
        return _note(sender, words, reply_markup=keys)


def _open_conversation(customer: str, session: Session) -> Conversation | None:
    return Conversations(session).find_for_customer(CHANNEL, customer)


def _note(sender: Sender, words: str, **more: Any) -> SendMessage:  # noqa: ANN401
    return SendMessage(chat_id=sender.chat_id, text=words, **more)
