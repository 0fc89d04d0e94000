"""kill -9 at every stage between an update and its delivered reply, whichever way updates come."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bot.telegram.double import BotApiDouble
from storage.conversations import Conversations
from storage.database import Database, sqlite_url
from storage.models import OutboxRow
from storage.types import DeliveryStatus, Message, Role
from tests.bot.telegram.mortal import NONE, STAGES

ROOT = Path(__file__).resolve().parents[3]
SENT, UNCERTAIN = DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN
FIRST_CHAT = 500

# Between the claim and the mark nobody can know whether it arrived: how often it did, per stage.
UNCERTAIN_STAGES = {"being sent": 0, "sent, not marked": 1, "being marked": 1}
OTHER_WAY = {"polling": "webhook", "webhook": "polling"}
KILLS = [
    (way_in, stage) for way_in in OTHER_WAY for stage in STAGES if OTHER_WAY[way_in] not in stage
]


@dataclass
class Mortal:
    """The process that forks channels; one of them runs at a time."""

    process: asyncio.subprocess.Process
    home: Path
    pid: int = 0

    async def start(self, way_in: str, stage: str = NONE) -> None:
        self.process.stdin.write(f"{way_in} {stage}\n".encode())
        self.pid = int(await self._line())

    async def end(self) -> int:
        """Wait until the channel has ended; gives what it ended with."""
        word, code = (await self._line()).split()
        assert word == "ended"
        return int(code)

    async def stop(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        return await self.end()

    async def _line(self) -> str:
        async with asyncio.timeout(60):
            line = (await self.process.stdout.readline()).decode()
        assert line, "the process that forks has ended"
        return line.strip()


@asynccontextmanager
async def mortal_channel(home, telegram):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot.telegram.mortal", str(home), telegram.token, telegram.base,
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Mortal(process, home)
    finally:
        process.stdin.close()
        await process.wait()


@dataclass(frozen=True)
class Told:
    """What is stored of one customer: their messages, the replies to each, their deliveries."""

    asked: list[Message]
    replies: list[Message]
    deliveries: list[str]


def told(home, chat) -> Told:
    database = Database(sqlite_url(home / "kefu.db"))
    with database.session(read_only=True) as session:
        conversations = Conversations(session)
        found = conversations.find_for_customer("telegram", str(chat))
        said = [] if found is None else conversations.messages_after(found.id, 0)
        replies = [each for each in said if each.reply_to is not None]
        states = select(OutboxRow.status).where(OutboxRow.message_id.in_([r.id for r in replies]))
        deliveries = list(session.scalars(states.order_by(OutboxRow.id)))
    database.dispose()
    return Told([each for each in said if each.role is Role.CUSTOMER], replies, deliveries)


async def test_a_kill_at_any_stage_loses_nothing_and_answers_once(tmp_path):
    home = tmp_path / "home"
    async with BotApiDouble() as telegram, mortal_channel(home, telegram) as mortal:
        for number, (way_in, stage) in enumerate(KILLS):
            await _killed_once(mortal, telegram, FIRST_CHAT + number, way_in, stage)


async def _killed_once(mortal, telegram, chat, way_in, stage):
    await mortal.start(way_in, stage)
    await telegram.write(chat, "怎么退款？", language="zh")
    where = f"{stage} ({way_in})"
    assert await mortal.end() == -signal.SIGKILL, where

    await mortal.start(way_in)
    # A later question of the same customer is answered, and last: nothing is stuck before it.
    await telegram.write(chat, "多久发快递？", language="zh")
    await telegram.wait_for(
        lambda t: t.texts(chat)[-1:] == ["一般两天送到。"] and not t.unconfirmed(), timeout=30
    )
    # Telegram hands out once more what it may not know to be taken.
    for update in list(telegram.updates)[-2:]:
        await telegram.hand_out_again(update)
    await telegram.wait_for(lambda t: not t.unconfirmed(), timeout=30)
    assert await mortal.stop() == 0, where

    arrived = UNCERTAIN_STAGES.get(stage, 1)
    assert telegram.texts(chat) == ["七天内可以退款。"] * arrived + ["一般两天送到。"], where
    found = told(mortal.home, chat)
    assert [each.text for each in found.asked] == ["怎么退款？", "多久发快递？"], where
    answered = [reply.reply_to for reply in found.replies]
    assert answered == [each.id for each in found.asked], where
    first = UNCERTAIN if stage in UNCERTAIN_STAGES else SENT
    assert found.deliveries == [first, SENT], where
