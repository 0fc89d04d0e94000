"""Which updates concern us, and what they say."""

from datetime import UTC, datetime

import pytest
from aiogram.types import Update

from bot.telegram.formatting import parse_button_data
from bot.telegram.updates import (
    Blocked,
    Commanded,
    GroupPressed,
    GroupSaid,
    Me,
    Pressed,
    Sender,
    Written,
    read,
)
from storage.types import Attachment

ME = Me(42, "kefu_bot", operators=-100)
EPOCH = datetime.fromtimestamp(0, UTC)
PRIVATE = {"id": 7, "type": "private", "first_name": "Lin"}
GROUP = {"id": -7, "type": "group", "title": "Friends"}
DESK = {"id": -100, "type": "supergroup", "title": "Desk"}
LIN = {"id": 7, "is_bot": False, "first_name": "Lin", "language_code": "zh-hans"}
BOT = {"id": 42, "is_bot": True, "first_name": "Kefu", "username": "kefu_bot"}
OURS = {"message_id": 3, "date": 0, "chat": GROUP, "from": BOT, "text": "?"}
LIN_ALONE = Sender(7, 7, "zh", "Lin")


def update(**content):
    return read(Update.model_validate({"update_id": 1, **content}), ME)


def message(**fields):
    return update(message={"message_id": 5, "date": 0, "chat": PRIVATE, "from": LIN, **fields})


def press(data, **fields):
    on = {"message_id": 5, "date": 0, "chat": PRIVATE, "text": "?"}
    query = {"id": "c1", "from": LIN, "chat_instance": "7", "message": on, "data": data, **fields}
    return update(callback_query=query)


def test_a_text_carries_an_id_that_is_the_same_at_every_delivery():
    assert message(text="你好") == Written(LIN_ALONE, "7:5", "你好", EPOCH)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/start", "start"),
        ("/start promo-17", "start"),
        ("/HELP@kefu_bot", "help"),
        ("/human", "human"),
        ("/forget", "forget"),
        ("/retrain", "retrain"),
    ],
)
def test_our_commands_are_recognised(text, command):
    assert message(text=text) == Commanded(LIN_ALONE, "7:5", command, EPOCH, text)


@pytest.mark.parametrize("text", ["/refund", "/", "/ start", "start", "/start@other_bot"])
def test_anything_else_is_a_question(text):
    assert message(text=text) == Written(LIN_ALONE, "7:5", text, EPOCH)


@pytest.mark.parametrize(
    ("fields", "attachment"),
    [
        (
            {"photo": [{"file_id": size, "file_unique_id": size, "width": 1, "height": 1,
                        "file_size": 9} for size in ("small", "large")], "caption": "坏了"},
            Attachment("photo", "large", size=9),
        ),
        (
            {"document": {"file_id": "d", "file_unique_id": "d", "file_name": "a.pdf",
                          "mime_type": "application/pdf", "file_size": 3}},
            Attachment("document", "d", "a.pdf", "application/pdf", 3),
        ),
        ({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 2}},
         Attachment("voice", "v")),
        ({"location": {"latitude": 31.2, "longitude": 121.5}},
         Attachment("location", "31.2,121.5")),
        ({"dice": {"emoji": "🎲", "value": 3}}, Attachment("other", "")),
    ],
)  # fmt: skip
def test_a_file_is_a_reference(fields, attachment):
    text = fields.get("caption", "")
    assert message(**fields) == Written(LIN_ALONE, "7:5", text, EPOCH, attachment)


def test_a_note_of_telegram_itself_is_nothing():
    assert message(message_auto_delete_timer_changed={"message_auto_delete_time": 60}) is None


def test_talk_in_a_group_is_not_for_us():
    assert message(text="hello", chat=GROUP) is None
    assert message(text="/help", chat=GROUP) is None
    assert message(text="hello", chat=GROUP, sender_chat=GROUP) is None


