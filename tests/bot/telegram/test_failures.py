"""What a failed request means, and that telling it does not tell the token."""

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramNetworkError
from aiogram.methods import SendMessage

from bot.telegram.double import BotApiDouble, Cut
from bot.telegram.double_rules import Refusal
from bot.telegram.failures import Later, Refused, Unknown, in_words, judge

TOKEN = "42:SECRET-part"


async def failure(base, token=TOKEN):
    server = TelegramAPIServer.from_base(base)
    async with Bot(token, session=AiohttpSession(api=server)) as bot:
        with pytest.raises(AiogramError) as caught:
            await bot.send_message(7, "hello")
    return caught.value


@pytest.mark.parametrize(
    ("scripted", "verdict"),
    [
        (Refusal(429, "Too Many Requests", 9), Later(after=9.0)),
        (Refusal(502, "Bad Gateway"), Later(bounded=True)),
        (Refusal(400, "Bad Request: chat not found"), Refused()),
        (Refusal(403, "Forbidden: bot was blocked by the user"), Refused()),
        (Refusal(401, "Unauthorized"), Later()),
        (Cut.BEFORE, Unknown()),
        (Cut.AFTER, Unknown()),
    ],
)
async def test_each_answer_has_its_verdict(scripted, verdict):
    async with BotApiDouble(TOKEN) as telegram:
        telegram.script("sendMessage", scripted)
        assert judge(await failure(telegram.base)) == verdict


async def test_a_refused_connection_has_sent_nothing(unused_tcp_port):
    assert judge(await failure(f"http://127.0.0.1:{unused_tcp_port}")) == Later()


def test_a_timeout_may_have_sent_it():
    error = TelegramNetworkError(SendMessage(chat_id=7, text="x"), "Request timeout error")
    error.__cause__ = TimeoutError()
    assert judge(error) == Unknown()


def test_an_answer_that_is_not_json_may_have_sent_it():
    assert judge(ClientDecodeError("no", ValueError("x"), "<html>")) == Unknown()


@pytest.mark.parametrize("where", [TOKEN, "42%3ASECRET-part", "SECRET-part"])
def test_the_token_is_never_told(where):
    error = aiohttp.InvalidURL(f"http://x/bot{where}/sendMessage")
    told = in_words(error, TOKEN)
    assert "SECRET-part" not in told
    assert told.startswith(("InvalidUrl", "InvalidURL"))
    assert "sendMessage" in told
