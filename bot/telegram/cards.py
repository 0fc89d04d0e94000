"""What a conversation looks like in the operators' group."""

from __future__ import annotations

from aiogram.types import InlineKeyboardMarkup

from bot.telegram import buttons
from bot.telegram.formatting import clean, split
from bot.telegram.wording_staff import say
from storage.desk import DeskNews
from storage.types import Conversation, ConversationStatus, Message

_LINE = 400
_CARD = 3500
_MOVES = ("take", "give", "close")


def card(news: DeskNews, language: str) -> str:
    """Who answers, where the customer writes from and in which language, and the last messages."""
    conversation = news.conversation
    status = say(f"card_{conversation.status.value}", language, waiting=news.waiting)
    where = " · ".join(filter(None, (conversation.channel, conversation.language)))
    said = [line(message, language) for message in news.history if message.text.strip()]
    hint = "" if conversation.status is ConversationStatus.CLOSED else say("card_hint", language)
    parts = (f"{status}\n{where} · {conversation.id[:8]}", "\n".join(said), hint)
    return split(clean("\n\n".join(filter(None, parts))), _CARD)[0]


def line(message: Message, language: str) -> str:
    """One message in one line or a few, with who wrote it."""
    text = clean(message.text).strip()
    shown = split(text, _LINE)[0] + " …" if len(text) > _LINE else text
    return f"{say(message.role.value, language)}: {shown}"


def whole(message: Message, language: str) -> list[str]:
    """One message to the last word, with who wrote it."""
    return split(f"{say(message.role.value, language)}: {clean(message.text)}")


def keys(conversation: Conversation, language: str) -> InlineKeyboardMarkup | None:
    """What an operator may do now; each button is for this epoch of the conversation."""
    take = buttons.button(say("take", language), buttons.DESK, "take", conversation.epoch)
    give = buttons.button(say("give_back", language), buttons.DESK, "give", conversation.epoch)
    close = buttons.button(say("close", language), buttons.DESK, "close", conversation.epoch)
    match conversation.status:
        case ConversationStatus.WAITING:
            return buttons.markup([[take, give, close]])
        case ConversationStatus.PERSON:
            return buttons.markup([[give, close]])
        case ConversationStatus.BOT:
            return buttons.markup([[take, close]])
    return buttons.markup([[take]])


def parse_move(data: str) -> tuple[str, int] | None:
    """What a button of a card does, and the epoch that it was made for."""
    kind, _, rest = data.partition(":")
    move, _, epoch = rest.partition(":")
    if kind != buttons.DESK or move not in _MOVES or not (epoch.isascii() and epoch.isdigit()):
        return None
    return move, int(epoch)
