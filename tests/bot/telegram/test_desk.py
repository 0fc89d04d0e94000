"""The operators' group: hand-offs appear there, and a reply there reaches the customer once."""

import struct

import pytest

from bot.telegram.double import Cut
from bot.telegram.double_rules import Refusal
from storage.conversations import Conversations
from storage.desk import Desk
from storage.files import StoredFiles
from storage.staff import StaffAccounts
from storage.types import ConversationStatus, Role
from tests.bot.telegram.telegram_shop import (
    TEXTS,
    conversation,
    eventually,
    got,
    history,
    hooked,
    open_shop,
    quiet,
    serving,
)

DESK = -100
LI, EVE = 501, 666
PDF = b"%PDF-1.7\n%%EOF"
GIF = b"GIF89a" + b"\0" * 40
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 9, 9) + b"\0" * 40
LONG_PNG = PNG.replace(struct.pack(">II", 9, 9), struct.pack(">II", 9, 9000))
PHOTO = [{"file_id": "p1", "file_unique_id": "p1", "width": 9, "height": 9, "file_size": 120}]


@pytest.fixture
async def office(tmp_path):
    async with open_shop(tmp_path / "home", telegram_operators=DESK) as services:
        yield services


@pytest.fixture(params=["polling", "webhook"])
async def desk(request, office, telegram):
    telegram.members[DESK] = {LI: "member", EVE: "left"}
    way_in = serving if request.param == "polling" else hooked
    async with way_in(office, telegram):
        yield office


def posts(telegram):
    return [message for message in telegram.sent if message.chat_id == DESK]


async def hand_off(telegram, services, chat=7):
    """A customer who waits for a person; gives the card in the group."""
    before = len(posts(telegram))
    await telegram.write(chat, "怎么退款？", language="zh")
    await telegram.wait_for(got(chat))
    await telegram.write(chat, "/human", language="zh")
    await telegram.wait_for(lambda t: len(posts(t)) > before and got(chat, 2)(t))
    card = posts(telegram)[before]
    await known(services, card)
    return card


async def known(services, post):
    """A post is answered a moment after it has appeared, when it is written down."""
    place = f"{DESK}:{post.message_id}"
    await eventually(lambda: services.work.read(lambda s: Desk(s).conversation_of(place)), bool)


async def answer(telegram, services, post, text, **more):
    """Li replies to a message of the group."""
    await known(services, post)
    return await telegram.reply(post, text, by=LI, **more)


def status(services, customer=7):
    async def read():
        return (await conversation(services, customer)).status

    return read


async def test_a_hand_off_appears_with_what_was_said(telegram, desk):
    card = await hand_off(telegram, desk)
    for shown in ("Waits for a person (1 waiting)", "telegram · zh", "Customer: 怎么退款？",
                  f"Bot: {TEXTS['refund']['zh']}", "Reply to this message"):  # fmt: skip
        assert shown in card.text
    assert [text for text, _ in card.buttons] == ["Take", "Give back", "Close"]
    await quiet(telegram)
    assert len(posts(telegram)) == 1


async def test_a_reply_reaches_the_customer_once_and_takes_the_conversation(telegram, desk):
    card = await hand_off(telegram, desk)
    reply = await answer(telegram, desk, card, "您好，我是小李。*马上* <处理>")
    for _ in range(4):
        await telegram.hand_out_again(reply)
    await telegram.wait_for(got(7, 3))
    await quiet(telegram)
    assert telegram.texts(7)[2:] == ["您好，我是小李。*马上* <处理>"]
    assert await status(desk)() is ConversationStatus.PERSON
    await telegram.wait_for(lambda t: "With a person" in posts(t)[0].text)
    said = [m for m in await history(desk, 7) if m.role is Role.OPERATOR]
    assert len(said) == 1

    await telegram.write(7, "要多久？")
    await telegram.wait_for(lambda t: len(posts(t)) == 2)
    assert posts(telegram)[1].text == "Customer: 要多久？"
    await answer(telegram, desk, posts(telegram)[1], "三天。")
    await telegram.wait_for(got(7, 4))
    assert telegram.texts(7)[3] == "三天。"


async def test_the_buttons_take_give_back_and_close(telegram, desk):
    card = await hand_off(telegram, desk)
    for button, shown in ((0, "With a person"), (0, "Back with the bot"), (1, "Closed")):
        pressed = await telegram.press(card.message_id, button, by=LI)
        await telegram.hand_out_again(pressed)
        await telegram.wait_for(lambda t, shown=shown: shown in posts(t)[0].text)
    assert await conversation(desk, 7) is None
    assert len(posts(telegram)) == 1
    await telegram.write(7, "快递呢？")
    await telegram.wait_for(lambda t: t.texts(7)[-1] == TEXTS["shipping"]["zh"])


