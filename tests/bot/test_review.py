"""The queue as conversations fill it, and its clusters."""

from __future__ import annotations

from bot.review import review_cluster, review_clusters
from storage.conversations import Conversations
from storage.review import ReviewQueue
from storage.types import ReviewItem
from tests.bot.conftest import TEXTS, Shop


async def items(shop: Shop) -> list[ReviewItem]:
    return await shop.services.work.read(lambda session: ReviewQueue(session).open())


async def test_asking_the_same_again_is_a_sign(shop: Shop) -> None:
    talk = await shop.begin()
    await shop.ask(talk, "怎么退款")
    await shop.ask(talk, "到底怎么退款啊")
    (item,) = await items(shop)
    assert (item.question, item.kinds, item.guess) == ("怎么退款", ("rephrased",), "refund")


async def test_what_a_person_answered_is_kept_as_a_proposal(shop: Shop, staff_id: int) -> None:
    talk = await shop.begin()
    await shop.ask(talk, "锅底糊了怎么清理干净")
    await shop.ask(talk, "转人工")
    await shop.services.handoff.take(talk.id, staff_id)
    await shop.services.handoff.say(talk.id, staff_id, "您好，请稍等")
    await shop.services.handoff.say(talk.id, staff_id, "用小苏打煮，电话 13812345678")
    (item,) = await items(shop)
    assert item.question == "锅底糊了怎么清理干净"
    assert item.kinds == ("no_answer", "operator_answered")
    assert item.proposal.startswith("用小苏打煮")
    assert "13812345678" not in item.proposal


async def test_what_a_template_says_needs_no_review(shop: Shop, staff_id: int) -> None:
    talk = await shop.begin()
    await shop.services.handoff.take(talk.id, staff_id)
    await shop.ask(talk, "我的钱什么时候回来")
    await shop.services.handoff.say(talk.id, staff_id, TEXTS["refund"]["zh"][0])
    assert await items(shop) == []


async def test_clusters_carry_what_a_decision_needs(shop: Shop) -> None:
    for text in ("怎么给水壶清理", "怎麼給水壺清理？", "xylophone zebra"):
        await shop.ask(await shop.begin(), text)
    talk = await shop.begin()
    await shop.ask(talk, "怎么退款")
    (reply,) = [m for m in await shop.messages(talk) if m.reply_to]
    await shop.services.work.run(lambda s: Conversations(s).add_feedback(reply.id, -1))
    found = await review_clusters(shop.services)
    assert [each.size for each in found] == [2, 1, 1]
    kettle = found[0]
    assert kettle.kinds == ("no_answer",)
    assert kettle.id == f"c{min(item.id for item in kettle.items)}"
    assert kettle.answer is not None
    assert kettle.newest == max(item.created_at for item in kettle.items)
    liked = next(each for each in found if each.question == "怎么退款")
    assert liked.intents[0][0] == "refund"
    assert liked.kinds == ("thumbs_down",)
    assert await review_cluster(shop.services, liked.id) == liked


async def test_an_empty_queue_has_no_clusters(shop_without_bundle: Shop) -> None:
    assert await review_clusters(shop_without_bundle.services) == []
    await shop_without_bundle.ask(await shop_without_bundle.begin(), "怎么退款")
    (only,) = await review_clusters(shop_without_bundle.services)
    assert (only.size, only.intents, only.answer) == (1, (), None)
