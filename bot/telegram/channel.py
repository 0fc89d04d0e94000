"""The Telegram channel of one process: what comes in is stored, what is stored goes out."""

from __future__ import annotations

import asyncio

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramForbiddenError
from aiogram.types import Update

from bot.logs import logger
from bot.services import Services
from bot.telegram.admin import Admin
from bot.telegram.desk import Desk
from bot.telegram.drafts import Stage
from bot.telegram.flood import Flood
from bot.telegram.inbox import Inbox
from bot.telegram.outbox import Deliverer
from bot.telegram.pace import Pace
from bot.telegram.presses import CHANNEL
from bot.telegram.requests import Requests
from bot.telegram.throttle import Throttle
from bot.telegram.turns import Turns
from bot.telegram.updates import Commanded, GroupPressed, GroupSaid, Me, Pressed, read
from storage.customers import Customers
from storage.errors import KefuError
from storage.types import Delivery, Message, Role

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]


class Channel:
    """Everything between Telegram and the pipeline, however updates arrive."""

    def __init__(self, services: Services, bot: Bot, me: Me, pace: Pace) -> None:
        """Send and answer nothing before `run`."""
        self._services = services
        self._me = me
        self._pace = pace
        self._log = logger("telegram")
        self.requests = Requests(bot, Flood(pace.per_second), pace)
        self._stage = Stage(services.work, services.events, self.requests, pace)
        self._deliverer = Deliverer(self.requests, services.work, CHANNEL, pace, self._undelivered)
        self.turns = Turns(services.pipeline, self._stage, self._answered)
        throttle = Throttle(pace.customer_limit, pace.customer_window)
        self._inbox = Inbox(services, self.turns, throttle)
        self._admin = Admin(services, self.requests, pace)
        self._desk = Desk(services, self.requests, me, pace) if me.operators else None

    async def run(self) -> None:
        """Deliver until cancelled."""
        await self._stage.clean_up()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliverer.run())
            tasks.create_task(self._admin.resume())
            if self._desk is not None:
                tasks.create_task(self._desk.run())

    async def accept(self, update: Update) -> None:
        """Returns when what the update says is stored; a `KefuError` means that it is not.

        An update that breaks something of ours is logged and left behind: handed out for ever it
        would hold back all that comes after it.
        """
        try:
            await self._accept(update)
        except KefuError:
            raise
        except Exception as error:  # noqa: BLE001
            self._log.error("update_failed", update=update.update_id, exc_info=error)

    async def _accept(self, update: Update) -> None:
        deed = read(update, self._me)
        if deed is None:
            return
        if isinstance(deed, GroupSaid | GroupPressed):
            if self._desk is not None:
                self.requests.begin(await self._desk.accept(deed))
            self._deliverer.wake()
            return
        if isinstance(deed, Commanded | Pressed) and self._admin.serves(deed):
            self.requests.begin(await self._admin.accept(deed))
            return
        self.requests.begin(await self._inbox.accept(deed))
        if self._desk is not None:
            self._desk.wake()

    async def close(self) -> None:
        """Finish what is under way."""
        await self.turns.close(self._pace.closing)
        await self._deliverer.close(self._pace.closing)
        await self.requests.close(self._pace.closing)

    def _answered(self) -> None:
        self._deliverer.wake()
        if self._desk is not None:
            self._desk.wake()

    async def _undelivered(self, delivery: Delivery, message: Message, error: AiogramError) -> None:
        """Whoever blocked the bot is marked, and an operator hears that nobody heard them."""
        if isinstance(error, TelegramForbiddenError):
            await self._services.work.run(
                lambda s: Customers(s).set_reachable(CHANNEL, delivery.target, reachable=False)
            )
        if self._desk is not None and message.role is Role.OPERATOR:
            blocked = isinstance(error, TelegramForbiddenError)
            self.requests.begin(await self._desk.undelivered(message, blocked=blocked))