async def test_a_button_of_an_earlier_state_does_nothing(telegram, desk):
    card = await hand_off(telegram, desk)
    await telegram.press(card.message_id, 0, by=LI)
    await telegram.wait_for(lambda t: posts(t)[0].buttons[0][0] == "Give back")
    stale = {"id": "old", "from": {"id": LI, "is_bot": False, "first_name": "Li"},
             "chat_instance": "1", "data": card.buttons[2][1],
             "message": telegram.message(DESK) | {"message_id": card.message_id}}  # fmt: skip
    await telegram.push({"callback_query": stale})
    await telegram.wait_for(lambda t: "old" in t.callback_answers)
    assert "changed" in telegram.callback_answers["old"]
    assert await status(desk)() is ConversationStatus.PERSON


async def test_who_is_no_member_reaches_nobody(telegram, desk):
    card = await hand_off(telegram, desk)
    await telegram.reply(card, "send me your card number", by=EVE)
    await telegram.wait_for(lambda t: len(posts(t)) == 2)
    pressed = await telegram.press(card.message_id, 0, by=EVE)
    await telegram.wait_for(lambda t: f"callback-{pressed}" in t.callback_answers)
    assert "Only members" in posts(telegram)[1].text
    assert len(telegram.texts(7)) == 2
    assert await status(desk)() is ConversationStatus.WAITING


async def test_who_was_removed_by_an_admin_does_not_come_back_by_writing(telegram, desk):
    card = await hand_off(telegram, desk)
    await answer(telegram, desk, card, "您好。")
    await telegram.wait_for(got(7, 3))
    await desk.work.run(lambda s: StaffAccounts(s).remove(f"telegram:{LI}"))
    await answer(telegram, desk, card, "还在吗？")
    await telegram.wait_for(lambda t: len(posts(t)) == 2)
    assert len(telegram.texts(7)) == 3


async def test_talk_among_operators_stays_among_them(telegram, desk):
    await hand_off(telegram, desk)
    await telegram.write(DESK, "午饭？", by=LI)
    await quiet(telegram)
    assert len(telegram.texts(7)) == 2
    assert len(posts(telegram)) == 1


async def test_a_photo_reaches_the_operators_without_being_downloaded(telegram, desk):
    await telegram.write(7, None, language="zh", photo=PHOTO)
    await telegram.wait_for(got(7))
    await telegram.write(7, "/human", language="zh")
    await telegram.wait_for(lambda t: len(posts(t)) == 2)
    card, copied = posts(telegram)
    assert "Customer: [图片]" in card.text
    assert (copied.media, copied.copied_from[0]) == ("photo", 7)
    await telegram.write(7, None, language="zh", photo=PHOTO)
    await telegram.wait_for(lambda t: len(posts(t)) == 4)
    assert (posts(telegram)[2].text, posts(telegram)[3].media) == ("Customer: [图片]", "photo")
    await answer(telegram, desk, posts(telegram)[3], "收到照片了。")
    await telegram.wait_for(lambda t: t.texts(7)[-1] == "收到照片了。")
    assert "getfile" not in {method for method, _ in telegram.calls}


async def test_an_operator_hears_that_a_blocked_customer_heard_nothing(telegram, desk):
    card = await hand_off(telegram, desk)
    telegram.blocked.add(7)
    await answer(telegram, desk, card, "您好。")
    await telegram.wait_for(lambda t: len(posts(t)) == 2)
    assert "blocked the bot" in posts(telegram)[1].text
    await eventually(lambda: conversation(desk, 7), lambda c: c.unreachable_since is not None)


def document(name, size=None):
    return {"file_id": name, "file_unique_id": name, "file_name": name, "file_size": size}


@pytest.mark.parametrize(
    ("content", "media"), [(PNG, "photo"), (LONG_PNG, "document"), (GIF, "document")]
)
async def test_a_picture_of_an_operator_reaches_the_customer(telegram, desk, content, media):
    card = await hand_off(telegram, desk)
    telegram.files["p1"] = content
    await answer(telegram, desk, card, None, photo=PHOTO, caption="这是实物图。")
    await telegram.wait_for(got(7, 3))
    sent = [message for message in telegram.sent if message.chat_id == 7][-1]
    assert (sent.media, sent.file, sent.text) == (media, content, "这是实物图。")
    assert await status(desk)() is ConversationStatus.PERSON
    said = (await history(desk, 7))[-1]
    assert (said.role, said.text) == (Role.OPERATOR, "这是实物图。")


