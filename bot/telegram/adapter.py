"""The Telegram channel's two ways in: asking for updates, or being sent them."""

from __future__ import annotations

import asyncio
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.methods import DeleteWebhook, GetMe, SetWebhook, TelegramMethod
from aiogram.types import Update
from aiogram.utils.token import TokenValidationError
from pydantic import ValidationError

from bot.logs import logger
from bot.services import Services
from bot.telegram.channel import ALLOWED_UPDATES, Channel
from bot.telegram.failures import (
    Later,
    TelegramTokenError,
    TelegramUnreachableError,
    TelegramWebhookError,
    in_words,
    judge,
)
from bot.telegram.menus import menus
from bot.telegram.pace import Pace
from bot.telegram.updates import Me
from bot.webhook import Webhook
from storage.errors import KefuError


async def run_telegram(
    services: Services,
    token: str,
    *,
    api_base: str | None = None,
    pace: Pace | None = None,
    webhook: Webhook | None = None,
) -> None:
    """Serve the bot's chats until cancelled: by asking for updates, or through a webhook."""
    pace = pace or Pace()
    bot = open_bot(token, api_base)
    try:
        patient = Patient(bot, pace)
        found = await patient.send(GetMe())
        me = Me(found.id, found.username or "", services.settings.telegram_operators)
        channel = Channel(services, bot, me, pace)
        try:
            channel.requests.begin(menus(services.shop.languages, services.settings))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(channel.run())
                way_in = _be_sent(patient, channel, webhook) if webhook else None
                tasks.create_task(way_in or Poller(patient, channel, pace).run())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        finally:
            await channel.close()
    finally:
        await bot.session.close()


def open_bot(token: str, api_base: str | None) -> Bot:
    """The client of aiogram, pointed at Telegram or at another server of the Bot API."""
    server = TelegramAPIServer.from_base(api_base) if api_base else PRODUCTION
    try:
        return Bot(token, session=AiohttpSession(api=server))
    except TokenValidationError:
        raise TelegramTokenError from None


async def look_up_bot(token: str, api_base: str | None, *, seconds: int = 10) -> str:
    """The bot's user name; a `TelegramUnreachableError` says why Telegram does not tell it."""
    async with open_bot(token, api_base) as bot:
        try:
            me = await bot.get_me(request_timeout=seconds)
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise TelegramTokenError from None
        except AiogramError as error:
            raise TelegramUnreachableError(in_words(error, token)) from None
    return me.username or me.first_name


class Patient:
    """Asks until Telegram answers; only a refused token is the end."""

    def __init__(self, bot: Bot, pace: Pace) -> None:
        """Use this bot's connection."""
        self.bot = bot
        self._pace = pace
        self._log = logger("telegram")

    async def send(self, method: TelegramMethod[Any], *, seconds: float | None = None) -> Any:  # noqa: ANN401
        """The answer, however long it takes; a bad request is raised."""
        failures = 0
        while True:
            try:
                wait = int(seconds or self._pace.request)
                return await self.bot(method, request_timeout=wait)
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise TelegramTokenError from None
            except TelegramBadRequest:
                raise
            except AiogramError as error:
                failures += 1
                await self.wait(error, failures)

    async def wait(self, error: AiogramError | KefuError, failures: int) -> None:
        """Wait as long as Telegram asks, or a little longer after each failure in a row."""
        asked = judge(error) if isinstance(error, AiogramError) else None
        pause = asked.after if isinstance(asked, Later) else None
        words = in_words(error, self.bot.token)
        self._log.warning("telegram_interrupted", failures=failures, error=words)
        await asyncio.sleep(pause if pause is not None else self._pace.wait(failures))


async def _be_sent(patient: Patient, channel: Channel, webhook: Webhook) -> None:
    """Take what Telegram posts. At the end the address stays: Telegram keeps what comes then."""
    log = logger("telegram")

    async def accept(body: bytes) -> None:
        try:
            update = Update.model_validate_json(body, context={"bot": patient.bot})
        except ValidationError as error:
            # Refused, it would be posted for a day and hold back what this chat says after it.
            log.error("update_unreadable", problems=error.error_count())
            return
        await channel.turns.room()
        await channel.accept(update)

    webhook.answer(accept)
    method = SetWebhook(
        url=webhook.url, secret_token=webhook.secret, allowed_updates=ALLOWED_UPDATES
    )
    try:
        try:
            await patient.send(method)
        except TelegramBadRequest as error:
            raise TelegramWebhookError(in_words(error, patient.bot.token)) from None
        await asyncio.Event().wait()
    finally:
        webhook.answer(None)


class Poller:
    """Asks for updates; one is confirmed, by asking for later ones, only after it is stored."""

    def __init__(self, patient: Patient, channel: Channel, pace: Pace) -> None:
        """Ask for nothing before `run`."""
        self._patient = patient
        self._channel = channel
        self._pace = pace
        self._offset: int | None = None

    async def run(self) -> None:
        """Serve until cancelled; a failure is waited out, a refused token is an error.

        A webhook of before is taken away first; what waits for it is handed out here.
        """
        await self._patient.send(DeleteWebhook(drop_pending_updates=False))
        failures = 0
        while True:
            try:
                await self._round()
                failures = 0
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise TelegramTokenError from None
            except (AiogramError, KefuError) as error:
                failures += 1
                await self._patient.wait(error, failures)

    async def _round(self) -> None:
        await self._channel.turns.room()
        updates = await self._patient.bot.get_updates(
            offset=self._offset,
            timeout=self._pace.poll,
            allowed_updates=ALLOWED_UPDATES,
            request_timeout=self._pace.poll + self._pace.request,
        )
        for update in updates:
            await self._channel.accept(update)
            self._offset = update.update_id + 1
