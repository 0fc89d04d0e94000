"""What a customer may do beside asking, by polling and by webhook."""

import pytest

from bot.telegram.double_rules import Refusal
from storage.attachments import Attachments
from storage.conversations import Conversations
from storage.customers import Customers
from storage.models import FeedbackRow
from storage.review import ReviewQueue
from storage.types import Attachment, ConversationStatus, Role
from tests.bot.telegram.telegram_shop import (
    HOSTILE,
    LONG,
    PACE,
    TEXTS,
    conversation,
    eventually,
    got,
    history,
    quiet,
    serving,
)

REFUND, SHIPPING = TEXTS["refund"], TEXTS["shipping"]
PHOTO = [{"file_id": "p1", "file_unique_id": "p1", "width": 9, "height": 9, "file_size": 120}]


async def test_every_kind_of_reply_arrives_whole(telegram, channel):
    await telegram.write(7, "怎么退款？")
    await telegram.write(8, "运费")
    await telegram.write(9, "标签")
    await telegram.wait_for(lambda t: got(7)(t) and got(9)(t) and "第899条" in "".join(t.texts(8)))
    assert telegram.texts(7) == [REFUND["zh"]]
    assert "\n".join(telegram.texts(8)) == LONG.strip()
    assert telegram.texts(9) == [HOSTILE.replace("\x07", "")]


async def test_the_chosen_language_holds_until_words_say_otherwise(telegram, channel, services):
    await telegram.write(7, "/language", language="zh")
    await telegram.wait_for(got(7))
    await telegram.press(telegram.sent[0].message_id, 1, language="zh")
    await telegram.wait_for(lambda t: t.texts(7) == ["All right, English it is."])
    assert len(telegram.answered_callbacks) == 1
    await telegram.write(7, "👋", language="zh")
    await telegram.wait_for(got(7, 2))
    assert telegram.texts(7)[1].startswith("Hi!")
    await telegram.write(7, "怎么退款？", language="en")
    await telegram.wait_for(got(7, 3))
    assert telegram.texts(7)[2] == REFUND["zh"]


async def test_forgetting_asks_first_and_then_leaves_nothing(telegram, channel, services):
    await telegram.write(7, "怎么退款？")
    await telegram.write(8, "怎么退款？")
    await telegram.wait_for(lambda t: got(7)(t) and got(8)(t))
    await telegram.write(7, "/forget", language="en")
    await telegram.wait_for(got(7, 2))
    question = telegram.sent[-1]
    assert [text for text, _ in question.buttons] == ["全部删除", "不删除"]

    await telegram.press(question.message_id, 1)
    await telegram.wait_for(lambda t: t.texts(7)[1].startswith("好的，没有"))
    assert await conversation(services, 7) is not None

    await telegram.write(7, "/forget")
    await telegram.wait_for(got(7, 3))
    pressed = await telegram.press(telegram.sent[-1].message_id, 0)
    await telegram.wait_for(lambda t: t.texts(7)[2].startswith("已删除"))
    assert await services.work.read(lambda s: Customers(s).id_of("telegram", "7")) is None
    assert await conversation(services, 8) is not None
    await telegram.hand_out_again(pressed)
    await telegram.wait_for(lambda t: not t.unconfirmed() and len(t.answered_callbacks) == 3)


async def test_a_thumb_is_kept_and_its_row_goes(telegram, channel, services):
    await telegram.write(7, "怎么退款？")
    await telegram.wait_for(got(7))
    reply = telegram.sent[0]
    assert [text for text, _ in reply.buttons] == ["👍", "👎"]
    await telegram.press(reply.message_id, 1)
    await telegram.wait_for(lambda t: t.answered_callbacks and not t.sent[0].buttons)
    (answer,) = telegram.callback_answers.values()
    assert "谢谢" in answer
    (_, stored) = await history(services, 7)
    opinion = await services.work.read(lambda s: s.get(FeedbackRow, stored.id).value)
    (item,) = await services.work.read(lambda s: ReviewQueue(s).open())
    assert (opinion, item.kind) == (-1, "thumbs_down")


async def test_nobody_rates_for_somebody_else(telegram, adapter, services):
    await telegram.write(7, "怎么退款？")
    await telegram.write(8, "怎么退款？")
    await telegram.wait_for(lambda t: got(7)(t) and got(8)(t))
    mine, other = (next(m for m in telegram.sent if m.chat_id == chat) for chat in (7, 8))
    forged = {"id": "f", "from": {"id": 8, "is_bot": False, "first_name": "Eve"},
              "chat_instance": "8", "data": mine.buttons[0][1],
              "message": telegram.message(8) | {"message_id": other.message_id}}  # fmt: skip
    await telegram.push({"callback_query": forged})
    await telegram.wait_for(got(8, 2))
    assert "按钮" in telegram.texts(8)[1]
    (_, stored) = await history(services, 7)
    assert await services.work.read(lambda s: s.get(FeedbackRow, stored.id)) is None


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({"photo": PHOTO}, "photo", "[图片]"),
        ({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 2}}, "voice", "[语音]"),
        ({"location": {"latitude": 1.5, "longitude": 2.5}}, "location", "[位置]"),
    ],
)
async def test_a_file_gets_a_clear_answer_and_is_kept_as_a_reference(
    telegram, adapter, services, fields, kind, text
):
    await telegram.write(7, None, language="zh", **fields)
    await telegram.wait_for(got(7))
    assert "文字" in telegram.texts(7)[0]
    assert [text for text, _ in telegram.sent[0].buttons] == ["转人工"]
    (asked, reply) = await history(services, 7)
    (attached,) = await services.work.read(lambda s: Attachments(s).of_message(asked.id))
    assert (asked.text, attached.kind, reply.decision) == (text, kind, "clarify")
    assert await services.work.read(lambda s: ReviewQueue(s).open()) == []


