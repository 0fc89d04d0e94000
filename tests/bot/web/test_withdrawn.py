"""A streamed reply that begins anew: each protocol says so in its own way."""

from __future__ import annotations

import asyncio
import json

from bot.types import DecisionKind, Reply
from bot.web.openai_compat import _chunks
from bot.web.sse import WITHDRAWN, _reply_events

FINAL = Reply("New.", "en", DecisionKind.GROUNDED, None, None, (), (), {}, None, "c", 1, 1)


def turn_and_pieces(*pieces: str) -> tuple[asyncio.Task[Reply], asyncio.Queue[str | None]]:
    async def reply() -> Reply:
        return FINAL

    queue: asyncio.Queue[str | None] = asyncio.Queue()
    for piece in (*pieces, None):
        queue.put_nowait(piece)
    return asyncio.create_task(reply()), queue


async def test_our_own_stream_takes_back_what_was_shown() -> None:
    turn, pieces = turn_and_pieces(WITHDRAWN, "New.")
    sent = b"".join([each async for each in _reply_events(turn, "Old.", pieces)]).decode()
    kinds = [line.removeprefix("event: ") for line in sent.splitlines() if "event: " in line]
    assert kinds == ["draft", "retract", "draft", "message"]


async def test_openais_stream_cannot_and_sends_the_final_reply_whole() -> None:
    turn, pieces = turn_and_pieces(WITHDRAWN, "New")
    sent = [each.decode() async for each in _chunks(turn, "Old.", pieces)]
    deltas = [json.loads(each.removeprefix("data: "))["choices"][0]["delta"] for each in sent[:-1]]
    assert "".join(each.get("content", "") for each in deltas) == "Old.\nNew."
