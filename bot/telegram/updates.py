"""Reading an update: what somebody did, or nothing that concerns us."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from aiogram.enums import ChatMemberStatus, ChatType, MessageEntityType
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message, Update, User

from bot.telegram.files import attachment_of
from storage.types import Attachment

COMMANDS = ("start", "help", "human", "language", "forget")
ADMIN_COMMANDS = ("retrain", "rollback", "stats", "review")

_COMMAND = re.compile(r"/([a-z]+)(?:@(\w+))?(?:\s|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself, and the group of its operators."""

    id: int
    username: str
    operators: int | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who did it and where; `language` is that of their app if Telegram told it."""

    chat_id: int
    user_id: int
    language: str | None = None
    name: str = ""

    @property
    def customer(self) -> str:
        """The customer's id on the channel: in a group every member is a customer of their own."""
        if self.chat_id == self.user_id:
            return str(self.chat_id)
        return f"{self.chat_id}/{self.user_id}"

    @property
    def private(self) -> bool:
        """Whether nobody else reads along."""
        return self.chat_id == self.user_id


@dataclass(frozen=True, slots=True)
class Written:
    """A message to the bot; `text` is the caption, or empty, where there is an attachment.

    `original` is the external id of the message that this one is a new version of.
    """

    sender: Sender
    external_id: str
    text: str
    at: datetime
    attachment: Attachment | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Commanded:
    """One of our commands, without the slash."""

    sender: Sender
    external_id: str
    command: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button of a message of ours; `data` is what it carries."""

    sender: Sender
    callback_id: str
    data: str
    message_id: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """A customer stopped the bot, or let it in again."""

    sender: Sender
    blocked: bool


@dataclass(frozen=True, slots=True)
class GroupSaid:
    """What an operator said in reply to a message of the group; `text` may be a file's caption."""

    sender: Sender
    message_id: int
    reply_to: int
    text: str
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class GroupPressed:
    """A button in the operators' group."""

    sender: Sender
    callback_id: str
    data: str
    message_id: int


Deed = Written | Commanded | Pressed | Blocked | GroupSaid | GroupPressed


def reference(chat_id: int, message_id: int) -> str:
    """The id of a message over all chats."""
    return f"{chat_id}:{message_id}"


def read(update: Update, me: Me) -> Deed | None:
    """What the update says; None for what we do not serve, e.g. talk among members of a group."""
    if update.message is not None:
        return _message(update.message, me)
    if update.edited_message is not None:
        return _edited(update.edited_message, me)
    if update.callback_query is not None:
        return _press(update.callback_query, me)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return None


def _message(message: Message, me: Me) -> Deed | None:
    user = message.from_user
    if user is None or user.is_bot or message.sender_chat is not None:
        return None
    sender = _sender(message.chat.id, user)
    if message.chat.id == me.operators:
        return _said_in_group(message, sender, me)
    text, attachment = message.text or message.caption or "", attachment_of(message)
    if not text and attachment is None:
        return None
    external_id = reference(message.chat.id, message.message_id)
    command = _command(message.text or "", me)
    if not sender.private:
        if not _is_addressed(message, me, command):
            return None
        text = _without_mention(text, me)
    if command is not None:
        return Commanded(sender, external_id, command, _time(message.date), text)
    return Written(sender, external_id, text, _time(message.date), attachment)


def _edited(message: Message, me: Me) -> Written | None:
    """A text in another wording is one more message; in a group nobody addresses us twice."""
    found = _message(message, me)
    if not isinstance(found, Written) or not found.sender.private or not found.text:
        return None
    at = message.edit_date or 0
    moment = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else _time(at)
    external_id = f"{found.external_id}:edited:{int(moment.timestamp())}"
    return Written(found.sender, external_id, found.text, moment, None, found.external_id)


def _said_in_group(message: Message, sender: Sender, me: Me) -> GroupSaid | None:
    """Only a reply to a message of the bot is meant for a customer."""
    answered = message.reply_to_message
    if answered is None or answered.from_user is None or answered.from_user.id != me.id:
        return None
    text = message.text or message.caption or ""
    return GroupSaid(sender, message.message_id, answered.message_id, text, attachment_of(message))


def _command(text: str, me: Me) -> str | None:
    """`/start`, also as `/start@our_bot` or with the parameter of a link."""
    found = _COMMAND.match(text)
    if found is None or (found[2] and found[2].lower() != me.username.lower()):
        return None
    name = found[1].lower()
    return name if name in (*COMMANDS, *ADMIN_COMMANDS) else None


def _is_addressed(message: Message, me: Me, command: str | None) -> bool:
    """Whether a message in a group is for the bot: a mention, a reply, or `/command@bot`."""
    if command is not None and f"@{me.username}".lower() in (message.text or "").lower():
        return True
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == me.id:
        return True
    text = message.text or message.caption or ""
    for entity in message.entities or message.caption_entities or ():
        if entity.type == MessageEntityType.TEXT_MENTION and entity.user is not None:
            named = entity.user.id == me.id
        else:
            named = entity.extract_from(text).lower() == f"@{me.username}".lower()
        if named:
            return True
    return False


def _without_mention(text: str, me: Me) -> str:
    return re.sub(rf"\s*@{re.escape(me.username)}\b\s*", " ", text, flags=re.IGNORECASE).strip()


def _press(query: CallbackQuery, me: Me) -> Pressed | GroupPressed | None:
    if query.message is None:
        return None
    sender = _sender(query.message.chat.id, query.from_user)
    data, message_id = query.data or "", query.message.message_id
    if query.message.chat.id == me.operators:
        return GroupPressed(sender, query.id, data, message_id)
    return Pressed(sender, query.id, data, message_id)


def _membership(changed: ChatMemberUpdated) -> Blocked | None:
    if changed.chat.type != ChatType.PRIVATE:
        return None
    sender = _sender(changed.chat.id, changed.from_user)
    return Blocked(sender, changed.new_chat_member.status == ChatMemberStatus.KICKED)


def _sender(chat_id: int, user: User) -> Sender:
    """The language is `zh` or `en` for what Telegram calls `zh-hans`, `en-GB`…"""
    code = (user.language_code or "").lower().partition("-")[0]
    return Sender(chat_id, user.id, code or None, user.full_name)


def _time(date: datetime) -> datetime:
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
