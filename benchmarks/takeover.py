"""Take-over races: a person takes a conversation at a random moment of the bot's turn.

No message of the bot that says something may follow the take-over's commit, and each question has
exactly one reply row.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.orm import Session

from benchmarks.harness import Report
from bot.generator.base import Piece, Request
from bot.live import Models
from bot.services import Services, open_services
from bot.settings import Settings
from bot.types import Incoming
from bot.web.testing import trial_home, trial_models
from storage.conversations import Conversations
from storage.database import Database
from storage.migrate import upgrade
from storage.staff import StaffAccounts
from storage.types import ConversationStatus, Message, Role, StaffRole

QUESTIONS = (
    "怎么退货",
    "invoice please",
    "耳机保修期为多久",
    "退货和发票",
    "xylophone zebra quartz",
)


class SlowGenerator:
    """Quotes in pieces with random pauses, so that a turn can be overtaken in the middle."""

    def __init__(self, chance: random.Random) -> None:
        """`chance` chooses the pauses."""
        self._chance = chance

    async def write(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Three pieces of the best passage."""
        for hit in request.hits[:1]:
            for part in range(3):
                await asyncio.sleep(self._chance.uniform(0, 0.01))
                yield Piece(hit.passage.text if part == 0 else "。")


@dataclass(slots=True)
class Races:
    """What came of the races: the bot was first, or fell silent; broken ones by their seed."""

    answered: int = 0
    silenced: int = 0
    broken: list[str] = field(default_factory=list)


async def races(folder: Path, *, count: int, seed: int) -> Races:
    """Run `count` races, some at a time, in a home below `folder`."""
    chance = random.Random(seed)
    settings = Settings(home=folder / "home", watch_seconds=60)
    labels = await asyncio.to_thread(_furnish, settings)

    def load(_bundle: str) -> Models:
        gate = threading.Event()
        gate.set()
        return replace(trial_models(labels, gate), generator=SlowGenerator(chance))

    result = Races()
    async with open_services(settings, watch=False, load=load) as services:
        staff = await services.work.run(
            lambda s: StaffAccounts(s).add("racer", "none", StaffRole.OPERATOR).id
        )
        for first in range(0, count, 10):
            batch = range(first, min(count, first + 10))
            await asyncio.gather(*(_race(services, staff, chance, n, result) for n in batch))
    return result


def _furnish(settings: Settings) -> dict[str, int]:
    settings.prepare_home()
    database = Database(settings.url)
    try:
        upgrade(database)
        with database.session() as session:
            return trial_home(session)
    finally:
        database.dispose()


async def _race(
    services: Services, staff: int, chance: random.Random, number: int, result: Races
) -> None:
    conversation = await services.work.run(lambda s: Conversations(s).create("web"))
    text, pause = chance.choice(QUESTIONS), chance.uniform(0, 0.06)
    incoming = Incoming("web", conversation.id, "q", text)
    turn = asyncio.create_task(services.pipeline.reply(incoming))
    await asyncio.sleep(pause)

    def take(session: Session) -> int:
        conversations = Conversations(session)
        conversations.set_status(conversation.id, ConversationStatus.PERSON, staff_id=staff)
        said = conversations.messages_after(conversation.id, 0)
        return max((message.seq for message in said), default=0)

    seq_at_commit = await services.work.run(take)
    await turn
    after = await services.work.read(lambda s: Conversations(s).messages_after(conversation.id, 0))
    _judge(after, seq_at_commit, f"{number}: {text} after {pause:.4f} s", result)


def _judge(messages: list[Message], seq_at_commit: int, name: str, result: Races) -> None:
    replies = [message for message in messages if message.role is Role.BOT]
    late = [m for m in replies if m.seq > seq_at_commit and m.text.strip()]
    if late or len(replies) != 1:
        result.broken.append(name)
    elif replies[0].text.strip():
        result.answered += 1
    else:
        result.silenced += 1


def main() -> int:
    """Run the races and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kefu-takeover-") as folder:
        found = asyncio.run(races(Path(folder), count=given.races, seed=given.seed))
    report = Report("takeover", "Take-over races")
    report.add("races", given.races)
    report.add("the bot was first", found.answered, at_least=1)
    report.add("the bot fell silent", found.silenced, at_least=1)
    report.add("a bot message after the take-over, or not one reply", len(found.broken), at_most=0)
    report.add("seconds", time.perf_counter() - began, "s")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
