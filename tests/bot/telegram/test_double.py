"""The Bot API double keeps Telegram's documented limits; aiogram talks to it over a socket."""

import asyncio
from io import BytesIO

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)
from PIL import Image

from bot.telegram.double import BotApiDouble, Cut
from bot.telegram.double_rules import Refusal


@pytest.fixture
async def telegram():
    async with BotApiDouble() as double:
        yield double


def client(double, token=None):
    server = TelegramAPIServer.from_base(double.base)
    return Bot(token or double.token, session=AiohttpSession(api=server))


@pytest.fixture
async def bot(telegram):
    async with client(telegram) as bot:
        yield bot


def buttons(data):
    button = InlineKeyboardButton(text="yes", callback_data=data)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


async def test_a_wrong_token_is_refused(telegram):
    async with client(telegram, "42:WRONG") as bot:
        with pytest.raises(TelegramUnauthorizedError):
            await bot.get_me()


async def test_an_update_is_handed_out_until_a_later_offset_confirms_it(telegram, bot):
    first = await telegram.write(7, "one")
    second = await telegram.write(7, "two")
    assert [u.update_id for u in await bot.get_updates()] == [first, second]
    assert [u.update_id for u in await bot.get_updates()] == [first, second]
    assert [u.update_id for u in await bot.get_updates(offset=second)] == [second]
    assert [u.update_id for u in await bot.get_updates()] == [second]
    assert await bot.get_updates(offset=second + 1) == []
    assert telegram.unconfirmed() == []


async def test_a_waiting_request_hears_of_a_new_update_at_once(telegram, bot):
    waiting = asyncio.create_task(bot.get_updates(timeout=20))
    await telegram.wait_for(lambda t: t.calls)
    await telegram.write(7, "hello")
    async with asyncio.timeout(5):
        (update,) = await waiting
    assert update.message.text == "hello"
    assert update.message.from_user.language_code == "en"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "message text is empty"),
        (" \n\t ", "message text is empty"),
        ("x" * 4097, "message is too long"),
        ("😀" * 2049, "message is too long"),
    ],
)
async def test_a_text_outside_the_limits_is_refused(bot, text, reason):
    with pytest.raises(TelegramBadRequest, match=reason):
        await bot.send_message(7, text)


async def test_the_limit_counts_utf16_units_after_parsing(telegram, bot):
    await bot.send_message(7, "😀" * 2048)
    await bot.send_message(7, "<b>" + "x" * 4096 + "</b>", parse_mode="HTML")
    assert [len(text) for text in telegram.texts(7)] == [2048, 4096]


@pytest.mark.parametrize("text", ["<b>open", "<script>x</script>", "a</b>"])
async def test_broken_markup_is_refused(bot, text):
    with pytest.raises(TelegramBadRequest, match="can't parse entities"):
        await bot.send_message(7, text, parse_mode="HTML")


async def test_button_data_may_have_64_bytes(telegram, bot):
    await bot.send_message(7, "?", reply_markup=buttons("字" * 21))
    assert telegram.sent[0].buttons == (("yes", "字" * 21),)
    with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
        await bot.send_message(7, "?", reply_markup=buttons("字" * 22))


async def test_a_keyboard_may_have_100_buttons(bot):
    button = InlineKeyboardButton(text="x", callback_data="x")
    markup = InlineKeyboardMarkup(inline_keyboard=[[button]] * 101)
    with pytest.raises(TelegramBadRequest, match="REPLY_MARKUP_TOO_LONG"):
        await bot.send_message(7, "?", reply_markup=markup)


async def test_a_customer_may_block_the_bot(telegram, bot):
    telegram.blocked.add(7)
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(7, "hello")


async def test_messages_are_edited_and_deleted(telegram, bot):
    sent = await bot.send_message(7, "draft")
    await bot.edit_message_text("better", chat_id=7, message_id=sent.message_id)
    assert telegram.texts(7) == ["better"]
    with pytest.raises(TelegramBadRequest, match="not modified"):
        await bot.edit_message_text("better", chat_id=7, message_id=sent.message_id)
    await bot.delete_message(7, sent.message_id)
    assert telegram.texts(7) == []
    with pytest.raises(TelegramBadRequest):
        await bot.delete_message(7, sent.message_id)


