"""The process `kefu telegram`, killed at any moment, loses nothing and says nothing twice."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage.conversations import Conversations
from storage.database import Database, sqlite_url
from storage.outbox import Outbox
from storage.types import DeliveryStatus, Role

ROOT = Path(__file__).resolve().parents[3]
CHATS = range(70, 76)


@asynccontextmanager
async def kefu_telegram(home, telegram, port=None):
    """The command in a process of its own; terminated at the end of the block if it still runs.

    With a port it listens there for updates, else it asks for them.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEFU_")}
    environment = kept | {
        "KEFU_HOME": str(home),
        "KEFU_TELEGRAM_TOKEN": telegram.token,
        "KEFU_TELEGRAM_API_BASE": telegram.base,
    }
    at = f"http://127.0.0.1:{port}"
    way_in = ["--webhook", at, "--port", str(port)] if port else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "telegram", *way_in, env=environment, cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, told = await process.communicate()
        assert telegram.token.partition(":")[2].encode() not in told


async def write_to_all(telegram, text):
    for chat in CHATS:
        await telegram.write(chat, text)


def messages(home):
    """Per customer message the replies it has, and the deliveries."""
    database = Database(sqlite_url(home / "kefu.db"))
    with database.session(read_only=True) as session:
        stored = [
            message
            for conversation in Conversations(session).list_recent(limit=1000)
            for message in Conversations(session).messages_after(conversation.id, 0)
        ]
        asked = {m.id: 0 for m in stored if m.role is Role.CUSTOMER}
        for message in stored:
            if message.reply_to is not None:
                asked[message.reply_to] += 1
        deliveries = [Outbox(session).get(n + 1) for n in range(sum(asked.values()))]
    database.dispose()
    return asked, deliveries


@pytest.mark.parametrize(("way_in", "after"), [("polling", 3), ("webhook", 1)])
async def test_kill_9_loses_nothing(tmp_path, telegram, way_in, after, unused_tcp_port):
    home = tmp_path / "home"
    port = unused_tcp_port if way_in == "webhook" else None
    async with kefu_telegram(home, telegram, port) as process:
        await write_to_all(telegram, "first")
        await telegram.wait_for(lambda t: len(t.sent) >= after, timeout=90)
        process.kill()
    await write_to_all(telegram, "second")
    async with kefu_telegram(home, telegram, port) as process:
        await telegram.wait_for(
            lambda t: (
                not t.unconfirmed()
                and {m.chat_id for m in t.sent[after:]} >= set(CHATS)
                and len(t.sent) >= 2 * len(CHATS) - uncertain(home)
            ),
            timeout=90,
        )
    assert process.returncode == 0

    asked, deliveries = messages(home)
    assert len(asked) == 2 * len(CHATS)
    assert set(asked.values()) == {1}
    states = [delivery.status for delivery in deliveries]
    assert set(states) <= {DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN}
    arrived = len(telegram.sent)
    assert states.count(DeliveryStatus.SENT) <= arrived <= len(states)


def uncertain(home):
    """How many deliveries nobody can know about."""
    database = Database(sqlite_url(home / "kefu.db"))
    with database.session(read_only=True) as session:
        found, number = 0, 1
        while (delivery := _get(session, number)) is not None:
            found += delivery.status is DeliveryStatus.UNCERTAIN
            number += 1
    database.dispose()
    return found


def _get(session, number):
    from storage.errors import NotFoundError

    try:
        return Outbox(session).get(number)
    except NotFoundError:
        return None
