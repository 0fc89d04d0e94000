"""Reading an update: what someone did in a private chat, or nothing that concerns us."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message, Update, User

from bot.telegram.formatting import parse_button_data

_COMMAND = re.compile(r"/(start|help|human)(?:@\w+)?(?:\s|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose private chat it is, and the language of their app if Telegram told it."""

    chat_id: int
    language: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """A text message."""

    sender: Sender
    external_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Commanded:
    """One of our commands, without the slash."""

    sender: Sender
    external_id: str
    command: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button; `button` is the message and index it stands for, None if it is not one of ours."""

    sender: Sender
    callback_id: str
    button: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class NotText:
    """A picture, a voice message, a sticker or the like."""

    sender: Sender


Deed = Written | Commanded | Pressed | NotText


def read(update: Update) -> Deed | None:
    """What the update says; None for groups, channels and kinds of update that we do not serve."""
    if update.message is not None:
        return _message(update.message)
    if update.callback_query is not None:
        return _press(update.callback_query)
    return None


def _message(message: Message) -> Deed | None:
    if message.chat.type != ChatType.PRIVATE:
        return None
    sender = Sender(message.chat.id, _language(message.from_user))
    if not message.text:
        return NotText(sender)
    external_id = f"{message.chat.id}:{message.message_id}"
    command = _command(message.text)
    if command is not None:
        return Commanded(sender, external_id, command)
    return Written(sender, external_id, message.text)


def _command(text: str) -> str | None:
    """`/start`, also as `/start@our_bot` or with the parameter of a link."""
    found = _COMMAND.match(text)
    return found[1].lower() if found else None


def _press(query: CallbackQuery) -> Pressed | None:
    if query.message is None or query.message.chat.type != ChatType.PRIVATE:
        return None
    sender = Sender(query.message.chat.id, _language(query.from_user))
    return Pressed(sender, query.id, parse_button_data(query.data or ""))


def _language(user: User | None) -> str | None:
    """`zh` or `en` for what Telegram calls `zh-hans`, `en-GB`…; None when it does not say."""
    if user is None or not user.language_code:
        return None
    return user.language_code.lower().partition("-")[0]