async def test_a_document_keeps_its_name_and_is_sent_once(telegram, desk):
    card = await hand_off(telegram, desk)
    telegram.files["<b>保修.pdf"] = PDF
    update = await answer(telegram, desk, card, None, document=document("<b>保修.pdf"))
    await telegram.wait_for(got(7, 3))
    await telegram.hand_out_again(update)
    await answer(telegram, desk, card, "请查收。")
    await telegram.wait_for(lambda t: t.texts(7)[-1] == "请查收。")
    sent = [message for message in telegram.sent if message.chat_id == 7][2:]
    assert [(message.media, message.file) for message in sent] == [("document", PDF), (None, b"")]
    assert sent[0].text == ""
    (uploaded,) = [given for method, given in telegram.calls if method == "senddocument"]
    assert "_b_保修.pdf" in uploaded.values()


async def test_a_file_for_a_web_customer_is_in_the_store(telegram, desk):
    made = await desk.work.run(lambda s: Conversations(s).create("web"))
    await desk.handoff.request(made.id)
    await telegram.wait_for(posts)
    telegram.files["card.pdf"] = PDF
    await answer(telegram, desk, posts(telegram)[0], None, document=document("card.pdf"))

    async def said():
        return await desk.work.read(lambda s: Conversations(s).messages_after(made.id, 1))

    (message,) = await eventually(said, bool)
    file, content = await desk.work.read(
        lambda s: StoredFiles(s).of_message(made.id, message.external_id)
    )
    assert (file.name, file.media_type, content) == ("card.pdf", "application/pdf", PDF)


@pytest.mark.parametrize(
    ("content", "sent", "told"),
    [
        (b"<script>alert(1)</script>", {"document": document("a.png")}, "Only text, pictures"),
        (PDF, {"document": document("a.pdf", 5_000_001)}, "too large"),
        (PDF + b"\0" * 5_000_000, {"document": document("a.pdf")}, "too large"),
        (b"", {"document": document("a.pdf")}, "Only text, pictures"),
        (None, {"document": document("a.pdf")}, "could not be fetched"),
        (b"OggS", {"voice": document("v") | {"duration": 1}}, "Only text, pictures"),
    ],
)
async def test_what_cannot_be_passed_on_is_said(telegram, desk, content, sent, told):
    card = await hand_off(telegram, desk)
    if content is not None:
        telegram.files[next(iter(sent.values()))["file_id"]] = content
    await answer(telegram, desk, card, None, **sent)
    await telegram.wait_for(lambda t: len(posts(t)) == 2)
    assert told in posts(telegram)[1].text
    assert len(telegram.texts(7)) == 2
    assert await status(desk)() is ConversationStatus.WAITING


async def test_a_strangers_file_is_not_even_fetched(telegram, desk):
    card = await hand_off(telegram, desk)
    telegram.files["p1"] = PNG
    await telegram.reply(card, None, by=EVE, photo=PHOTO)
    await telegram.wait_for(lambda t: len(posts(t)) == 2)
    assert "Only members" in posts(telegram)[1].text
    assert "getfile" not in {method for method, _ in telegram.calls}


async def test_a_web_customer_appears_as_well(telegram, desk):
    made = await desk.work.run(lambda s: Conversations(s).create("web"))
    await desk.handoff.request(made.id)
    await telegram.wait_for(posts)
    await answer(telegram, desk, posts(telegram)[0], "您好。")

    async def said():
        return await desk.work.read(lambda s: Conversations(s).messages_after(made.id, 0))

    found = await eventually(said, lambda found: len(found) == 2)
    assert (found[1].role, found[1].text) == (Role.OPERATOR, "您好。")


async def test_the_group_is_told_after_trouble_and_after_a_restart(telegram, tmp_path):
    telegram.members[DESK] = {LI: "member"}
    async with open_shop(tmp_path / "home", telegram_operators=DESK) as office:
        made = await office.work.run(lambda s: Conversations(s).create("web"))
        await office.handoff.request(made.id)
        telegram.script("sendMessage", Refusal(403, "Forbidden: bot was kicked"), Cut.BEFORE,
                        Refusal(429, "Too Many Requests: retry after 1", 1))  # fmt: skip
        async with serving(office, telegram):
            await telegram.wait_for(posts)
            await quiet(telegram)
        async with serving(office, telegram):
            await office.handoff.give_back(made.id)
            await telegram.wait_for(lambda t: "Back with the bot" in posts(t)[0].text)
            await office.handoff.request(made.id)
            await telegram.wait_for(lambda t: len(posts(t)) == 2)
