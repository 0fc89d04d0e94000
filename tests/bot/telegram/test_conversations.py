"""One pipeline entry serves Telegram: what customers write, press and get back."""

import asyncio

from bot.telegram.formatting import units
from storage.conversations import Conversations
from storage.customers import Customers
from storage.types import ConversationStatus
from tests.bot.telegram.telegram_shop import HOSTILE, LONG, TEXTS, got, open_shop, quiet, serving


async def history(services, chat_id):
    def unit(session):
        found = Conversations(session).find_for_customer("telegram", str(chat_id))
        return Conversations(session).messages_after(found.id, 0)

    return await services.work.read(unit)


async def test_a_question_is_answered_in_its_language(telegram, adapter):
    await telegram.write(7, "怎么退款？")
    await telegram.write(8, "I want a refund")
    await telegram.wait_for(lambda t: got(7)(t) and got(8)(t))
    assert telegram.texts(7) == [TEXTS["refund"]["zh"]]
    assert telegram.texts(8) == [TEXTS["refund"]["en"]]


async def test_a_message_delivered_five_times_is_answered_once(telegram, adapter, services):
    update = await telegram.write(7, "怎么退款？")
    for _ in range(4):
        await telegram.hand_out_again(update)
    await telegram.wait_for(got(7))
    await quiet(telegram)
    assert telegram.texts(7) == [TEXTS["refund"]["zh"]]
    assert len(await history(services, 7)) == 2


async def test_an_update_whose_confirmation_was_lost_is_answered_once(telegram, services):
    async with serving(services, telegram):
        await telegram.write(7, "怎么退款？")
        await telegram.wait_for(got(7))
    stored = [m.id for m in await history(services, 7)]
    update = next(iter(telegram.updates))
    await telegram.hand_out_again(update)
    async with serving(services, telegram):
        await quiet(telegram)
    assert telegram.texts(7) == [TEXTS["refund"]["zh"]]
    assert [m.id for m in await history(services, 7)] == stored


async def test_two_close_intents_become_buttons_and_a_press_chooses(telegram, adapter, services):
    await telegram.write(7, "退款 快递")
    await telegram.wait_for(got(7))
    (question,) = telegram.sent
    assert [text for text, _ in question.buttons][:2] == ["怎么退款", "多久送到"]
    assert all(len(data.encode()) <= 64 for _, data in question.buttons)

    await telegram.press(question.message_id, 1)
    await telegram.wait_for(got(7, 2))
    assert telegram.texts(7)[1] == TEXTS["shipping"]["zh"]
    assert len(telegram.answered_callbacks) == 1
    *_, asked, reply = await history(services, 7)
    assert (asked.text, reply.intent) == ("多久送到", "shipping")


async def test_a_button_pressed_twice_counts_once(telegram, adapter, services):
    await telegram.write(7, "退款 快递")
    await telegram.wait_for(got(7))
    question = telegram.sent[0]
    await asyncio.gather(*(telegram.press(question.message_id, 0) for _ in range(3)))
    await telegram.wait_for(lambda t: len(t.answered_callbacks) == 3 and got(7, 2)(t))
    await quiet(telegram)
    assert telegram.texts(7)[1:] == [TEXTS["refund"]["zh"]]
    assert len(await history(services, 7)) == 4


async def test_a_button_of_another_chat_is_refused(telegram, adapter):
    await telegram.write(7, "退款 快递")
    await telegram.write(8, "退款 快递")
    await telegram.wait_for(lambda t: got(7)(t) and got(8)(t))
    mine, other = (next(m for m in telegram.sent if m.chat_id == chat) for chat in (7, 8))
    forged = {"id": "c9", "from": {"id": 8, "is_bot": False, "first_name": "Eve"},
              "chat_instance": "8", "data": mine.buttons[0][1],
              "message": telegram.message(8) | {"message_id": other.message_id}}  # fmt: skip
    await telegram.push({"callback_query": forged})
    await telegram.wait_for(got(8, 2))
    assert "按钮" in telegram.texts(8)[1]
    assert len(telegram.texts(7)) == 1


async def test_start_greets_in_the_language_of_the_app(telegram, adapter):
    await telegram.write(7, "/start", language="zh-hans")
    await telegram.write(8, "/start promo", language="en-GB")
    await telegram.wait_for(lambda t: got(7)(t) and got(8)(t))
    assert telegram.texts(7)[0].startswith("您好")
    assert telegram.texts(8)[0].startswith("Hello")
    assert [text for text, _ in telegram.sent[0].buttons] == ["中文", "English"]


