"""A Bot API server on loopback, for trying the Telegram channel without Telegram.

It keeps the documented promises that the adapter relies on: an update is handed out again until
a later offset confirms it, and a request that breaks a documented limit is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from aiohttp import web

from bot.telegram import double_rules as rules
from bot.telegram.double_rules import Parameters, Refusal

DEFAULT_TOKEN = "42:TEST-token-of-the-double"  # noqa: S105


class Cut(StrEnum):
    """When a scripted failure cuts the connection: before the request takes effect, or after."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that reached a chat."""

    message_id: int
    chat_id: int
    text: str
    buttons: tuple[tuple[str, str], ...]
    raw: dict[str, str] = field(repr=False)


class BotApiDouble:
    """The server: `async with BotApiDouble() as telegram`, then point a bot at `telegram.base`.

    `script("sendMessage", refusal, ...)` makes the next calls of a method fail, in order.
    """

    def __init__(self, token: str = DEFAULT_TOKEN, *, first_update: int = 1000) -> None:
        self.token = token
        self.sent: list[SentMessage] = []
        self.deleted: list[tuple[int, int]] = []
        self.answered_callbacks: list[str] = []
        self.commands: list[dict[str, str]] = []
        self.blocked: set[int] = set()
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.base = ""
        self._updates: deque[dict[str, Any]] = deque()
        self.updates: dict[int, dict[str, Any]] = {}
        self._next_update = first_update
        self._next_message = 1
        self._script: dict[str, deque[Refusal | Cut]] = defaultdict(deque)
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port of the loopback interface."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and cut what is open."""
        if self._runner is not None:
            await self._runner.cleanup()

    def script(self, method: str, *failures: Refusal | Cut) -> None:
        """Fail the next calls of `method`, one failure per call."""
        self._script[method.lower()].extend(failures)

    async def write(
        self, chat_id: int, text: str | None, *, language: str = "en", **more: object
    ) -> int:
        """A customer writes in a private chat; `more` overrides fields of the message."""
        message = self.message(chat_id) | {"from": _person(chat_id, language)} | more
        if text is not None:
            message["text"] = text
        return await self.push({"message": message})

    async def press(self, message_id: int, button: int, *, language: str = "en") -> int:
        """A customer presses a button of a message that was sent to them."""
        sent = next(each for each in self.sent if each.message_id == message_id)
        query = {
            "id": f"callback-{self._next_update}",
            "from": _person(sent.chat_id, language),
            "chat_instance": str(sent.chat_id),
            "message": self.message(sent.chat_id) | {"message_id": message_id, "text": sent.text},
            "data": sent.buttons[button][1],
        }
        return await self.push({"callback_query": query})

    async def hand_out_again(self, update_id: int) -> int:
        """Send the content of an update once more, as after an answer that got lost."""
        return await self.push(self.updates[update_id])

    def unconfirmed(self) -> list[int]:
        """Updates that no offset has confirmed yet."""
        return [update["update_id"] for update in self._updates]

    def texts(self, chat_id: int) -> list[str]:
        """What a chat has received, in order."""
        return [message.text for message in self.sent if message.chat_id == chat_id]

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
            self._updates.append({"update_id": update_id, **content})
            self._changed.notify_all()
        return update_id

    def message(self, chat_id: int) -> dict[str, Any]:
        """A new message in a private chat, to put into an update."""
        message_id = self._next_message
        self._next_message += 1
        chat = {"id": chat_id, "type": "private", "first_name": "Lin"}
        return {"message_id": message_id, "date": int(time.time()), "chat": chat}

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        try:
            return await self._answer(request, method)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status)

    async def _answer(self, request: web.Request, method: str) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            raise Refusal(401, "Unauthorized")
        parameters = await _parameters(request)
        handler = self._handlers().get(method)
        if handler is None:
            raise Refusal(404, "Not Found: method not found")
        self.calls.append((method, parameters))
        failure = self._script[method].popleft() if self._script[method] else None
        if isinstance(failure, Refusal):
            raise failure
        if failure is Cut.BEFORE:
            return _cut(request)
        await self._tell()
        result = await handler(parameters)
        await self._tell()
        return _cut(request) if failure else web.json_response({"ok": True, "result": result})

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _handlers(self) -> dict[str, Callable[[Parameters], Any]]:
        return {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message,
            "deletemessage": self._delete_message,
            "answercallbackquery": self._answer_callback,
            "sendchataction": self._send_action,
            "setmycommands": self._set_commands,
        }

    async def _get_me(self, _: Parameters) -> dict[str, Any]:
        return {"id": 42, "is_bot": True, "first_name": "Kefu", "username": "kefu_bot"}

    async def _get_updates(self, parameters: Parameters) -> list[dict[str, Any]]:
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

    async def _send_message(self, parameters: Parameters) -> dict[str, Any]:
        chat_id = rules.require_int(parameters, "chat_id")
        text = rules.shown_text(parameters)
        rows = rules.inline_keyboard(parameters)
        if chat_id in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        message = self.message(chat_id)
        buttons = tuple((each["text"], each["callback_data"]) for row in rows for each in row)
        sent = SentMessage(message["message_id"], chat_id, text, buttons, dict(parameters))
        self.sent.append(sent)
        return message | {"text": text}

    async def _edit_message(self, parameters: Parameters) -> dict[str, Any]:
        at = self._find(parameters)
        text, rows = rules.shown_text(parameters), rules.inline_keyboard(parameters)
        buttons = tuple((each["text"], each["callback_data"]) for row in rows for each in row)
        old = self.sent[at]
        if (text, buttons) == (old.text, old.buttons):
            raise rules.bad_request("message is not modified")
        new = SentMessage(old.message_id, old.chat_id, text, buttons, dict(parameters))
        self.sent[at] = new
        return self.message(old.chat_id) | {"message_id": old.message_id, "text": text}

    async def _delete_message(self, parameters: Parameters) -> bool:
        gone = self.sent.pop(self._find(parameters))
        self.deleted.append((gone.chat_id, gone.message_id))
        return True

    def _find(self, parameters: Parameters) -> int:
        wanted = (
            rules.require_int(parameters, "chat_id"),
            rules.require_int(parameters, "message_id"),
        )
        for at, message in enumerate(self.sent):
            if (message.chat_id, message.message_id) == wanted:
                return at
        raise rules.bad_request("message to edit not found")

    async def _answer_callback(self, parameters: Parameters) -> bool:
        if len(parameters.get("text", "")) > rules.MAX_CALLBACK_ANSWER:
            raise rules.bad_request("MESSAGE_TOO_LONG")
        self.answered_callbacks.append(rules.require(parameters, "callback_query_id"))
        return True

    async def _send_action(self, parameters: Parameters) -> bool:
        rules.require_int(parameters, "chat_id")
        if rules.require(parameters, "action") != "typing":
            raise rules.bad_request("wrong parameter action in request")
        return True

    async def _set_commands(self, parameters: Parameters) -> bool:
        self.commands = rules.commands(parameters)
        return True


def _person(chat_id: int, language: str) -> dict[str, Any]:
    return {"id": chat_id, "is_bot": False, "first_name": "Lin", "language_code": language}


async def _parameters(request: web.Request) -> dict[str, str]:
    found = {key: str(value) for key, value in request.query.items()}
    if request.content_type == "application/json":
        given = await request.json()
    else:
        given = await request.post()
    return found | {key: str(value) for key, value in given.items()}


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
