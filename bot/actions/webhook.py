"""An action of the company's own systems, called as a signed HTTP request.

The body is JSON; `X-Kefu-Signature` is `v1=` and the hex HMAC-SHA256 of timestamp, a dot and the
body, under the shared secret. `Idempotency-Key` is the same for every attempt at one message.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import time
from collections.abc import Mapping
from typing import Annotated, Literal

import aiohttp
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationError,
)

from bot.actions.addresses import CheckedResolver, Network, is_reachable
from bot.actions.base import ActionCall, ActionResult, ActionStatus
from bot.actions.breaker import Breaker
from bot.actions.ownership import order_key
from bot.logs import logger
from finetune.shop_actions import WebhookConfig

MAX_ANSWER_BYTES = 65_536
ATTEMPTS = 3
_FIRST_WAIT = 0.1
_TRY_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))

_Text = Annotated[str, Field(strict=True, max_length=1000)]


class Answer(BaseModel):
    """What the other side must send: its status, and values for the wording."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["done", "refused", "nothing"]
    values: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")],
        _Text | StrictBool | StrictInt | StrictFloat,
    ] = Field(default_factory=dict, max_length=50)


class UnusableAnswerError(Exception):
    """The other side answered something that cannot be used; asking again will not help."""


class Webhook:
    """Asks another system; whatever goes wrong there is `unavailable` here."""

    def __init__(
        self, config: WebhookConfig, secret: str, *, breaker: Breaker | None = None
    ) -> None:
        """`secret` is shared with the other side and never logged."""
        self._config, self._secret = config, secret.encode()
        self._allowed: tuple[Network, ...] = tuple(map(ipaddress.ip_network, config.allow))
        self._breaker = breaker or Breaker()
        self._logger = logger("actions")

    @property
    def variables(self) -> frozenset[str]:
        """The values that shop.toml says the answer can have."""
        return frozenset(self._config.values)

    @property
    def offered(self) -> bool:
        """Whether shop.toml says that it is offered beside the wording."""
        return self._config.offered

    async def run(self, call: ActionCall) -> ActionResult:
        """The other side's answer to one message."""
        if not self._breaker.allows():
            return ActionResult(ActionStatus.UNAVAILABLE)
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                answer = await self._ask(call)
        except (TimeoutError, OSError, aiohttp.ClientError, UnusableAnswerError) as error:
            self._breaker.failed()
            self._logger.warning(
                "webhook_failed", action=call.action, message=call.message_id,
                reason=type(error).__name__,
            )  # fmt: skip
            return ActionResult(ActionStatus.UNAVAILABLE)
        self._breaker.succeeded()
        refused = answer.status == "refused"
        return ActionResult(
            ActionStatus(answer.status),
            {name: answer.values[name] for name in self._config.values if name in answer.values},
            failed_order=order_key(call.slots) if refused else None,
        )

    async def _ask(self, call: ActionCall) -> Answer:
        body = _body(call)
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._allowed), use_dns_cache=False, force_close=True
        )
        self._check_literal()
        async with aiohttp.ClientSession(
            connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            for attempt in range(ATTEMPTS):
                last = attempt == ATTEMPTS - 1
                try:
                    found = await self._post(session, body, call)
                except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                    if last:
                        raise
                    found = None
                if found is not None:
                    return found
                if not last:
                    await asyncio.sleep(_FIRST_WAIT * 2**attempt)
        raise UnusableAnswerError("the other side kept failing")

    def _check_literal(self) -> None:
        """An address written as a number is never resolved, so it is checked here."""
        host = self._config.host
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        if not is_reachable(host, self._allowed):
            raise OSError("this address may not be reached by webhooks")

    async def _post(
        self, session: aiohttp.ClientSession, body: bytes, call: ActionCall
    ) -> Answer | None:
        """One attempt; None if another one may help."""
        async with session.post(
            self._config.url, data=body, headers=self._headers(body, call), allow_redirects=False
        ) as response:
            if response.status in _TRY_AGAIN:
                return None
            if response.status != 200:
                raise UnusableAnswerError(f"status {response.status}")
            return parse_answer(await _bounded(response))

    def _headers(self, body: bytes, call: ActionCall) -> Mapping[str, str]:
        moment = str(int(time.time()))
        return {
            "Content-Type": "application/json",
            "Idempotency-Key": f"kefu-{call.action}-{call.message_id}",
            "X-Kefu-Timestamp": moment,
            "X-Kefu-Signature": f"v1={sign(self._secret, moment, body)}",
        }


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The hex HMAC-SHA256 of `timestamp.body`."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def parse_answer(body: bytes) -> Answer:
    """The answer; raises `UnusableAnswerError` if it is not of the agreed shape."""
    try:
        return Answer.model_validate_json(body)
    except ValidationError as error:
        raise UnusableAnswerError("the answer is not of the agreed shape") from error


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_chunked(8192):
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise UnusableAnswerError(f"more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _body(call: ActionCall) -> bytes:
    told = {
        "action": call.action,
        "message": call.message_id,
        "language": call.language,
        "slots": dict(call.slots),
        "at": call.at.isoformat(),
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
