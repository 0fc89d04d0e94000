"""The local chat model: a tiny one with random weights really loads, batches, streams and dies."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from bot.errors import GeneratorUnavailableError
from bot.generator.base import ChatMessage, Request
from bot.generator.chat import ChatGenerator, Patience
from bot.generator.extractive import ExtractiveGenerator
from bot.generator.grounding import Grounding
from bot.generator.local import LocalModel, LocalSettings
from bot.generator.prompt import load_prompts
from bot.generator.testing import write_chat_model
from bot.work import Compute
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.types import Hit
from storage.types import Passage

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOP = ["商品签收后 7 天内可以退货。", "You can return items within 30 days.", "NO_ANSWER [1] [2]"]
KETTLE = "The kettle holds 1.7 litres. Rinse it twice with water."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_model(tmp_path_factory.mktemp("model"), SHOP)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def model(folder: Path) -> AsyncIterator[LocalModel]:
    model = LocalModel(LocalSettings(str(folder), "cpu", at_once=4, first_wait=0.01))
    await model.start()
    with pytest.raises(GeneratorUnavailableError, match="still loading"):
        await anext(model.stream(asked("hello"), 8))
    await model.wait_ready()
    yield model
    await model.close()


def asked(text: str) -> list[ChatMessage]:
    return [ChatMessage("system", "Answer."), ChatMessage("user", text)]


async def read(model: LocalModel, text: str, tokens: int = 32) -> list[tuple[float, str]]:
    return [(time.monotonic(), piece) async for piece in model.stream(asked(text), tokens)]


async def test_many_replies_share_the_model(model: LocalModel) -> None:
    questions = ["return?", "退货", "kettle", "运费"]
    alone = [await read(model, question, 150) for question in questions]
    together = await asyncio.gather(*(read(model, question, 150) for question in questions))
    for one, other in zip(alone, together, strict=True):
        assert "".join(piece for _, piece in one) == "".join(piece for _, piece in other)
        assert len(one) > 3  # it came in pieces
    # Side by side, not one after the other: each begins before any ends.
    assert max(pieces[0][0] for pieces in together) < min(pieces[-1][0] for pieces in together)


async def test_a_cancelled_reply_frees_its_place(model: LocalModel) -> None:
    streams = [model.stream(asked(f"question {n}"), 2000) for n in range(4)]
    for stream in streams:
        await anext(stream)
    with pytest.raises(GeneratorUnavailableError, match="4 replies are in work"):
        await anext(model.stream(asked("one too many"), 8))
    await streams[0].aclose()
    assert model.in_work == 3
    assert await read(model, "now there is room")
    for stream in streams[1:]:
        await stream.aclose()
    assert model.in_work == 0


async def test_a_cancelled_turn_frees_its_place(model: LocalModel) -> None:
    turn = asyncio.create_task(read(model, "a long one", 3000))
    while model.in_work == 0:
        await asyncio.sleep(0)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert model.in_work == 0


async def test_a_prompt_that_does_not_fit_is_refused_and_the_rest_goes_on(
    model: LocalModel,
) -> None:
    beside = asyncio.create_task(read(model, "short"))
    with pytest.raises(GeneratorUnavailableError, match="has room for 4096"):
        await read(model, "word " * 5000)
    assert await beside


async def test_nonsense_and_slowness_end_in_the_extract(model: LocalModel) -> None:
    compute, analyser = Compute(1), Analyser(Lexicon.from_package())
    passage = Passage(id=1, document="kettle.md", title="Kettle", kind="document", heading="",
                      text=KETTLE, start=0, end=len(KETTLE), language="en")  # fmt: skip
    request = Request("How much does the kettle hold?", (Hit(passage, 0.9, 0, 0),), "en")
    for patience in (Patience(max_tokens=24), Patience(whole=0.001, max_tokens=3000)):
        writer = ChatGenerator(
            model, ExtractiveGenerator(analyser, compute), Grounding(),
            load_prompts(None), compute, patience,
        )  # fmt: skip
        async with aclosing(writer.write(request)) as pieces:
            assert [piece.text async for piece in pieces] == ["The kettle holds 1.7 litres. [1]"]
        assert model.in_work == 0
    compute.close()


async def test_a_dead_worker_ends_its_replies_at_once_and_is_started_again(
    model: LocalModel,
) -> None:
    stream = model.stream(asked("a long one"), 3000)
    await anext(stream)
    os.kill(model.pid, signal.SIGKILL)  # what the kernel does when memory runs out
    began = time.monotonic()
    with pytest.raises(GeneratorUnavailableError, match="ended with -9"):
        async for _ in stream:
            pass
    assert time.monotonic() - began < 2
    with pytest.raises(GeneratorUnavailableError):
        await read(model, "nobody is there")
    await model.wait_ready()
    assert await read(model, "here again")


async def test_memory_that_is_not_there_is_told_and_tried_again_later(folder: Path) -> None:
    settings = LocalSettings(str(folder), "cpu", cache_tokens=10**12, first_wait=30)
    model = LocalModel(settings)
    await model.start()
    while "loading" in model.problem:
        await asyncio.sleep(0.02)
    with pytest.raises(GeneratorUnavailableError, match="(?i)memory"):
        await read(model, "hello")
    await model.close()
