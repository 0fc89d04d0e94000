"""The openai generator against `transformers serve`, a server that was not written by us."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import GeneratorUnavailableError
from bot.generator.base import ChatMessage
from bot.generator.openai_client import OpenAIModel, Server
from bot.generator.testing import write_chat_model
from bot.work import Work
from storage.database import Database

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASKED = [ChatMessage("system", "Answer."), ChatMessage("user", "hello")]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, str]]:
    pytest.importorskip("accelerate")  # the server asks for it
    folder = write_chat_model(tmp_path / "tiny", ["hello", "You can return items."])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("transformers")
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [str(command), "serve", "--host", "127.0.0.1", "--port", str(port)],
        stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    yield process, f"http://127.0.0.1:{port}/v1", str(folder)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    log.close()


def listens(url: str) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) == 0


async def test_it_streams_and_is_killed_in_mid_stream(served, sqlite_database: Database) -> None:
    process, url, name = served
    work = Work(sqlite_database)
    model = OpenAIModel(Server(url, name, read_seconds=60), work)
    await model.start()
    began = time.monotonic()
    while not listens(url):
        assert process.poll() is None
        assert time.monotonic() < began + 120
        await asyncio.sleep(0.2)
    assert "".join([text async for text in model.stream(ASKED, 16)])
    stream = model.stream(ASKED, 3000)
    await anext(stream)
    os.killpg(process.pid, signal.SIGKILL)
    killed = time.monotonic()
    with pytest.raises(GeneratorUnavailableError):
        async for _ in stream:
            pass
    assert time.monotonic() - killed < 2
    await model.close()
    work.close()
