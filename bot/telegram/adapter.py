"""The Telegram channel: long polling in, the outbox out. It decides nothing itself."""

from __future__ import annotations

import asyncio
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.methods import SetMyCommands, TelegramMethod
from aiogram.types import BotCommand, Update
from aiogram.utils.token import TokenValidationError

from bot.logs import logger
from bot.services import Services
from bot.telegram.failures import (
    Later,
    TelegramTokenError,
    TelegramUnreachableError,
    in_words,
    judge,
)
from bot.telegram.inbox import CHANNEL, Courtesies, Inbox
from bot.telegram.outbox import Deliverer
from bot.telegram.pace import Pace
from bot.telegram.turns import Turns
from bot.telegram.updates import read
from bot.telegram.wording import say
from storage.errors import KefuError

ALLOWED_UPDATES = ["message", "callback_query"]
COURTESY_SECONDS = 10


async def run_telegram(
    services: Services, token: str, *, api_base: str | None = None, pace: Pace | None = None
) -> None:
    """Serve the bot's private chats until cancelled."""
    pace = pace or Pace()
    bot = open_bot(token, api_base)
    deliverer = Deliverer(bot, services.work, CHANNEL, pace)
    turns = Turns(services.pipeline, deliverer.wake)
    poller = Poller(bot, Inbox(services, turns), turns, pace)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deliverer.run())
            tasks.create_task(poller.run(services.shop.languages))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    finally:
        await turns.close(pace.closing)
        await deliverer.close(pace.closing)
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


class Poller:
    """Asks for updates; one is confirmed, by asking for later ones, only after it is stored."""

    def __init__(self, bot: Bot, inbox: Inbox, turns: Turns, pace: Pace) -> None:
        """Ask for nothing before `run`."""
        self._bot = bot
        self._inbox = inbox
        self._turns = turns
        self._pace = pace
        self._offset: int | None = None
        self._log = logger("telegram")

    async def run(self, languages: tuple[str, ...]) -> None:
        """Serve until cancelled; a failure is waited out, a refused token is an error."""
        await asyncio.gather(*(self._courtesy(each) for each in _commands(languages)))
        failures = 0
        while True:
            try:
                await self._round()
                failures = 0
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise TelegramTokenError from None
            except (AiogramError, KefuError) as error:
                failures += 1
                await self._wait(error, failures)

    async def _round(self) -> None:
        await self._turns.room()
        updates = await self._bot.get_updates(
            offset=self._offset,
            timeout=self._pace.poll,
            allowed_updates=ALLOWED_UPDATES,
            request_timeout=self._pace.poll + self._pace.request,
        )
        courtesies: Courtesies = []
        try:
            for update in updates:
                courtesies += await self._store(update)
                self._offset = update.update_id + 1
        finally:
            await asyncio.gather(*(self._courtesy(method) for method in courtesies))

    async def _store(self, update: Update) -> Courtesies:
        deed = read(update)
        return await self._inbox.accept(deed) if deed is not None else []

    async def _courtesy(self, method: TelegramMethod[Any]) -> None:
        """Say something once; if that fails, nothing that the customer said is lost."""
        try:
            await self._bot(method, request_timeout=COURTESY_SECONDS)
        except AiogramError as error:
            words = in_words(error, self._bot.token)
            self._log.warning("courtesy_failed", method=type(method).__name__, error=words)

    async def _wait(self, error: AiogramError | KefuError, failures: int) -> None:
        asked = judge(error) if isinstance(error, AiogramError) else None
        pause = asked.after if isinstance(asked, Later) else None
        words = in_words(error, self._bot.token)
        self._log.warning("polling_interrupted", failures=failures, error=words)
        await asyncio.sleep(pause if pause is not None else self._pace.wait(failures))


def _commands(languages: tuple[str, ...]) -> list[SetMyCommands]:
    """The bot's menu in each language of the shop; the first one also serves all others."""
    menus = []
    for number, language in enumerate(languages):
        commands = [
            BotCommand(command="human", description=say("command_human", language)),
            BotCommand(command="help", description=say("command_help", language)),
        ]
        if number == 0:
            menus.append(SetMyCommands(commands=commands))
        menus.append(SetMyCommands(commands=commands, language_code=language))
    return menus
