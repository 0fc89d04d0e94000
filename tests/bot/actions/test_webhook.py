"""Webhooks against a real server on loopback, beside the built-in actions' contract."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.actions.addresses import CheckedResolver, is_reachable
from bot.actions.base import Action, ActionCall, ActionStatus
from bot.actions.breaker import Breaker
from bot.actions.files import Watched, read_orders, read_products
from bot.actions.orders import LookUp
from bot.actions.ownership import order_key, verified
from bot.actions.webhook import MAX_ANSWER_BYTES, Webhook, sign
from finetune.errors import ShopFolderError
from finetune.shop_actions import WebhookConfig, read_order_pattern, read_webhooks
from finetune.tomlfile import TomlTable

SECRET = "a secret of the tests"
LOOPBACK = ("127.0.0.0/8",)
CALL = ActionCall(
    "order_status", {"order": "GL2611080452", "phone_last4": "0014"}, "en", 7, "",
    datetime(2026, 11, 25, tzinfo=UTC),
)  # fmt: skip
DONE = {"status": "done", "values": {"order": "GL2611080452", "status_text": "on its way"}}


@dataclass
class Company:
    """The other side: what it answers, and what it was asked."""

    answers: list[Callable[[], Any]]
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((dict(request.headers), await request.read()))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]()
        return await answer if asyncio.iscoroutine(answer) else answer


@asynccontextmanager
async def company(*answers: Callable[[], Any]) -> AsyncIterator[Company]:
    made = Company(list(answers))
    app = web.Application()
    app.router.add_post("/act", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.url = f"http://127.0.0.1:{port}/act"
    try:
        yield made
    finally:
        await runner.cleanup()


def webhook(url: str, **more: Any) -> Webhook:
    values = ("order", "status_text", "missing")
    config = WebhookConfig("order_status", url, "KEFU_ACTION_X", 2.0, LOOPBACK, values)
    return Webhook(replace(config, **more), SECRET)


def answer(body: object = DONE, status: int = 200, **more: Any) -> Callable[[], web.Response]:
    return lambda: web.Response(text=json.dumps(body), status=status, **more)


@pytest.fixture(params=["built-in", "webhook"])
async def look_up(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Action]:
    """The same look-up on the shop's files, and in a company's system that reads the same files."""
    orders = Watched(folder / "orders.json", read_orders)
    if request.param == "built-in":
        yield LookUp(orders, Watched(folder / "products.csv", read_products), "Asia/Shanghai")
        return
    async with company(lambda: None) as other:

        def look_up() -> web.Response:
            asked = json.loads(other.asked[-1][1])
            found = verified(orders.get(), asked["slots"])
            body = {"status": "refused"} if found is None else DONE
            return web.Response(text=json.dumps(body))

        other.answers = [look_up]
        yield webhook(other.url)


async def test_contract_the_owner_is_told(look_up: Action) -> None:
    result = await look_up.run(CALL)
    assert result.status is ActionStatus.DONE
    assert result.values["order"] == "GL2611080452"
    assert set(result.values) <= look_up.variables


@pytest.mark.parametrize("number", ["GL2611080452", "GL2799999999"])
async def test_contract_everybody_else_is_refused_alike(look_up: Action, number: str) -> None:
    slots = {"order": number, "phone_last4": "9999"}
    result = await look_up.run(replace(CALL, slots=slots))
    assert (result.status, dict(result.values)) == (ActionStatus.REFUSED, {})
    assert result.failed_order == order_key(slots)


async def test_a_request_is_signed_and_names_its_message() -> None:
    async with company(answer()) as other:
        result = await webhook(other.url).run(CALL)
    assert dict(result.values) == {"order": "GL2611080452", "status_text": "on its way"}
    headers, body = other.asked[0]
    expected = sign(SECRET.encode(), headers["X-Kefu-Timestamp"], body)
    assert headers["X-Kefu-Signature"] == f"v1={expected}"
    assert headers["Idempotency-Key"] == "kefu-order_status-7"
    assert json.loads(body)["slots"] == CALL.slots


async def test_a_passing_failure_is_tried_again_under_the_same_key() -> None:
    async with company(answer(status=503), answer(status=502), answer()) as other:
        assert (await webhook(other.url).run(CALL)).status is ActionStatus.DONE
    assert len({headers["Idempotency-Key"] for headers, _ in other.asked}) == 1
    assert len(other.asked) == 3


@pytest.mark.parametrize(
    ("reply", "attempts"),
    [
        (answer(status=500), 3),
        (answer(status=404), 1),
        (answer(status=302, headers={"Location": "/act"}), 1),
        (answer({"status": "done", "values": {"a": {"nested": 1}}}), 1),
        (answer({"status": "paid"}), 1),
        (answer({"status": "done", "values": {"order": "x" * 1001}}), 1),
        (answer([]), 1),
        (lambda: web.Response(text="<html>"), 1),
        (lambda: web.Response(body=b" " * (MAX_ANSWER_BYTES + 1)), 1),
    ],
)
async def test_what_cannot_be_used_is_unavailable(reply: Any, attempts: int) -> None:
    async with company(reply) as other:
        result = await webhook(other.url).run(CALL)
    assert (result.status, dict(result.values)) == (ActionStatus.UNAVAILABLE, {})
    assert len(other.asked) == attempts


async def test_a_slow_other_side_is_not_waited_for() -> None:
    released = asyncio.Event()

    async def never() -> web.Response:
        await released.wait()
        return web.Response()

    async with company(never) as other:
        result = await webhook(other.url, timeout_seconds=0.2).run(CALL)
        released.set()
    assert result.status is ActionStatus.UNAVAILABLE


async def test_the_breaker_leaves_a_dead_other_side_alone_and_tries_later() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, rest=30, clock=lambda: now[0])
    async with company(answer(status=404), answer(status=404), answer()) as other:
        made = Webhook(webhook(other.url)._config, SECRET, breaker=breaker)
        for _ in range(4):
            assert (await made.run(CALL)).status is ActionStatus.UNAVAILABLE
        assert len(other.asked) == 2
        now[0] = 31
        assert (await made.run(CALL)).status is ActionStatus.DONE
        assert (await made.run(CALL)).status is ActionStatus.DONE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_the_inner_network_is_out_of_reach_unless_allowed(host: str) -> None:
    async with company(answer()) as other:
        url = other.url.replace("127.0.0.1", host)
        result = await webhook(url, allow=()).run(CALL)
    assert result.status is ActionStatus.UNAVAILABLE
    assert other.asked == []


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1", "0.0.0.0",
     "100.64.0.1",
     "224.0.0.1", "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
     "::", "255.255.255.255"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_reachable(address, ())
    assert is_reachable("93.184.215.14", ())
    assert is_reachable("2606:4700::1111", ())
    allowed = (ipaddress.ip_network("10.0.0.0/8"),)
    assert is_reachable("10.1.2.3", allowed)
    assert is_reachable("::ffff:10.1.2.3", allowed)
    assert not is_reachable("192.168.1.1", allowed)


async def test_the_resolved_address_itself_is_connected_to() -> None:
    found = await CheckedResolver((ipaddress.ip_network("127.0.0.0/8"),)).resolve("127.0.0.1", 80)
    assert [each["host"] for each in found] == ["127.0.0.1"]
    with pytest.raises(OSError, match="may not reach"):
        await CheckedResolver(()).resolve("127.0.0.1", 80)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"url": "http://example.com", "secret": "KEFU_ACTION_A"}, "https"),
        ({"url": "ftp://example.com", "secret": "KEFU_ACTION_A"}, "https://"),
        ({"url": "https://u@example.com", "secret": "KEFU_ACTION_A"}, "https://"),
        ({"url": "https://example.com", "secret": "PATH"}, "KEFU_ACTION_"),
        ({"url": "https://example.com", "secret": "KEFU_ACTION_A", "allow": ["10"]}, "networks"),
        (
            {"url": "https://example.com", "secret": "KEFU_ACTION_A", "timeout_seconds": 99},
            "at most",
        ),
    ],
)
def test_a_webhook_that_cannot_work_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ShopFolderError, match=told):
        read_webhooks(TomlTable("shop.toml", {"erp": values}))


@pytest.mark.parametrize("pattern", ["(a+)+b", "a*", ".{9}", "[0-9", "a{99999}", "GL[0-9]{9}" * 9])
def test_a_pattern_that_could_be_slow_is_refused(pattern: str) -> None:
    with pytest.raises(ShopFolderError, match="pattern"):
        read_order_pattern(TomlTable("shop.toml", {"pattern": pattern}))
