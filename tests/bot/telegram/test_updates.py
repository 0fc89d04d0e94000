"""Which updates concern us, and what they say."""

import pytest
from aiogram.types import Update

from bot.telegram.updates import Commanded, NotText, Pressed, Sender, Written, read

PRIVATE = {"id": 7, "type": "private", "first_name": "Lin"}
LIN = {"id": 7, "is_bot": False, "first_name": "Lin", "language_code": "zh-hans"}


def message(**fields):
    content = {"message_id": 5, "date": 0, "chat": PRIVATE, "from": LIN, **fields}
    return Update.model_validate({"update_id": 1, "message": content})


def press(data, **fields):
    on = {"message_id": 5, "date": 0, "chat": PRIVATE, "text": "?"}
    query = {"id": "c1", "from": LIN, "chat_instance": "7", "message": on, "data": data, **fields}
    return Update.model_validate({"update_id": 1, "callback_query": query})


def test_a_text_carries_an_id_that_is_the_same_at_every_delivery():
    assert read(message(text="你好")) == Written(Sender(7, "zh"), "7:5", "你好")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/start", "start"),
        ("/start promo-17", "start"),
        ("/HELP@kefu_bot", "help"),
        ("/human", "human"),
    ],
)
def test_our_commands_are_recognised(text, command):
    assert read(message(text=text)) == Commanded(Sender(7, "zh"), "7:5", command)


@pytest.mark.parametrize("text", ["/refund", "/", "/ start", "start"])
def test_anything_else_is_a_question(text):
    assert read(message(text=text)) == Written(Sender(7, "zh"), "7:5", text)


def test_a_sticker_is_not_text():
    sticker = {"file_id": "a", "file_unique_id": "b", "type": "regular", "width": 1, "height": 1,
               "is_animated": False, "is_video": False}  # fmt: skip
    assert read(message(sticker=sticker)) == NotText(Sender(7, "zh"))


def test_groups_and_channels_are_not_served():
    group = {"id": -7, "type": "group", "title": "Friends"}
    assert read(message(text="hello", chat=group)) is None
    assert read(press("17:0", message={"message_id": 5, "date": 0, "chat": group})) is None


def test_kinds_of_update_that_we_do_not_serve_are_nothing():
    edited = {"message_id": 5, "date": 0, "chat": PRIVATE, "text": "x", "edit_date": 1}
    assert read(Update.model_validate({"update_id": 1, "edited_message": edited})) is None


def test_a_button_names_its_message_and_its_place():
    assert read(press("17:2")) == Pressed(Sender(7, "zh"), "c1", (17, 2))


@pytest.mark.parametrize("data", ["", "17", "x:1", "17:-1", "1:2:3", "１７:２", "17:"])
def test_a_button_of_someone_else_names_nothing(data):
    assert read(press(data)) == Pressed(Sender(7, "zh"), "c1", None)


def test_a_button_of_a_message_that_telegram_forgot_still_counts():
    gone = {"message_id": 5, "date": 0, "chat": PRIVATE}
    assert read(press("17:2", message=gone)) == Pressed(Sender(7, "zh"), "c1", (17, 2))
