"""The review queue in an admin's chat: one question at a time, the guesses as buttons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage
from aiogram.methods import TelegramMethod as Method
from sqlalchemy.orm import Session

from bot.services import Services
from bot.telegram import buttons
from bot.telegram.formatting import clean, split
from bot.telegram.updates import Pressed
from bot.telegram.wording_staff import say
from finetune.decisions import decide
from finetune.types_review import Ignore, ThisIntent
from storage.conversations import Conversations
from storage.errors import ConflictError, NotFoundError
from storage.review import ReviewQueue
from storage.types import OUT_OF_SCOPE, ReviewItem

MOST_GUESSES = 4
_LOOKED_AT = 200
_SHOWN = 1500
_WHYS = ("no_answer", "low_margin", "thumbs_down")


@dataclass(frozen=True, slots=True)
class _Asked:
    item: ReviewItem
    guesses: tuple[str, ...]
    open: int


class Reviewing:
    """Shows open items and writes down what the admin says."""

    def __init__(self, services: Services) -> None:
        """Read from and write to the queue of these services."""
        self._services = services

    async def next_item(self, chat_id: int, language: str, *, after: int = 0) -> SendMessage:
        """The oldest open item behind `after`, with its buttons."""
        asked = await self._services.work.read(partial(_next, after))
        if asked is None:
            return SendMessage(chat_id=chat_id, text=say("review_none", language))
        item = asked.item
        words = say(
            "review_item",
            language,
            open=asked.open,
            id=item.id,
            why=say(f"why_{item.kind}", language) if item.kind in _WHYS else item.kind,
            question=_short(item.question),
        )
        rows = [
            [buttons.button(self._title(label, language), buttons.REVIEW, item.id, number)]
            for number, label in enumerate(asked.guesses)
        ]
        ignore = buttons.button(say("review_ignore", language), buttons.REVIEW, item.id, "no")
        further = buttons.button(say("review_next", language), buttons.REVIEW, item.id, "next")
        keys = buttons.markup([*rows, [ignore, further]])
        return SendMessage(chat_id=chat_id, text=words, reply_markup=keys)

    async def decide(self, pressed: Pressed, language: str) -> list[Method[Any]]:
        """Write down the decision behind a button and show the next item."""
        number, _, choice = pressed.data.partition(":")[2].partition(":")
        item_id = int(number) if number.isascii() and number.isdigit() else 0
        heard = AnswerCallbackQuery(callback_query_id=pressed.callback_id)
        chat_id = pressed.sender.chat_id
        if choice == "next":
            return [heard, await self.next_item(chat_id, language, after=item_id)]
        by = f"telegram:{pressed.sender.user_id}"
        try:
            item = await self._services.work.run(partial(_decide, item_id, choice, by))
        except (ConflictError, NotFoundError):
            words = say("review_gone", language, id=item_id)
        else:
            key = "review_accepted" if item.intent else "review_rejected"
            intent = self._title(item.intent, language) if item.intent else ""
            words = say(key, language, question=_short(item.question), intent=intent)
        done = EditMessageText(chat_id=chat_id, message_id=pressed.message_id, text=words)
        return [heard, done, await self.next_item(chat_id, language, after=item_id)]

    def _title(self, label: str, language: str) -> str:
        """What customers read on a button for this intent, and the intent's own name."""
        models = self._services.live.current
        title = models.titles.get(label, {}).get(language) if models else None
        return clean(f"{title} ({label})" if title else label)


@dataclass(frozen=True, slots=True)
class _Decided:
    question: str
    intent: str | None


def _next(after: int, session: Session) -> _Asked | None:
    found = ReviewQueue(session).open(_LOOKED_AT)
    item = next((each for each in found if each.id > after), None)
    if item is None:
        return None
    return _Asked(item, _guesses(item, session), len(found))


def _guesses(item: ReviewItem, session: Session) -> tuple[str, ...]:
    """The intents that the bot thought of, the likeliest first; the same ones at every look."""
    reply = Conversations(session).reply_to(item.message_id)
    ranked = [label for label, _ in reply.trace.get("ranked", ())] if reply else []
    labels = dict.fromkeys(([item.guess] if item.guess else []) + ranked)
    return tuple(label for label in labels if label != OUT_OF_SCOPE)[:MOST_GUESSES]


def _decide(item_id: int, choice: str, by: str, session: Session) -> _Decided:
    item = ReviewQueue(session).get(item_id)
    if choice == "no":
        decide(session, [item_id], Ignore(), by=by)
        return _Decided(item.question, None)
    guesses = _guesses(item, session)
    if not (choice.isascii() and choice.isdigit() and int(choice) < len(guesses)):
        raise NotFoundError(f"review item {item_id} has no such guess")
    intent = guesses[int(choice)]
    decide(session, [item_id], ThisIntent(intent), by=by)
    return _Decided(item.question, intent)


def _short(text: str) -> str:
    return split(clean(text), _SHOWN)[0] if text.strip() else "…"
