"""Forms and actions through the whole pipeline, with a real database and the shop's files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.actions.run import MOST_PER_CONVERSATION
from bot.live import Models
from bot.services import open_services
from bot.settings import Settings
from bot.testing import keyword_models
from bot.types import DecisionKind
from bot.work import Compute
from finetune.shop import load_intents
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.database import Database
from storage.migrate import upgrade
from storage.service import ServiceRequests
from storage.templates import Templates
from storage.types import ConversationStatus
from tests.bot.conftest import Shop

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "shop"
KEYWORDS = {
    "order_status": ("where",),
    "cancel_order": ("cancel",),
    "shipping_fee": ("how much",),
}
OWN, DIGITS = "GL2611080452", "0014"
PACKED, PACKED_DIGITS = "GL2611206774", "4663"


def stock(session: Session) -> dict[str, int | None]:
    templates = Templates(session)
    drafts = {draft.name: draft for draft in load_intents(SAMPLE)}
    saved: dict[str, int | None] = {
        name: templates.save(drafts[name], editor="shop").id for name in KEYWORDS
    }
    bundles = Bundles(session)
    if bundles.live() is None:
        bundles.add("b1", data_fingerprint="f", metrics={}, outcome="promoted")
        bundles.promote("b1", by="tests", reason="first")
    return saved


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Shop]:
    folder = home / "shop"
    if not folder.exists():
        folder.mkdir(parents=True)
        for name in ("shop.toml", "intents.toml", "orders.json", "products.csv"):
            shutil.copy(SAMPLE / name, folder / name)
    settings = Settings(home=home / "home", shop=folder, watch_seconds=60)
    settings.prepare_home()
    database = Database(settings.url)
    upgrade(database)
    with database.session() as session:
        labels = stock(session)
    database.dispose()
    compute = Compute(1)

    def load(bundle_id: str) -> Models:
        return keyword_models(bundle_id, compute, KEYWORDS, labels)

    async with open_services(settings, load=load) as services:
        yield Shop(services)
    await asyncio.to_thread(compute.close)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(tmp_path) as shop:
        yield shop


async def test_a_form_survives_a_restart_and_shows_the_owner_the_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as shop:
        conversation = await shop.begin()
        asked = await shop.ask(conversation, f"where is {OWN}")
        assert (asked.decision, asked.intent) == (DecisionKind.FORM, "order_status")
    async with opened(tmp_path) as shop:
        told = await shop.ask(conversation, DIGITS, external_id="after")
        assert told.decision is DecisionKind.ACTION
        assert OWN in told.reply
        assert "GP225567953CN" in told.reply


async def test_every_foreign_number_is_told_the_same_until_it_is_closed_to_all(shop: Shop) -> None:
    replies = set()
    for number in ("GL2609019474", "GL2609016740", "GL2799999999", "GL2700000001"):
        conversation = await shop.begin()
        reply = await shop.ask(conversation, f"where is {number}, phone ends in 9999")
        replies.add((reply.decision, reply.intent, reply.reply, reply.quick_replies))
    assert len(replies) == 1
    conversation = await shop.begin()
    said = [
        await shop.ask(conversation, f"where is GL27000000{n:02}, phone ends in 9999")
        for n in range(MOST_PER_CONVERSATION + 1)
    ]
    assert len({each.reply for each in said[:-1]}) == 1
    assert "Talk to a person" in [button.text for button in said[-1].quick_replies]
    own = await shop.ask(conversation, f"where is {OWN}, phone ends in {DIGITS}")
    assert own.reply == said[-1].reply


async def test_one_order_cannot_be_guessed_at_from_many_conversations(shop: Shop) -> None:
    for guess in range(8):
        conversation = await shop.begin()
        await shop.ask(conversation, f"where is {OWN}, phone ends in {guess:04}")
    conversation = await shop.begin()
    locked = await shop.ask(conversation, f"where is {OWN}, phone ends in {DIGITS}")
    assert OWN not in locked.reply
    assert "several times" in locked.reply


async def test_a_request_stands_in_the_commit_of_the_reply_that_promises_it(shop: Shop) -> None:
    conversation = await shop.begin()
    offered = await shop.ask(conversation, "how do i cancel")
    assert offered.decision is DecisionKind.TEMPLATE
    await shop.ask(conversation, PACKED)
    done = await shop.ask(conversation, PACKED_DIGITS)
    assert done.decision is DecisionKind.ACTION
    (request,) = await shop.services.work.read(lambda s: ServiceRequests(s).list())
    assert (request.kind, request.order_number) == ("cancel_order", PACKED)
    assert request.reference in done.reply


async def test_nothing_is_requested_by_a_reply_that_was_withdrawn(
    shop: Shop, staff_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await shop.begin()
    await shop.ask(conversation, f"cancel {PACKED}")
    action = shop.services.pipeline._actions._actions["cancel_order"]
    run = action.run

    async def taken_over_meanwhile(call: object) -> object:
        await shop.services.handoff.take(conversation.id, staff_id)
        return await run(call)

    monkeypatch.setattr(action, "run", taken_over_meanwhile)
    reply = await shop.ask(conversation, PACKED_DIGITS)
    assert reply.decision is DecisionKind.RELAY
    assert await shop.services.work.read(lambda s: ServiceRequests(s).list(status=None)) == []
    now = await shop.services.work.read(lambda s: Conversations(s).get(conversation.id))
    assert now.status is ConversationStatus.PERSON


async def test_a_broken_file_is_told_honestly_and_offers_a_person(shop: Shop) -> None:
    folder = shop.services.settings.shop
    assert folder is not None
    (folder / "orders.json").write_text("[{", "utf-8")
    conversation = await shop.begin()
    reply = await shop.ask(conversation, f"where is {OWN}, phone ends in {DIGITS}")
    assert "can't reach our system" in reply.reply
    assert "Talk to a person" in [button.text for button in reply.quick_replies]


async def test_entities_are_traced_masked(shop: Shop) -> None:
    conversation = await shop.begin()
    await shop.ask(conversation, f"where is {OWN}, my phone is +44 7700 900014")
    trace = (await shop.messages(conversation))[-1].trace
    assert trace["entities"] == [["order", "********0452"], ["phone", "<phone>"]]
    assert trace["action"] == "done"