async def test_the_menu_is_registered_in_each_language(telegram, adapter):
    await telegram.wait_for(lambda t: len(t.menus) >= 3)
    names = [command["command"] for command in telegram.commands]
    assert names == ["human", "language", "forget", "help"]
    shown = {code: menu[0]["description"] for (_, code), menu in telegram.menus.items()}
    assert shown == {"": "转人工", "zh": "转人工", "en": "Talk to a person"}


async def test_help_is_answered_at_once_and_not_stored(telegram, adapter, services):
    await telegram.write(7, "/help", language="zh")
    await telegram.wait_for(got(7))
    assert "/human" in telegram.texts(7)[0]
    assert await services.work.read(lambda s: Customers(s).id_of("telegram", "7")) is None


async def test_a_note_speaks_the_language_of_the_conversation(telegram, adapter):
    await telegram.write(7, "怎么退款？", language="en")
    await telegram.wait_for(got(7))
    await telegram.write(7, "/help", language="en")
    await telegram.wait_for(got(7, 2))
    assert "转人工" in telegram.texts(7)[1]


async def test_human_queues_the_conversation_for_a_person(telegram, adapter, services):
    await telegram.write(7, "/human", language="zh")
    await telegram.wait_for(got(7))
    assert "人工" in telegram.texts(7)[0]
    conversation = await services.work.read(
        lambda s: Conversations(s).find_for_customer("telegram", "7")
    )
    assert conversation.status is ConversationStatus.WAITING


async def test_what_staff_write_is_delivered(telegram, adapter, services):
    await telegram.write(7, "怎么退款？")
    await telegram.wait_for(got(7))
    (first, _) = await history(services, 7)
    from storage.staff import StaffAccounts
    from storage.types import StaffRole

    staff = await services.work.run(lambda s: StaffAccounts(s).add("li", "x", StaffRole.OPERATOR))
    await services.handoff.take(first.conversation_id, staff.id)
    await services.handoff.say(first.conversation_id, staff.id, "我是小李，马上帮您处理。")
    await telegram.wait_for(got(7, 2))
    assert telegram.texts(7)[1] == "我是小李，马上帮您处理。"
    await telegram.write(7, "好的，怎么退款")
    await quiet(telegram)
    assert len(telegram.texts(7)) == 2


async def test_groups_are_ignored(telegram, adapter, services):
    await telegram.write(-7, "怎么退款？", by=7)
    await telegram.write(-7, "/help", by=7)
    await quiet(telegram)
    assert telegram.texts(-7) == []


async def test_a_reply_of_20000_characters_arrives_whole_and_in_order(telegram, adapter):
    assert len(LONG) > 20_000
    await telegram.write(7, "运费")
    await telegram.wait_for(lambda t: any("第899条" in text for text in t.texts(7)))
    texts = telegram.texts(7)
    assert all(units(text) <= 4096 for text in texts)
    assert "\n".join(texts) == LONG.strip()
    assert len(texts) == -(-len(LONG) // 4096)


async def test_hostile_markup_arrives_literally(telegram, adapter):
    await telegram.write(7, "标签")
    await telegram.wait_for(got(7))
    assert telegram.texts(7) == [HOSTILE.replace("\x07", "")]
    assert "parse_mode" not in telegram.sent[0].raw


async def test_a_message_beyond_the_limit_gets_a_clear_note(telegram, adapter, services):
    await telegram.write(7, "退" * 4001, language="zh")
    await telegram.wait_for(got(7))
    assert "太长" in telegram.texts(7)[0]
    assert await history(services, 7) == []


async def test_each_chat_keeps_its_order(telegram, adapter):
    for _ in range(5):
        for chat in (7, 8, 9):
            await telegram.write(chat, "怎么退款？")
            await telegram.write(chat, "快递呢？")
    await telegram.wait_for(lambda t: all(got(chat, 10)(t) for chat in (7, 8, 9)))
    expected = [TEXTS["refund"]["zh"], TEXTS["shipping"]["zh"]] * 5
    assert [telegram.texts(chat) for chat in (7, 8, 9)] == [expected] * 3


async def test_what_was_sent_while_the_bot_was_down_is_answered(telegram, tmp_path):
    for number in range(3):
        await telegram.write(70 + number, "怎么退款？")
    async with open_shop(tmp_path / "home") as services, serving(services, telegram):
        await telegram.wait_for(lambda t: all(got(70 + number)(t) for number in range(3)))
