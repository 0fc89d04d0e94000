"""The generator behind an OpenAI-compatible server: a real server, in a process that is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import GeneratorUnavailableError
from bot.generator.base import ChatMessage, Piece, Request
from bot.generator.chat import ChatGenerator, Patience
from bot.generator.extractive import ExtractiveGenerator
from bot.generator.grounding import Grounding
from bot.generator.openai_client import OpenAIModel, Server
from bot.generator.prompt import load_prompts
from bot.work import Compute, Work
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.types import Hit
from storage.database import Database
from storage.types import Passage
from storage.usage import GeneratorUsage

KETTLE = "The kettle holds 1.7 litres. Rinse it twice with water. The lid opens at a push."
GOOD = "The kettle holds 1.7 litres. [1] Rinse it twice with water [1]."
ASKED = [ChatMessage("user", "How much does the kettle hold?")]
QUICK = Patience(first=0.6, silence=0.6, whole=1.2)


@dataclass
class ChatServer:
    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def requests(self) -> list[dict[str, object]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/requests") as answer:
            return json.load(answer)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    script = Path(__file__).with_name("chat_server.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    ) as process:
        yield ChatServer(process, int(process.stdout.readline()))
        process.kill()


@pytest.fixture
def work(sqlite_database: Database) -> Iterator[Work]:
    work = Work(sqlite_database)
    yield work
    work.close()


@pytest.fixture
def compute() -> Iterator[Compute]:
    compute = Compute(1)
    yield compute
    compute.close()


@pytest.fixture
async def connect(server: ChatServer, work: Work) -> AsyncIterator:
    models = []

    async def connect(name: str, **values: object) -> OpenAIModel:
        model = OpenAIModel(Server(server.url, name, SecretStr("sk-secret"), **values), work)
        models.append(model)
        await model.start()
        return model

    yield connect
    for model in models:
        await model.close()


@cache
def the_analyser() -> Analyser:
    return Analyser(Lexicon.from_package())


def request(question: str = "How much does the kettle hold?", text: str = KETTLE) -> Request:
    passage = Passage(id=7, document="kettle.md", title="Kettle", kind="document", heading="",
                      text=text, start=50, end=50 + len(text), language="en")  # fmt: skip
    return Request(question, (Hit(passage, 0.9, 0.0, 0.0),), "en", shop="Greenleaf")


def writer(model: OpenAIModel, compute: Compute, patience: Patience = QUICK) -> ChatGenerator:
    analyser = the_analyser()
    extract = ExtractiveGenerator(analyser, compute)
    prompts = load_prompts(None)
    return ChatGenerator(model, extract, Grounding(), prompts, compute, patience)


async def written(generator: ChatGenerator, asked: Request) -> list[Piece]:
    return [piece async for piece in generator.write(asked)]


def final(pieces: list[Piece]) -> str:
    text = ""
    for piece in pieces:
        text = piece.text if piece.withdraws else text + piece.text
    return text


async def test_the_reply_streams_and_every_sentence_is_cited(connect, compute, server) -> None:
    pieces = await written(writer(await connect(f"say|{GOOD}"), compute), request())
    assert [piece.text for piece in pieces] == [
        "The kettle holds 1.7 litres. [1]",
        " Rinse it twice with water. [1]",
    ]
    (source,) = (c for piece in pieces for c in piece.citations)
    assert (source.n, source.text, source.document, source.start) == (1, KETTLE, "kettle.md", 50)
    (asked,) = server.requests()
    assert asked["key"] == "Bearer sk-secret"
    assert asked["stream"] is True
    assert KETTLE in str(asked["messages"])


@pytest.mark.parametrize(
    "name",
    [
        "say|The kettle holds 2.5 litres. [1]",
        "say|The kettle holds 1.7 litres. [1] We guarantee a full refund. [1]",
        "say|水壶的容量是 1.7 升。[1]",
        "say|NO_ANSWER",
        "say|",
        "say|<think>The passage says 1.7 litres.",
        f"cut|{GOOD} The lid",
        f"garbage|{GOOD}",
        f"hang|{GOOD}",
        f"drip|{GOOD}",
        "refuse",
    ],
)
async def test_what_cannot_be_shown_is_replaced_by_the_extract(connect, compute, name) -> None:
    began = time.monotonic()
    pieces = await written(writer(await connect(name), compute), request())
    assert time.monotonic() - began < 2 + QUICK.whole
    assert final(pieces) == "The kettle holds 1.7 litres. [1]"
    shown = [piece for piece in pieces if not piece.withdraws]
    assert all(piece.text.rstrip(" [1]") in KETTLE for piece in shown)


async def test_thinking_aloud_is_not_part_of_the_reply(connect, compute) -> None:
    model = await connect(f"say|<think>Maybe 9 litres? No. </think>\n{GOOD}")
    pieces = await written(writer(model, compute), request())
    assert final(pieces).startswith("The kettle holds 1.7 litres. [1] Rinse")


async def test_a_refused_reply_is_tried_once_more_and_told_why(connect, compute, server) -> None:
    model = await connect(f"twice|It holds 9 litres. [1]|{GOOD}")
    assert final(await written(writer(model, compute), request())).count("[1]") == 2
    first, second = (str(each["messages"]) for each in server.requests())
    assert "failed its check" not in first
    assert "failed its check" in second


async def test_a_failure_before_the_first_word_is_tried_again(connect, compute, server) -> None:
    pieces = await written(writer(await connect(f"flaky|{GOOD}"), compute), request())
    assert len(pieces) == 2
    assert len(server.requests()) == 2


async def test_a_server_killed_in_mid_stream(connect, compute, server) -> None:
    model = await connect(f"hang|{GOOD} Then")
    patience = Patience(first=20, silence=20, whole=60)
    pieces, killed = [], 0.0
    async for piece in writer(model, compute, patience).write(request()):
        pieces.append(piece)
        if len(pieces) == 1:
            server.process.kill()
            killed = time.monotonic()
    assert time.monotonic() - killed < 2
    assert final(pieces) == "The kettle holds 1.7 litres. [1]"
    # And with nobody there any more:
    began = time.monotonic()
    assert final(await written(writer(model, compute, patience), request())) == final(pieces)
    assert time.monotonic() - began < 2


async def test_the_days_budget_outlives_a_restart(connect, compute, server, work) -> None:
    model = await connect(f"say|{GOOD}", tokens_per_day=2000)
    assert len(await written(writer(model, compute), request())) == 2
    today = datetime.now(UTC).date()
    used = await work.read(lambda s: GeneratorUsage(s).used(today))
    assert used == 120  # what the server counted, not what was booked
    again = await connect(f"say|{GOOD}", tokens_per_day=500)
    assert len(await written(writer(again, compute), request())) == 1
    assert len(server.requests()) == 1
    assert await work.read(lambda s: GeneratorUsage(s).used(today)) == 120


async def test_closing_the_iterator_stops_the_stream_and_pays_for_what_was_said(
    connect, work
) -> None:
    model = await connect(f"hang|{GOOD}")
    stream = model.stream(ASKED, 100)
    assert await anext(stream) == "The "
    await stream.aclose()
    used = await work.read(lambda s: GeneratorUsage(s).used(datetime.now(UTC).date()))
    assert 0 < used < 30


async def test_the_key_is_told_to_nobody(connect, capsys) -> None:
    model = await connect("refuse")
    with pytest.raises(GeneratorUnavailableError, match="AuthenticationError 401") as caught:
        await anext(model.stream(ASKED, 100))
    assert "sk-secret" not in str(caught.value) + repr(model) + "".join(capsys.readouterr())


async def test_doctor_can_ask_which_models_there_are(connect, server) -> None:
    model = await connect("tiny")
    assert await model.models() == ["tiny"]
    server.process.kill()
    server.process.wait()
    with pytest.raises(GeneratorUnavailableError):
        await model.models()
