"""The main path from end to end: real database, real generator, a classifier of keywords."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from bot.errors import MessageTooLongError
from bot.recording import overtaken
from bot.timing import Stopwatch
from bot.types import DecisionKind
from storage.conversations import Conversations
from storage.errors import NotFoundError
from storage.outbox import Outbox
from storage.review import ReviewQueue
from storage.types import ConversationStatus, Role

if TYPE_CHECKING:
    from tests.bot.conftest import Shop


async def test_a_sure_intent_gets_its_template(shop: Shop) -> None:
    reply = await shop.ask(await shop.begin(), "我要退款")
    assert reply.reply == "退款会在 3 天内到账。"
    assert (reply.decision, reply.intent, reply.language) == ("template", "refund", "zh")
    assert reply.bundle == "b1"
    assert reply.confidence == pytest.approx(0.98)


async def test_every_stage_is_timed(shop: Shop) -> None:
    reply = await shop.ask(await shop.begin(), "我要退款")
    stages = ["receive", "lock", "turn", "understand", "search", "decide", "write", "record"]
    assert list(reply.timings_ms) == [*stages, "total"]
    assert reply.timings_ms["total"] >= sum(reply.timings_ms[stage] for stage in stages) - 1


async def test_the_reply_row_keeps_why(shop: Shop) -> None:
    conversation = await shop.begin()
    reply = await shop.ask(conversation, "refund please")
    _, row = await shop.messages(conversation)
    assert row.id == reply.message
    assert row.trace["reason"] == "sure"
    assert row.trace["ranked"][0] == ["refund", 1.0]
    assert (row.template_revision, row.role) == (1, Role.BOT)


async def test_a_redelivered_message_gets_the_stored_reply(shop: Shop) -> None:
    conversation = await shop.begin()
    incoming = shop.incoming(conversation, "我要退款")
    first = await shop.services.pipeline.reply(incoming)
    second = await shop.services.pipeline.reply(incoming)
    assert (second.message, second.seq, second.reply) == (first.message, first.seq, first.reply)
    assert len(await shop.messages(conversation)) == 2


async def test_concurrent_duplicates_share_one_reply(shop: Shop) -> None:
    conversation = await shop.begin()
    incoming = shop.incoming(conversation, "我要退款")
    replies = await asyncio.gather(*(shop.services.pipeline.reply(incoming) for _ in range(10)))
    assert len({reply.message for reply in replies}) == 1
    assert len(await shop.messages(conversation)) == 2


async def test_a_hundred_at_once_keep_their_order_and_get_one_reply_each(shop: Shop) -> None:
    conversation = await shop.begin()
    texts = [f"退款 {number}" if number % 2 else f"发货 {number}" for number in range(100)]
    replies = await asyncio.gather(*(shop.ask(conversation, text) for text in texts))
    rows = await shop.messages(conversation)
    asked = [row for row in rows if row.role is Role.CUSTOMER]
    answers = [row for row in rows if row.role is Role.BOT]
    assert [row.text for row in asked] == texts
    assert [row.reply_to for row in answers] == [row.id for row in asked]
    assert [reply.message for reply in replies] == [row.id for row in answers]
    assert len(shop.services.pipeline._turns) == 0


async def test_knowledge_is_quoted_with_its_source(shop: Shop) -> None:
    drafts: list[str] = []

    async def on_draft(text: str) -> None:
        drafts.append(text)

    conversation = await shop.begin()
    with shop.services.events.subscribe(conversation.id) as heard:
        incoming = shop.incoming(conversation, "水壶除垢要煮沸吗")
        reply = await shop.services.pipeline.reply(incoming, on_draft=on_draft)
        events = [await heard.get(1) for _ in range(2 + len(drafts) + 1)]
    assert reply.decision == "grounded"
    assert "煮沸 10 分钟" in reply.reply
    assert "[1]" in reply.reply
    assert "".join(drafts) == reply.reply
    (source,) = reply.citations
    assert source.document == "kettle.md"
    kinds = [event.kind for event in events if event]
    assert kinds == ["message", "typing", *["draft"] * len(drafts), "message"]
    shown = [event.data for event in events if event and event.kind == "draft"]
    assert [data["text"] for data in shown] == drafts
    assert {data["epoch"] for data in shown} == {0}


async def test_a_listener_that_breaks_does_not_cost_the_reply(shop: Shop) -> None:
    async def on_draft(text: str) -> None:
        raise ConnectionResetError(text)

    incoming = shop.incoming(await shop.begin(), "水壶除垢要煮沸吗")
    reply = await shop.services.pipeline.reply(incoming, on_draft=on_draft)
    assert reply.decision == "grounded"


async def test_an_unknown_question_gets_an_honest_no_and_goes_to_review(shop: Shop) -> None:
    reply = await shop.ask(await shop.begin(), "门口那棵树叫什么")
    assert reply.decision == "no_answer"
    assert [button.payload for button in reply.quick_replies] == ["handoff"]
    (item,) = await shop.services.work.run(lambda s: ReviewQueue(s).open(10))
    assert (item.kind, item.question) == ("no_answer", "门口那棵树叫什么")


async def test_two_close_intents_are_offered_and_the_button_is_answered(shop: Shop) -> None:
    conversation = await shop.begin()
    asked = await shop.ask(conversation, "refund or ship")
    assert asked.decision == "clarify"
    payloads = [button.payload for button in asked.quick_replies]
    assert payloads == ["intent:refund", "intent:shipping", "none"]
    picked = await shop.ask(conversation, "Shipping", payload="intent:shipping")
    assert (picked.decision, picked.reply) == ("template", "We ship the same day.")


async def test_typing_what_a_button_says_presses_it(shop: Shop) -> None:
    conversation = await shop.begin()
    asked = await shop.ask(conversation, "refund or ship")
    picked = await shop.ask(conversation, asked.quick_replies[0].text.upper())
    assert picked.reply == "Refunds arrive within 3 days."


async def test_none_of_these_is_an_honest_no(shop: Shop) -> None:
    conversation = await shop.begin()
    await shop.ask(conversation, "refund or ship")
    reply = await shop.ask(conversation, "None of these", payload="none")
    assert reply.decision == "no_answer"
    assert "misunderstood" in reply.reply


@pytest.mark.parametrize("payload", ["intent:shipping", "handoff", "bot", "intent:../../x"])
async def test_a_payload_that_nobody_offered_is_only_text(shop: Shop, payload: str) -> None:
    conversation = await shop.begin()
    reply = await shop.ask(conversation, "我要退款", payload=payload)
    assert (reply.decision, reply.intent) == ("template", "refund")
    assert (await shop.get(conversation)).status is ConversationStatus.BOT


async def test_a_label_without_template_falls_through_to_search(shop: Shop) -> None:
    reply = await shop.ask(await shop.begin(), "保修")
    assert reply.decision == "no_answer"


async def test_a_template_without_the_language_is_sent_with_an_offer(shop: Shop) -> None:
    reply = await shop.ask(await shop.begin(), "I need an invoice")
    text, _, offer = reply.reply.partition("\n\n")
    assert text == "发票随货寄出。"
    assert "isn't available in English" in offer
    assert [button.payload for button in reply.quick_replies] == ["handoff"]


async def test_a_message_without_evidence_keeps_the_language(shop: Shop) -> None:
    conversation = await shop.begin()
    await shop.ask(conversation, "我要退款")
    assert (await shop.ask(conversation, "12345")).language == "zh"
    assert (await shop.ask(conversation, "where is the refund")).language == "en"
    assert (await shop.ask(conversation, "👍")).language == "en"


@pytest.mark.parametrize("text", ["😀", "？？？", "...", "🙏🙏"])
async def test_no_words_get_a_friendly_question(shop: Shop, text: str) -> None:
    reply = await shop.ask(await shop.begin(), text)
    assert reply.decision == "clarify"
    assert reply.reply
    assert await shop.services.work.run(lambda s: ReviewQueue(s).open(5)) == []


async def test_asking_for_a_person_queues_the_conversation(shop: Shop) -> None:
    conversation = await shop.begin()
    reply = await shop.ask(conversation, "转人工")
    assert (reply.decision, reply.language) == ("handoff", "zh")
    state = await shop.get(conversation)
    assert (state.status, state.epoch) == (ConversationStatus.WAITING, 1)
    waiting = await shop.ask(conversation, "我要退款")
    assert waiting.decision == "relay"
    assert "同事" in waiting.reply
    back = await shop.ask(conversation, waiting.quick_replies[0].text, payload="bot")
    assert back.decision == "clarify"
    assert (await shop.get(conversation)).status is ConversationStatus.BOT
    assert (await shop.ask(conversation, "我要退款")).decision == "template"


async def test_the_bot_is_silent_while_a_person_answers(shop: Shop, staff_id: int) -> None:
    conversation = await shop.begin("telegram", external_customer_id="7")
    await shop.services.handoff.take(conversation.id, staff_id)
    reply = await shop.ask(conversation, "我要退款", target="7")
    assert (reply.decision, reply.reply) == ("relay", "")
    assert await shop.services.work.run(lambda s: Outbox(s).due("telegram", 5)) == []
    await shop.services.handoff.give_back(conversation.id)
    assert (await shop.ask(conversation, "我要退款")).decision == "template"


async def test_a_closed_conversation_wakes_up(shop: Shop) -> None:
    conversation = await shop.begin()
    await shop.services.handoff.close(conversation.id)
    assert (await shop.ask(conversation, "我要退款")).decision == "template"
    assert (await shop.get(conversation)).status is ConversationStatus.BOT


async def test_a_take_over_during_a_turn_always_wins(shop: Shop, staff_id: int) -> None:
    """Fifty races at random moments: never a reply of the bot after the take-over."""
    dice = random.Random(7)
    outcomes = set()
    for _ in range(50):
        conversation = await shop.begin()
        with shop.services.events.subscribe(conversation.id) as heard:
            turn = asyncio.create_task(shop.ask(conversation, "水壶除垢要煮沸吗"))
            await asyncio.sleep(dice.uniform(0, 0.012))
            await shop.services.handoff.take(conversation.id, staff_id)
            taken_after = max((row.seq for row in await shop.messages(conversation)), default=0)
            reply = await turn
            kinds = []
            while (event := await heard.get(0)) is not None:
                kinds.append(event.kind)
        outcomes.add(reply.decision)
        if reply.decision == "relay":
            assert reply.reply == ""
            assert "draft" not in kinds or "retract" in kinds
        else:
            # It was there before the take-over.
            assert reply.seq <= taken_after
    assert DecisionKind.RELAY in outcomes


async def test_a_pushing_channel_gets_an_outbox_row(shop: Shop) -> None:
    conversation = await shop.begin("telegram", external_customer_id="42")
    reply = await shop.ask(conversation, "我要退款", target="42")
    (row,) = await shop.services.work.run(lambda s: Outbox(s).due("telegram", 5))
    assert (row.message_id, row.target) == (reply.message, "42")


async def test_what_breaks_is_said_honestly(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(texts: list[str]) -> None:
        raise RuntimeError("the model is gone")

    classifier = shop.services.live.current.classifier
    monkeypatch.setattr(classifier, "predict", explode)
    conversation = await shop.begin()
    reply = await shop.ask(conversation, "我要退款")
    assert reply.decision == "no_answer"
    assert "出了点问题" in reply.reply
    assert (await shop.messages(conversation))[1].trace["reason"] == "error:RuntimeError"


async def test_personal_data_is_masked_before_it_is_kept(shop: Shop) -> None:
    conversation = await shop.begin()
    await shop.ask(conversation, "refund to my phone 13812345678")
    asked, _ = await shop.messages(conversation)
    assert "13812345678" not in asked.masked_text
    assert "<phone>" in asked.masked_text


async def test_too_long_a_message_is_refused_with_both_numbers(shop: Shop) -> None:
    with pytest.raises(MessageTooLongError, match=r"4000 characters, this one has 4001"):
        await shop.ask(await shop.begin(), "退" * 4001)


async def test_an_unknown_conversation_is_not_found(shop: Shop) -> None:
    conversation = await shop.begin()
    gone = shop.incoming(conversation, "hi")
    gone = type(gone)(gone.channel, "nowhere", gone.external_id, gone.text)
    with pytest.raises(NotFoundError):
        await shop.services.pipeline.reply(gone)


async def test_a_reply_of_another_process_is_taken_over(shop: Shop) -> None:
    """Another process answers between our reading the turn and our recording."""
    conversation = await shop.begin()
    received = await shop.services.pipeline.receive(shop.incoming(conversation, "我要退款"))
    pipeline = shop.services.pipeline
    turn = await shop.services.work.read(lambda s: Conversations(s).turn(received.message.id))
    other = await pipeline.answer(received.message)
    stored = await pipeline._recorder.record(
        received.message, turn, overtaken(turn, "zh"), None, Stopwatch()
    )
    assert stored.id == other.message
