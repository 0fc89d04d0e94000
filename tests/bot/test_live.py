"""News from the database: other bundles, other wordings, other knowledge."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from bot.live import PATIENCE_SECONDS
from storage.bundles import Bundles
from storage.knowledge import Knowledge
from storage.templates import Templates
from storage.types import NewPassage, TemplateDraft

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.bot.conftest import Shop


def promote(session: Session, bundle_id: str) -> None:
    bundles = Bundles(session)
    bundles.add(bundle_id, data_fingerprint=bundle_id, metrics={}, outcome="promoted")
    bundles.promote(bundle_id, by="tests", reason="better")


async def test_a_promoted_bundle_answers_the_next_message(shop: Shop) -> None:
    conversation = await shop.begin()
    assert (await shop.ask(conversation, "我要退款")).bundle == "b1"
    await shop.services.work.run(lambda s: promote(s, "b2"))
    assert (await shop.ask(conversation, "我要退款")).bundle == "b2"


async def test_a_turn_ends_with_the_models_it_began_with(shop: Shop) -> None:
    before = shop.services.live.current
    await shop.services.work.run(lambda s: promote(s, "b2"))
    await shop.services.live.check()
    assert before.bundle_id == "b1"
    assert before.classifier.predict(["refund"])[0].label == "refund"
    assert shop.services.live.current.bundle_id == "b2"


async def test_a_bundle_that_cannot_be_loaded_leaves_the_old_one(shop: Shop) -> None:
    live = shop.services.live
    load = live._load

    def refuse(bundle_id: str):
        if bundle_id == "bad":
            raise ValueError("damaged")
        return load(bundle_id)

    live._load = refuse
    await shop.services.work.run(lambda s: promote(s, "bad"))
    conversation = await shop.begin()
    assert (await shop.ask(conversation, "我要退款")).bundle == "b1"
    draft = TemplateDraft("refund", {"zh": ("退款 5 天到账。",)})
    await shop.services.work.run(lambda s: Templates(s).save(draft, editor="lin"))
    assert (await shop.ask(conversation, "我要退款")).reply == "退款 5 天到账。"
    await shop.services.work.run(lambda s: promote(s, "b3"))
    # A turn waits two seconds at most, which a busy machine may need longer than.
    await live.check()
    assert (await shop.ask(conversation, "我要退款")).bundle == "b3"


async def test_a_new_wording_is_live_at_once(shop: Shop) -> None:
    draft = TemplateDraft("refund", {"zh": ("退款 5 天到账。",)})
    await shop.services.work.run(lambda s: Templates(s).save(draft, editor="lin"))
    assert (await shop.ask(await shop.begin(), "我要退款")).reply == "退款 5 天到账。"


async def test_a_retired_template_is_never_sent_again(shop: Shop) -> None:
    def retire(session: Session) -> None:
        templates = Templates(session)
        templates.retire(templates.by_name("refund").id)

    await shop.services.work.run(retire)
    assert (await shop.ask(await shop.begin(), "我要退款")).decision == "no_answer"


async def test_a_template_with_slots_nothing_can_fill_is_not_sent(shop: Shop) -> None:
    draft = TemplateDraft("refund", {"zh": ("订单 {order_id} 已退款。",)}, slots=("order_id",))
    await shop.services.work.run(lambda s: Templates(s).save(draft, editor="lin"))
    assert (await shop.ask(await shop.begin(), "我要退款")).decision == "no_answer"


async def test_new_knowledge_is_found_and_deleted_knowledge_is_not(shop: Shop) -> None:
    text = "充电宝可以带上飞机。"

    def put(session: Session) -> None:
        passage = NewPassage(text, "飞机", 0, len(text), "zh")
        Knowledge(session).put_document("air.md", "飞机", "h", "zh", "document", text, [passage])

    conversation = await shop.begin()
    assert (await shop.ask(conversation, "充电宝 飞机")).decision == "no_answer"
    await shop.services.work.run(put)
    assert text in (await shop.ask(conversation, "充电宝 飞机")).reply
    await shop.services.work.run(lambda s: Knowledge(s).delete_document("air.md"))
    assert (await shop.ask(conversation, "充电宝 飞机")).decision == "no_answer"


async def test_news_is_loaded_once_for_all_turns(shop: Shop) -> None:
    live = shop.services.live
    load = live._load
    loaded: list[str] = []

    def counted(bundle_id: str):
        loaded.append(bundle_id)
        return load(bundle_id)

    live._load = counted
    await shop.services.work.run(lambda s: promote(s, "b2"))
    conversations = [await shop.begin() for _ in range(8)]
    await asyncio.gather(*(shop.ask(each, "我要退款") for each in conversations))
    assert loaded == ["b2"]


async def test_turns_go_on_with_the_old_bundle_while_a_slow_one_loads(shop: Shop) -> None:
    live = shop.services.live
    load = live._load
    may_load = threading.Event()

    def slowly(bundle_id: str):
        assert may_load.wait(30)
        return load(bundle_id)

    live._load = slowly
    await shop.services.work.run(lambda s: promote(s, "b2"))
    conversation = await shop.begin()
    checking = asyncio.create_task(live.check())
    while live._busy_since is None:
        await asyncio.sleep(0)
    live._busy_since -= PATIENCE_SECONDS
    assert (await shop.ask(conversation, "我要退款")).bundle == "b1"
    may_load.set()
    await checking
    assert (await shop.ask(conversation, "我要退款")).bundle == "b2"
