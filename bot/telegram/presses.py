"""Buttons in a customer's chat: language, erasure, thumbs, and the quick replies of the bot."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageReplyMarkup,
    EditMessageText,
    TelegramMethod,
)
from sqlalchemy.orm import Session

from bot.services import Services
from bot.telegram import buttons
from bot.telegram.formatting import keyboard, parse_button_data, quick_reply
from bot.telegram.updates import Pressed
from bot.telegram.wording import say
from storage.conversations import Conversations
from storage.customers import Customers
from storage.erasure import erase_customer
from storage.errors import NotFoundError
from storage.types import Message, QuickReply

CHANNEL = "telegram"


class Presses:
    """What a pressed button does; each may be pressed or delivered twice without harm."""

    def __init__(self, services: Services) -> None:
        """Buttons act on what these services store."""
        self._services = services

    async def accept(self, pressed: Pressed, language: str) -> list[TelegramMethod[Any]] | None:
        """Do what a button of the channel says; None if it is a quick reply of the bot."""
        kind, _, value = pressed.data.partition(":")
        if kind == buttons.LANGUAGE and value in self._services.shop.languages:
            return await self._choose_language(pressed, value)
        if kind == buttons.FORGET and value in {"yes", "no"}:
            return await self._forget(pressed, language, sure=value == "yes")
        if kind == buttons.THUMB:
            return await self._rate(pressed, value, language)
        return None

    async def quick_reply(self, pressed: Pressed) -> tuple[QuickReply, str] | None:
        """The quick reply behind the button and its conversation, if that is this customer's."""
        named = parse_button_data(pressed.data)
        message = await self._own_message(pressed, named[0]) if named else None
        found = quick_reply(message, named[1]) if message and named else None
        return (found, message.conversation_id) if found and message else None

    async def _choose_language(self, pressed: Pressed, language: str) -> list[TelegramMethod[Any]]:
        def unit(session: Session) -> None:
            customers = Customers(session)
            found = customers.conversation(CHANNEL, pressed.sender.customer)
            customers.choose_language(found.id, language)

        await self._services.work.run(unit)
        return [_heard(pressed), _instead(pressed, say("language_chosen", language))]

    async def _forget(
        self, pressed: Pressed, language: str, *, sure: bool
    ) -> list[TelegramMethod[Any]]:
        if not sure:
            return [_heard(pressed), _instead(pressed, say("kept", language))]

        def unit(session: Session) -> bool:
            customer = Customers(session).id_of(CHANNEL, pressed.sender.customer)
            if customer is None:
                return False
            erase_customer(session, customer, by="customer")
            return True

        erased = await self._services.work.run(unit)
        words = say("forgotten" if erased else "nothing_to_forget", language)
        return [_heard(pressed), _instead(pressed, words)]

    async def _rate(
        self, pressed: Pressed, value: str, language: str
    ) -> list[TelegramMethod[Any]] | None:
        number, _, opinion = value.partition(":")
        if not number.isascii() or not number.isdigit() or opinion not in {"1", "-1"}:
            return None
        message = await self._own_message(pressed, int(number))
        if message is None:
            return None
        await self._services.work.run(
            lambda s: Conversations(s).add_feedback(message.id, int(opinion))
        )
        return [
            _heard(pressed, say("thanks", language)),
            EditMessageReplyMarkup(
                chat_id=pressed.sender.chat_id,
                message_id=pressed.message_id,
                reply_markup=keyboard(message, rated=True),
            ),
        ]

    async def _own_message(self, pressed: Pressed, message_id: int) -> Message | None:
        """The message, provided that it stands in a conversation of whoever pressed."""
        read = partial(_own_message, pressed.sender.customer, message_id)
        return await self._services.work.read(read)


def _own_message(customer: str, message_id: int, session: Session) -> Message | None:
    conversations = Conversations(session)
    try:
        message = conversations.message(message_id)
    except NotFoundError:
        return None
    conversation = conversations.get(message.conversation_id)
    address = conversations.customer_address(message.conversation_id)
    return message if (conversation.channel, address) == (CHANNEL, customer) else None


def _heard(pressed: Pressed, words: str | None = None) -> AnswerCallbackQuery:
    return AnswerCallbackQuery(callback_query_id=pressed.callback_id, text=words)


def _instead(pressed: Pressed, words: str) -> EditMessageText:
    """The words in place of the question, whose buttons have done their work."""
    return EditMessageText(
        chat_id=pressed.sender.chat_id, message_id=pressed.message_id, text=words
    )