IN_GROUP = Sender(-7, 7, "zh", "Lin")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"text": "@Kefu_bot 怎么退款",
          "entities": [{"type": "mention", "offset": 0, "length": 9}]},
         "怎么退款"),
        ({"text": "😀 @kefu_bot 退款",
          "entities": [{"type": "mention", "offset": 3, "length": 9}]}, "😀 退款"),
        ({"text": "客服 怎么退款",
          "entities": [{"type": "text_mention", "offset": 0, "length": 2, "user": BOT}]},
         "客服 怎么退款"),
        ({"text": "怎么退款", "reply_to_message": OURS}, "怎么退款"),
    ],
)  # fmt: skip
def test_a_group_may_address_us(fields, text):
    assert message(chat=GROUP, **fields) == Written(IN_GROUP, "-7:5", text, EPOCH)
    assert IN_GROUP.customer == "-7/7"


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "@kefu_bot2 hi", "entities": [{"type": "mention", "offset": 0, "length": 10}]},
        {"text": "hi", "reply_to_message": OURS | {"from": LIN}},
        {"text": "@kefu_bot hi"},
    ],
)
def test_what_only_looks_like_an_address_is_none(fields):
    assert message(chat=GROUP, **fields) is None


def test_a_command_with_our_name_addresses_us():
    found = message(chat=GROUP, text="/help@kefu_bot")
    assert isinstance(found, Commanded)
    assert (found.command, found.sender) == ("help", IN_GROUP)


def test_an_edit_is_one_more_message_that_knows_its_original():
    edited = {"message_id": 5, "date": 0, "chat": PRIVATE, "from": LIN, "text": "x",
              "edit_date": 60}  # fmt: skip
    at = datetime.fromtimestamp(60, UTC)
    expected = Written(LIN_ALONE, "7:5:edited:60", "x", at, original="7:5")
    assert update(edited_message=edited) == expected
    assert update(edited_message=edited | {"chat": GROUP}) is None


def test_in_the_operators_group_only_a_reply_to_the_bot_counts():
    ours = OURS | {"chat": DESK}
    lin = Sender(-100, 7, "zh", "Lin")
    said = message(chat=DESK, text="马上处理", reply_to_message=ours)
    assert said == GroupSaid(lin, 5, 3, "马上处理")
    assert message(chat=DESK, text="午饭？") is None
    on = {"message_id": 3, "date": 0, "chat": DESK, "text": "?"}
    assert press("desk:take:1", message=on) == GroupPressed(lin, "c1", "desk:take:1", 3)


@pytest.mark.parametrize(("status", "blocked"), [("kicked", True), ("member", False)])
def test_who_stops_the_bot_is_known(status, blocked):
    more = {"until_date": 0} if status == "kicked" else {}
    changed = {"chat": PRIVATE, "from": LIN, "date": 0,
               "old_chat_member": {"status": "member", "user": BOT},
               "new_chat_member": {"status": status, "user": BOT, **more}}  # fmt: skip
    assert update(my_chat_member=changed) == Blocked(LIN_ALONE, blocked)


def test_kinds_of_update_that_we_do_not_serve_are_nothing():
    post = {"message_id": 5, "date": 0, "text": "x",
            "chat": {"id": -9, "type": "channel", "title": "News"}}  # fmt: skip
    assert update(channel_post=post) is None


def test_a_button_carries_its_data():
    assert press("17:2") == Pressed(LIN_ALONE, "c1", "17:2", 5)


@pytest.mark.parametrize("data", ["", "17", "x:1", "17:-1", "1:2:3", "１７:２", "17:"])
def test_a_button_of_someone_else_names_nothing(data):
    assert parse_button_data(data) is None


def test_a_button_of_a_message_that_telegram_forgot_still_counts():
    gone = {"message_id": 5, "date": 0, "chat": PRIVATE}
    assert press("17:2", message=gone) == Pressed(LIN_ALONE, "c1", "17:2", 5)