async def test_a_caption_is_answered_as_the_question_it_is(telegram, channel, services):
    await telegram.write(7, None, photo=PHOTO, caption="怎么退款？")
    await telegram.wait_for(got(7))
    assert telegram.texts(7) == [REFUND["zh"]]
    (asked, _) = await history(services, 7)
    attached = await services.work.read(lambda s: Attachments(s).of_message(asked.id))
    assert attached == [Attachment("photo", "p1", size=120)]


async def test_an_album_gets_one_answer(telegram, adapter, services):
    for _ in range(4):
        await telegram.write(7, None, language="zh", photo=PHOTO)
    await telegram.wait_for(got(7))
    await quiet(telegram)
    assert len(telegram.texts(7)) == 1
    stored = await eventually(lambda: history(services, 7), lambda found: len(found) == 8)
    assert sum(m.role is Role.BOT for m in stored) == 4


async def test_an_edited_question_is_answered_again_but_not_the_same_one(
    telegram, channel, services
):
    first = await telegram.write(7, "怎么退款？")
    await telegram.wait_for(got(7))
    await telegram.edit(first, "怎么退款？", at=100)
    again = await telegram.edit(first, "快递呢？", at=200)
    await telegram.hand_out_again(again)
    await telegram.wait_for(got(7, 2))
    await quiet(telegram)
    assert telegram.texts(7) == [REFUND["zh"], SHIPPING["zh"]]


async def test_a_group_is_answered_where_it_asks_and_each_member_alone(telegram, channel, services):
    mention = [{"type": "mention", "offset": 0, "length": 9}]
    await telegram.write(-7, "@kefu_bot 怎么退款？", by=7, entities=mention)
    await telegram.write(-7, "快递呢？", by=8)
    await telegram.write(-7, "@kefu_bot 快递呢？", by=8, entities=mention)
    await telegram.wait_for(got(-7, 2))
    assert sorted(telegram.texts(-7)) == sorted([REFUND["zh"], SHIPPING["zh"]])
    assert all('"message_id"' in message.raw["reply_parameters"] for message in telegram.sent)
    assert [m.text for m in await history(services, "-7/7")] == ["怎么退款？", REFUND["zh"]]
    assert [m.text for m in await history(services, "-7/8")] == ["快递呢？", SHIPPING["zh"]]


async def test_who_writes_too_fast_is_told_once(telegram, services):
    pace = type(PACE)(**{name: getattr(PACE, name) for name in PACE.__slots__}
                      | {"customer_limit": 3})  # fmt: skip
    now = {"date": 1_800_000_000}
    async with serving(services, telegram, pace=pace):
        for _ in range(8):
            await telegram.write(7, "怎么退款？", language="zh", **now)
        await telegram.write(8, "快递呢？", **now)
        await telegram.wait_for(lambda t: got(7, 4)(t) and got(8)(t))
        await quiet(telegram)
        assert sorted(telegram.texts(7)) == sorted(
            [REFUND["zh"]] * 3 + [next(t for t in telegram.texts(7) if "有点快" in t)]
        )
        await telegram.write(7, "快递呢？", date=1_800_000_061)
        await telegram.wait_for(got(7, 5))
        assert telegram.texts(7)[-1] == SHIPPING["zh"]


async def test_a_customer_who_blocked_the_bot_is_marked_until_they_are_back(
    telegram, channel, services
):
    telegram.blocked.add(7)
    await telegram.write(7, "怎么退款？")
    marked = await eventually(
        lambda: conversation(services, 7), lambda c: c is not None and c.unreachable_since
    )
    assert marked.status is ConversationStatus.BOT
    telegram.blocked.clear()
    await telegram.write(7, "快递呢？")
    await telegram.wait_for(got(7))
    assert (await conversation(services, 7)).unreachable_since is None
    await telegram.change_membership(7, "member", "kicked")
    await eventually(lambda: conversation(services, 7), lambda c: c.unreachable_since is not None)


async def test_a_keyboard_that_telegram_dislikes_does_not_cost_the_words(
    telegram, adapter, services
):
    telegram.script("sendMessage", Refusal(400, "Bad Request: BUTTON_DATA_INVALID"))
    await telegram.write(7, "怎么退款？")
    await telegram.wait_for(got(7))
    assert telegram.texts(7) == [REFUND["zh"]]
    assert telegram.sent[0].buttons == ()


async def test_human_is_a_message_like_any_other(telegram, channel, services):
    update = await telegram.write(7, "/human", language="en")
    await telegram.hand_out_again(update)
    await telegram.wait_for(got(7))
    await quiet(telegram)
    assert len(telegram.texts(7)) == 1
    assert (await conversation(services, 7)).status is ConversationStatus.WAITING
    said = await services.work.read(
        lambda s: Conversations(s).list_recent(status=ConversationStatus.WAITING)
    )
    assert len(said) == 1
