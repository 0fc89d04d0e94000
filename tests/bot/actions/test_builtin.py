"""The built-in actions on a shop's files."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.actions.base import ActionCall, ActionResult, ActionStatus
from bot.actions.catalogue import Recommend, Stock
from bot.actions.files import Watched, read_orders, read_products
from bot.actions.hours import StoreHours
from bot.actions.orders import LookUp, Request
from bot.actions.ownership import order_key, verified
from bot.office import OfficeHours
from bot.work import Compute
from finetune.errors import ShopFolderError
from retrieval.embedded_training import train_search_encoder
from tests.bot.actions.conftest import ORDERS

OWNED = {"order": "GL2611080452", "phone_last4": "0014"}


def call(action: str, slots: dict[str, str], **more: object) -> ActionCall:
    values = {
        "language": "en",
        "message_id": 7,
        "text": "",
        "at": datetime(2026, 11, 25, tzinfo=UTC),
    }
    return ActionCall(action, slots, **{**values, **more})  # type: ignore[arg-type]


def look_up(folder: Path) -> LookUp:
    orders = Watched(folder / "orders.json", read_orders)
    return LookUp(orders, Watched(folder / "products.csv", read_products), "Asia/Shanghai")


def request(folder: Path) -> Request:
    orders = Watched(folder / "orders.json", read_orders)
    return Request(orders, Watched(folder / "products.csv", read_products))


async def test_the_owner_is_told_and_nothing_of_a_person(folder: Path) -> None:
    result = await look_up(folder).run(call("order_status", OWNED))
    assert result.status is ActionStatus.DONE
    assert result.values["event_time"] == "2026-11-20 10:00"
    assert result.values["items"] == "Greenleaf R40 rice cooker ×2"
    assert set(result.values) <= LookUp.variables
    assert "Wang" not in str(result.values)
    assert "7700" not in str(result.values)


async def test_a_thousand_foreign_orders_and_as_many_unknown_ones_are_told_apart_by_nothing(
    folder: Path,
) -> None:
    action = look_up(folder)
    numbers = [each["order"] for each in ORDERS[2:]] + [f"GL27{n:08}" for n in range(1000)]
    results = set()
    for number in numbers:
        result = await action.run(
            call("order_status", {"order": str(number), "phone_last4": "0000"})
        )
        results.add((result.status, str(result.values), result.request))
    assert results == {(ActionStatus.REFUSED, "{}", None)}


def test_a_foreign_order_costs_the_same_steps_as_an_unknown_one(folder: Path) -> None:
    orders = read_orders(folder / "orders.json")

    def steps(number: str) -> Counter[str]:
        seen: Counter[str] = Counter()

        def note(frame: object, event: str, arg: object) -> None:
            name = getattr(arg, "__qualname__", "") or frame.f_code.co_qualname  # type: ignore[attr-defined]
            seen[f"{event} {name}"] += event in ("call", "c_call")

        sys.setprofile(note)
        try:
            assert verified(orders, {"order": number, "phone_last4": "0000"}) is None
        finally:
            sys.setprofile(None)
        return seen

    known, unknown = steps("GL2611206774"), steps("GL2700000000")
    assert known == unknown
    assert sum(known.values()) > 3


async def test_a_request_is_noted_once_it_is_possible(folder: Path) -> None:
    packed = {"order": "GL2611206774", "phone_last4": "4663"}
    noted = await request(folder).run(call("cancel_order", packed))
    assert noted.request
    assert noted.request.order_number == "GL2611206774"
    assert (noted.values["possible"], noted.values["reference"]) == (True, "R7")
    late = await request(folder).run(call("cancel_order", OWNED))
    assert (late.values["possible"], late.request) == (False, None)
    moved = await request(folder).run(call("change_address", {**OWNED, "new_address": "1 A St"}))
    assert moved.request
    assert moved.request.details == {"new_address": "1 A St"}
    foreign = await request(folder).run(call("cancel_order", {**packed, "phone_last4": "0000"}))
    assert foreign == ActionResult(ActionStatus.REFUSED, failed_order=order_key(packed))


async def test_a_changed_file_is_read_again_and_a_broken_one_is_told(folder: Path) -> None:
    action = look_up(folder)
    await action.run(call("order_status", OWNED))
    (folder / "orders.json").write_text(json.dumps([{**ORDERS[0], "status": "delivered"}]), "utf-8")
    assert (await action.run(call("order_status", OWNED))).values["status"] == "delivered"
    (folder / "orders.json").write_text("[{", "utf-8")
    with pytest.raises(ShopFolderError, match=r"orders\.json"):
        await action.run(call("order_status", OWNED))


async def test_stock(folder: Path) -> None:
    action = Stock(Watched(folder / "products.csv", read_products))
    few = await action.run(call("stock", {"product": "GL-K15"}, language="zh"))
    named = {"name": "青禾 K15 电热水壶", "price": "¥99"}
    assert dict(few.values) == {**named, "available": True, "few": True}
    assert not (await action.run(call("stock", {"product": "GL-R50"}))).values["available"]
    assert (await action.run(call("stock", {"product": "gone"}))).status is ActionStatus.NOTHING


async def test_recommendations_keep_to_kind_budget_and_stock(folder: Path) -> None:
    compute = Compute(1)
    catalogue = Watched(folder / "products.csv", read_products)
    action = Recommend(catalogue, compute)
    names = [(each.names["zh"], each.names["en"]) for each in catalogue.get().values()]
    encoder = train_search_encoder(names)

    def asked(text: str, **more: object) -> ActionCall:
        return call("recommend", {}, text=text, encoder=encoder, **more)

    try:
        cooker = await action.run(asked("想买个电饭煲", language="zh", budget="400.00 CNY"))
        assert "R40" in str(cooker.values["products"])
        assert "R50" not in str(cooker.values["products"])
        dear = await action.run(asked("a rice cooker", budget="50.00 USD"))
        assert (dear.values["within_budget"], dear.values["count"]) == (False, 1)
        nothing = await action.run(asked("zzz qqq"))
        assert nothing.status is ActionStatus.NOTHING
    finally:
        await asyncio.to_thread(compute.close)


async def test_store_hours() -> None:
    from datetime import time

    action = StoreHours(OfficeHours(time(10), time(21, 30), time_zone="Asia/Shanghai"))
    early = await action.run(call("store_hours", {}, at=datetime(2026, 11, 25, 1, tzinfo=UTC)))
    assert (early.values["open"], early.values["now"]) == (False, "09:00")
    assert (await StoreHours(None).run(call("store_hours", {}))).status is ActionStatus.NOTHING
