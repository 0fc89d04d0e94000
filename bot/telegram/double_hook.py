"""How the double posts updates to a webhook: in order per chat, until it is answered with 200."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from bot.telegram import double_rules as rules
from bot.telegram.double_rules import Parameters

Update = dict[str, Any]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105


class WebhookPoster:
    """One webhook: Telegram posts to each chat's updates one after the other, chats side by side.

    That is how the published server does it (telegram-bot-api, WebhookActor: one queue per chat).
    A refused post is made again after `again` seconds.
    """

    def __init__(self, confirmed: Callable[[int], Awaitable[None]], again: float = 0.05) -> None:
        self.url = ""
        self.secret = ""
        self.failed = 0
        self._confirmed = confirmed
        self._again = again
        self._last: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def set(self, parameters: Parameters) -> None:
        """`setWebhook`: the address and the secret that comes with every post."""
        url = rules.webhook_url(parameters)
        secret = parameters.get("secret_token", "")
        if secret and not rules.SECRET.fullmatch(secret):
            raise rules.bad_request("secret token contains unallowed characters")
        self.url, self.secret = url, secret

    def post(self, update: Update) -> None:
        """Post an update behind those of the same chat."""
        chat = _chat_of(update)
        task = asyncio.create_task(self._until_taken(update, self._last.get(chat)))
        self._last[chat] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def post_once(self, update: Update, url: str = "") -> int:
        """One post; gives the status, 0 where nobody answered."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        headers = {SECRET_HEADER: self.secret} if self.secret else {}
        try:
            async with self._session.post(
                url or self.url, json=update, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def stop(self) -> None:
        """`deleteWebhook`: what was not taken yet stays with Telegram."""
        self.url = ""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._last.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _until_taken(self, update: Update, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        while await self.post_once(update) != 200:  # noqa: PLR2004
            self.failed += 1
            await asyncio.sleep(self._again)
        await self._confirmed(update["update_id"])


def _chat_of(update: Update) -> int:
    for name in ("message", "edited_message", "my_chat_member"):
        if name in update:
            return int(update[name]["chat"]["id"])
    return int(update.get("callback_query", {}).get("message", {}).get("chat", {}).get("id", 0))
