"""What buttons carry and mean: at most 64 bytes, so names of things, never the things."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.telegram.wording import say
from bot.types import DecisionKind
from storage.types import Message

LANGUAGE = "lang"
FORGET = "forget"
THUMB = "thumb"
ROLLBACK = "rollback"
REVIEW = "review"
DESK = "desk"

_RATED = frozenset(
    kind.value for kind in (DecisionKind.TEMPLATE, DecisionKind.ACTION, DecisionKind.GROUNDED)
)
_LANGUAGE_NAMES = {"zh": "中文", "en": "English"}

Row = list[InlineKeyboardButton]


def markup(rows: Sequence[Row]) -> InlineKeyboardMarkup | None:
    """The rows as a keyboard; None without any."""
    return InlineKeyboardMarkup(inline_keyboard=list(rows)) if rows else None


def button(text: str, *data: object) -> InlineKeyboardButton:
    """A button that carries these parts, separated by colons."""
    return InlineKeyboardButton(text=text, callback_data=":".join(str(part) for part in data))


def languages(offered: Sequence[str]) -> InlineKeyboardMarkup | None:
    """One button per language of the shop, each in its own words."""
    row = [button(_LANGUAGE_NAMES.get(each, each), LANGUAGE, each) for each in offered]
    return markup([row] if row else [])


def forget(language: str) -> InlineKeyboardMarkup | None:
    """The question whether everything is to be erased."""
    yes = button(say("forget_yes", language), FORGET, "yes")
    return markup([[yes], [button(say("forget_no", language), FORGET, "no")]])


def thumbs(message: Message) -> list[Row]:
    """A row to rate a reply that answers something; no row for others."""
    if message.decision not in _RATED:
        return []
    return [[button("👍", THUMB, message.id, 1), button("👎", THUMB, message.id, -1)]]