async def test_the_menu_of_commands_is_checked(telegram, bot):
    await bot.set_my_commands([BotCommand(command="help", description="Help")])
    assert telegram.commands == [{"command": "help", "description": "Help"}]
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Help!", description="Help")])


async def test_typing_is_the_action_that_is_known(bot):
    assert await bot.send_chat_action(7, "typing")
    with pytest.raises(TelegramBadRequest):
        await bot.send_chat_action(7, "dancing")


async def test_a_pressed_button_arrives_as_a_callback_query(telegram, bot):
    sent = await bot.send_message(7, "?", reply_markup=buttons("17:0"))
    await telegram.press(sent.message_id, 0)
    (update,) = await bot.get_updates()
    assert update.callback_query.data == "17:0"
    await bot.answer_callback_query(update.callback_query.id)
    assert telegram.answered_callbacks == [update.callback_query.id]


async def test_failures_come_in_the_scripted_order(telegram, bot):
    telegram.script(
        "sendMessage",
        Refusal(429, "Too Many Requests: retry after 3", 3),
        Refusal(502, "Bad Gateway"),
        Cut.BEFORE,
        Cut.AFTER,
    )
    with pytest.raises(TelegramRetryAfter) as flood:
        await bot.send_message(7, "x")
    assert flood.value.retry_after == 3
    with pytest.raises(TelegramServerError):
        await bot.send_message(7, "x")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7, "before")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7, "after")
    await bot.send_message(7, "whole")
    assert telegram.texts(7) == ["after", "whole"]


async def test_updates_are_either_posted_or_handed_out(telegram, bot):
    await bot.set_webhook(telegram.base + "/nobody", secret_token="a-b_C9")
    await telegram.write(7, "hello")
    with pytest.raises(TelegramConflictError):
        await bot.get_updates()
    await bot.delete_webhook()
    (update,) = await bot.get_updates()
    assert update.message.text == "hello"


@pytest.mark.parametrize(
    ("url", "secret"), [("http://bot.example/x", "s"), ("https://bot.example", "no space")]
)
async def test_a_webhook_is_checked(bot, url, secret):
    with pytest.raises(TelegramBadRequest):
        await bot.set_webhook(url, secret_token=secret)


async def test_only_a_query_that_was_asked_can_be_answered(bot):
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query("never")


@pytest.mark.parametrize("name", ["Help", "帮助", "a" * 33, "a-b"])
async def test_a_command_is_small_latin_letters(bot, name):
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command=name, description="x")])


async def test_a_picture_and_its_caption_are_checked(telegram, bot):
    def png(width, height):
        kept = BytesIO()
        Image.new("RGB", (width, height)).save(kept, "PNG")
        return BufferedInputFile(kept.getvalue(), "x.png")

    await bot.send_photo(7, png(10, 10), caption="😀" * 512)
    assert telegram.sent[0].file.startswith(b"\x89PNG")
    for photo, caption in ((png(10, 10), "x" * 1025), (png(210, 10), "x"),
                           (BufferedInputFile(b"text", "x.png"), "x")):  # fmt: skip
        with pytest.raises(TelegramBadRequest):
            await bot.send_photo(7, photo, caption=caption)


async def test_what_is_gone_is_neither_copied_nor_replied_to(telegram, bot):
    await telegram.write(7, "hello")
    await bot.copy_message(8, 7, 1)
    assert telegram.sent[0].copied_from == (7, 1)
    with pytest.raises(TelegramBadRequest, match="to copy not found"):
        await bot.copy_message(8, 7, 99)
    gone = ReplyParameters(message_id=99)
    with pytest.raises(TelegramBadRequest, match="replied not found"):
        await bot.send_message(7, "x", reply_parameters=gone)
    tolerant = ReplyParameters(message_id=99, allow_sending_without_reply=True)
    await bot.send_message(7, "x", reply_parameters=tolerant)
