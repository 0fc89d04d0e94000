"""From an update to a stored message: nothing is confirmed to Telegram before that."""

from __future__ import annotations

from typing import Any

from aiogram.methods import AnswerCallbackQuery, SendMessage, TelegramMethod
from sqlalchemy.orm import Session

from bot.errors import MessageTooLongError
from bot.services import Services
from bot.telegram.formatting import quick_reply
from bot.telegram.turns import Turns
from bot.telegram.updates import Commanded, Deed, NotText, Pressed, Sender, Written
from bot.telegram.wording import greeting, say
from bot.types import Incoming
from bot.wording import say as say_anywhere
from storage.conversations import Conversations
from storage.errors import NotFoundError
from storage.types import Conversation, QuickReply

CHANNEL = "telegram"

Courtesies = list[TelegramMethod[Any]]
"""Requests that answer an update at once; losing one loses nothing that a customer said."""


class Inbox:
    """Stores what customers do and starts the turns that answer it."""

    def __init__(self, services: Services, turns: Turns) -> None:
        """`turns` answers what is stored."""
        self._services = services
        self._turns = turns

    async def accept(self, deed: Deed) -> Courtesies:
        """Store it; gives what to send right away."""
        sender = deed.sender
        match deed:
            case Written():
                return await self._take(sender, deed.external_id, deed.text)
            case Pressed():
                answer = AnswerCallbackQuery(callback_query_id=deed.callback_id)
                return [answer, *await self._press(deed)]
            case Commanded(command="human"):
                words = say_anywhere("talk_to_person", self._app_language(sender))
                return await self._take(sender, deed.external_id, words)
            case Commanded(command="help"):
                return [await self._note(sender, "help")]
            case Commanded():
                return [self._greet(sender)]
            case NotText():
                return [await self._note(sender, "text_only")]

    async def _take(
        self, sender: Sender, external_id: str, text: str, payload: str | None = None
    ) -> Courtesies:
        conversation = await self._conversation(sender)
        target = str(sender.chat_id)
        incoming = Incoming(CHANNEL, conversation.id, external_id, text, payload, target)
        try:
            received = await self._services.pipeline.receive(incoming)
        except MessageTooLongError:
            return [await self._note(sender, "too_long")]
        if received.reply is None:
            self._turns.start(received.message, payload=payload, target=target)
        return []

    async def _press(self, pressed: Pressed) -> Courtesies:
        """A button counts once per message: pressing it again finds the reply already there."""
        choice = await self._choice(pressed)
        if choice is None or pressed.button is None:
            return [await self._note(pressed.sender, "button_gone")]
        message_id, index = pressed.button
        external_id = f"{pressed.sender.chat_id}:button:{message_id}:{index}"
        return await self._take(pressed.sender, external_id, choice.text, choice.payload)

    async def _choice(self, pressed: Pressed) -> QuickReply | None:
        """The quick reply behind the button, provided it stands in this chat's conversation."""
        if pressed.button is None:
            return None
        message_id, index = pressed.button
        conversation = await self._conversation(pressed.sender)
        try:
            message = await self._services.work.run(lambda s: Conversations(s).message(message_id))
        except NotFoundError:
            return None
        return quick_reply(message, index) if message.conversation_id == conversation.id else None

    async def _conversation(self, sender: Sender) -> Conversation:
        customer = str(sender.chat_id)

        def find_or_create(session: Session) -> Conversation:
            conversations = Conversations(session)
            found = conversations.find_for_customer(CHANNEL, customer)
            return found or conversations.create(CHANNEL, external_customer_id=customer)

        return await self._services.work.run(find_or_create)

    def _greet(self, sender: Sender) -> SendMessage:
        words = greeting(self._services.shop, self._app_language(sender))
        return SendMessage(chat_id=sender.chat_id, text=words)

    async def _note(self, sender: Sender, key: str) -> SendMessage:
        """A fixed sentence in the language of the conversation, else in that of the app."""
        conversation = await self._conversation(sender)
        language = conversation.language or self._app_language(sender)
        return SendMessage(chat_id=sender.chat_id, text=say(key, language))

    def _app_language(self, sender: Sender) -> str:
        shop = self._services.shop
        return sender.language if sender.language in shop.languages else shop.language
