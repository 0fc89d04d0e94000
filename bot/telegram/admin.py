"""What admins do from their chat: retrain, roll back, see the figures, review."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage, SendPhoto
from aiogram.methods import TelegramMethod as Method
from aiogram.types import BufferedInputFile
from sqlalchemy.orm import Session

from bot.services import Services
from bot.telegram import buttons
from bot.telegram.chart import GROUPS, count, draw
from bot.telegram.pace import Pace
from bot.telegram.requests import Requests
from bot.telegram.retraining import Retraining
from bot.telegram.reviewing import Reviewing
from bot.telegram.updates import ADMIN_COMMANDS, Commanded, Pressed, Sender
from bot.telegram.wording_staff import say
from storage.bundles import Bundles
from storage.figures import read_figures
from storage.types import BundleRecord

Courtesies = list[Method[Any]]


class Admin:
    """The commands and buttons of people whose Telegram ids the settings name."""

    def __init__(self, services: Services, requests: Requests, pace: Pace) -> None:
        """Nobody else is told that there is anything here."""
        self._services = services
        self._retraining = Retraining(services, requests, pace)
        self._reviewing = Reviewing(services)

    def serves(self, deed: Commanded | Pressed) -> bool:
        """Whether an admin, alone with the bot, asks for something that only admins may."""
        sender = deed.sender
        if not sender.private or sender.user_id not in self._services.settings.telegram_admins:
            return False
        if isinstance(deed, Commanded):
            return deed.command in ADMIN_COMMANDS
        return deed.data.partition(":")[0] in {buttons.ROLLBACK, buttons.REVIEW}

    async def accept(self, deed: Commanded | Pressed) -> Courtesies:
        """Do it; gives what to send."""
        language = self._language(deed.sender)
        if isinstance(deed, Pressed):
            if deed.data.startswith(f"{buttons.REVIEW}:"):
                return await self._reviewing.decide(deed, language)
            return await self._roll_back(deed, language)
        match deed.command:
            case "retrain":
                await self._retraining.start(deed, language)
                return []
            case "rollback":
                return [await self._ask_to_roll_back(deed.sender, language)]
            case "stats":
                return [await self._stats(deed.sender, language)]
        return [await self._reviewing.next_item(deed.sender.chat_id, language)]

    async def resume(self) -> None:
        """Go on telling how a retraining goes that was asked for before a restart."""
        await self._retraining.resume()

    async def _ask_to_roll_back(self, sender: Sender, language: str) -> SendMessage:
        live, previous = await self._services.work.read(_live_and_previous)
        if live is None or previous is None:
            return SendMessage(chat_id=sender.chat_id, text=say("rollback_none", language))
        yes = buttons.button(say("rollback_yes", language), buttons.ROLLBACK, _step(live, previous))
        no = buttons.button(say("cancel", language), buttons.ROLLBACK, "no")
        return SendMessage(
            chat_id=sender.chat_id,
            text=say("rollback_ask", language, live=live.id, previous=previous.id),
            reply_markup=buttons.markup([[yes, no]]),
        )

    async def _roll_back(self, pressed: Pressed, language: str) -> Courtesies:
        """The button names one step, so pressing it twice does not go back twice."""
        wanted = pressed.data.partition(":")[2]
        by = f"telegram:{pressed.sender.user_id}"

        def unit(session: Session) -> str | None:
            live, previous = _live_and_previous(session)
            if live is None or previous is None or _step(live, previous) != wanted:
                return None
            Bundles(session).promote(previous.id, by=by, reason="rollback", override=True)
            return previous.id

        if wanted == "no":
            words = say("cancelled", language)
        else:
            now = await self._services.work.run(unit)
            key = "rollback_done" if now else "rollback_moved"
            words = say(key, language, live=now)
        return [
            AnswerCallbackQuery(callback_query_id=pressed.callback_id),
            EditMessageText(
                chat_id=pressed.sender.chat_id, message_id=pressed.message_id, text=words
            ),
        ]

    async def _stats(self, sender: Sender, language: str) -> SendPhoto:
        figures = await self._services.work.read(read_figures)
        live = await self._services.work.read(lambda session: Bundles(session).live_id())
        groups = {group: sum(count(day, group) for day in figures.days) for group in GROUPS}
        words = say(
            "stats",
            language,
            days=len(figures.days),
            questions=sum(day.questions for day in figures.days),
            up=figures.thumbs_up,
            down=figures.thumbs_down,
            waiting=figures.waiting,
            reviews=figures.reviews,
            live=live or "-",
            **groups,
        )
        picture = await asyncio.to_thread(draw, figures.days)
        return SendPhoto(
            chat_id=sender.chat_id,
            photo=BufferedInputFile(picture, "stats.png"),
            caption=words,
        )

    def _language(self, sender: Sender) -> str:
        shop = self._services.shop
        return sender.language if sender.language in shop.languages else shop.language


def _live_and_previous(session: Session) -> tuple[BundleRecord | None, BundleRecord | None]:
    return Bundles(session).live(), Bundles(session).previous()


def _step(live: BundleRecord, previous: BundleRecord) -> str:
    """The step from one bundle to the other, short enough for a button."""
    return hashlib.sha256(f"{live.id}\n{previous.id}".encode()).hexdigest()[:16]
