"""A Bot API server on loopback, for trying the Telegram channel without Telegram.

It keeps the documented promises that the adapter relies on: an update is handed out again until
a later offset confirms it (or posted again until it is answered with 200), and a request that
breaks a documented limit is refused.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Self

from aiohttp import web

from bot.telegram.double_hook import WebhookPoster
from bot.telegram.double_methods import BOT_NAME, ChatMethods, SentMessage, person
from bot.telegram.double_rules import Parameters, Refusal

DEFAULT_TOKEN = "42:TEST-token-of-the-double"  # noqa: S105

__all__ = ["BOT_NAME", "BotApiDouble", "Cut", "SentMessage"]


class Cut(StrEnum):
    """When a scripted failure cuts the connection: before the request takes effect, or after."""

    BEFORE = "before"
    AFTER = "after"


class BotApiDouble(ChatMethods):
    """The server: `async with BotApiDouble() as telegram`, then point a bot at `telegram.base`.

    `script("sendMessage", refusal, ...)` makes the next calls of a method fail, in order.
    """

    def __init__(self, token: str = DEFAULT_TOKEN, *, first_update: int = 1000) -> None:
        super().__init__()
        self.token = token
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.base = ""
        self.updates: dict[int, dict[str, Any]] = {}
        self.webhook = WebhookPoster(self._confirm)
        self._updates: deque[dict[str, Any]] = deque()
        self._next_update = first_update
        self._script: dict[str, deque[Refusal | Cut]] = defaultdict(deque)
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port of the loopback interface."""
        app = web.Application(client_max_size=50_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/files/{file_id}", self._hand_out_file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and cut what is open."""
        await self.webhook.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def script(self, method: str, *failures: Refusal | Cut) -> None:
        """Fail the next calls of `method`, one failure per call."""
        self._script[method.lower()].extend(failures)

    async def write(
        self,
        chat_id: int,
        text: str | None,
        *,
        language: str = "en",
        by: int | None = None,
        **more: object,
    ) -> int:
        """Somebody writes: a customer in their chat, or `by` in a group.

        `more` overrides fields of the message.
        """
        message = self.message(chat_id) | {"from": person(by or abs(chat_id), language)} | more
        if text is not None:
            message["text"] = text
        self.posted[chat_id, message["message_id"]] = message
        return await self.push({"message": message})

    async def edit(self, update_id: int, text: str, at: int) -> int:
        """A customer gives their message of an earlier update another wording, at a moment."""
        old = self.updates[update_id]["message"]
        return await self.push({"edited_message": old | {"text": text, "edit_date": at}})

    async def reply(self, sent: SentMessage, text: str | None, *, by: int, **more: Any) -> int:  # noqa: ANN401
        """Somebody replies to a message of the bot in a group."""
        answered = self.message(sent.chat_id) | {
            "message_id": sent.message_id, "from": person(42, "en") | {"is_bot": True},
            "text": sent.text,
        }  # fmt: skip
        return await self.write(sent.chat_id, text, by=by, reply_to_message=answered, **more)

    async def press(
        self, message_id: int, button: int, *, language: str = "en", by: int | None = None
    ) -> int:
        """Somebody presses a button of a message that was sent."""
        sent = next(each for each in self.sent if each.message_id == message_id)
        query = {
            "id": f"callback-{self._next_update}",
            "from": person(by or abs(sent.chat_id), language),
            "chat_instance": str(sent.chat_id),
            "message": self.message(sent.chat_id) | {"message_id": message_id, "text": sent.text},
            "data": sent.buttons[button][1],
        }
        return await self.push({"callback_query": query})

    async def change_membership(self, chat_id: int, old: str, new: str) -> int:
        """A customer stops the bot (`kicked`) or starts it again (`member`)."""
        states = {
            name: {"status": status, "user": {"id": 42, "is_bot": True, "first_name": "Kefu"}}
            | ({"until_date": 0} if status == "kicked" else {})
            for name, status in (("old_chat_member", old), ("new_chat_member", new))
        }
        now = self.message(chat_id)
        changed = {"chat": now["chat"], "date": now["date"], "from": person(chat_id, "en")}
        return await self.push({"my_chat_member": changed | states})

    async def hand_out_again(self, update_id: int) -> int:
        """Send the content of an update once more, as after an answer that got lost."""
        return await self.push(self.updates[update_id])

    def unconfirmed(self) -> list[int]:
        """Updates that nothing has confirmed yet."""
        return [update["update_id"] for update in self._updates]

    async def wait_for(self, condition: Callable[[Self], bool], timeout: float = 10.0) -> None:
        """Return once `condition` holds; it is looked at after every call."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def push(self, content: dict[str, Any]) -> int:
        """Queue an update; gives its id."""
        async with self._changed:
            update_id = self._next_update
            self._next_update += 1
            self.updates[update_id] = content
            if "callback_query" in content:
                self._asked_callbacks.add(content["callback_query"]["id"])
            update = {"update_id": update_id, **content}
            self._updates.append(update)
            if self.webhook.url:
                self.webhook.post(update)
            self._changed.notify_all()
        return update_id

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        try:
            return await self._answer(request, method)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status)

    async def _hand_out_file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["file_id"])
        if content is None or request.match_info["token"] != self.token:
            return web.Response(status=404)
        return web.Response(body=content)

    async def _answer(self, request: web.Request, method: str) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            raise Refusal(401, "Unauthorized")
        parameters = await _parameters(request)
        handler = self.handlers().get(method)
        if handler is None:
            raise Refusal(404, "Not Found: method not found")
        self.calls.append((method, dict(parameters)))
        failure = self._script[method].popleft() if self._script[method] else None
        if isinstance(failure, Refusal):
            await self._tell()
            raise failure
        if failure is Cut.BEFORE:
            await self._tell()
            return _cut(request)
        await self._tell()
        result = await handler(parameters)
        await self._tell()
        return _cut(request) if failure else web.json_response({"ok": True, "result": result})

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def handlers(self) -> Mapping[str, Callable[[Parameters], Awaitable[Any]]]:
        """The methods of chats, and the two ways to get updates."""
        return {
            **super().handlers(),
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
        }

    async def _get_updates(self, parameters: Parameters) -> list[dict[str, Any]]:
        if self.webhook.url:
            raise Refusal(
                409, "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )  # fmt: skip
        offset = int(parameters.get("offset", "0"))
        limit = min(max(int(parameters.get("limit", "100")), 1), 100)
        while self._updates and self._updates[0]["update_id"] < offset:
            self._updates.popleft()
        try:
            async with asyncio.timeout(float(parameters.get("timeout", "0"))), self._changed:
                await self._changed.wait_for(lambda: bool(self._updates))
        except TimeoutError:
            return []
        return list(self._updates)[:limit]

    async def _set_webhook(self, parameters: Parameters) -> bool:
        await self.webhook.stop()
        self.webhook.set(parameters)
        for update in self._updates:
            self.webhook.post(update)
        return True

    async def _delete_webhook(self, parameters: Parameters) -> bool:
        await self.webhook.stop()
        if parameters.get("drop_pending_updates", "false").lower() == "true":
            self._updates.clear()
        return True

    async def _confirm(self, update_id: int) -> None:
        """A webhook has taken it."""
        async with self._changed:
            kept = [each for each in self._updates if each["update_id"] != update_id]
            self._updates = deque(kept)
            self._changed.notify_all()


async def _parameters(request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = {key: str(value) for key, value in request.query.items()}
    if request.content_type == "application/json":
        given: Mapping[str, Any] = await request.json()
    else:
        given = await request.post()
    for key, value in given.items():
        is_file = isinstance(value, web.FileField)
        found[key] = value.file.read() if is_file else str(value)
        if is_file:
            found[f"{key}.name"] = value.filename
    return found


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
