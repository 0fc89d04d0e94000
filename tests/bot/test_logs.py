"""One JSON line per message, without its words."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import structlog

from bot.logs import configure_logging, logger

if TYPE_CHECKING:
    from tests.bot.conftest import Shop


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging("INFO", stream)
    yield stream
    structlog.reset_defaults()


async def test_a_reply_is_one_line_without_what_was_said(stream: io.StringIO, shop: Shop) -> None:
    conversation = await shop.begin()
    reply = await shop.ask(conversation, "我要退款，电话 13812345678")
    text = stream.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    (line,) = [line for line in lines if line["event"] == "replied"]
    assert line["conversation"] == conversation.id
    assert (line["message"], line["decision"]) == (reply.message, "template")
    assert line["ms"] > 0
    assert "13812345678" not in text
    assert "退款" not in text


def test_chinese_stays_readable_and_debug_is_left_out(stream: io.StringIO) -> None:
    logger("cli").info("hello", name="青禾")
    logger("cli").debug("unheard")
    assert "青禾" in stream.getvalue()
    assert "unheard" not in stream.getvalue()
