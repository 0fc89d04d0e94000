"""Kill the server at random moments while messages come in, and count what became of each."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx2
from rich.progress import track

from benchmarks.harness import Report
from benchmarks.server import ServerNotReadyError, serving, start
from storage.conversations import Conversations
from storage.database import Database, sqlite_url
from storage.types import Message, Role

QUESTIONS = ("我的快递到哪了", "Where is my order?", "一般几天能到", "How do I return something?")
CUSTOMERS = 4
ROUNDS_PER_CONVERSATION = 10
LONGEST_LIFE = 0.8
"""Seconds that a server lives at most once it is ready."""
DURING_START = 0.2
"""The share of kills that hit a server which is still starting, and may be recovering."""
PAGE = 200


@dataclass(slots=True)
class Sent:
    """A message that a customer sent, and the reply that came back; None while in doubt."""

    external_id: str
    text: str
    reply: str | None = None
    refused: bool = False


@dataclass(slots=True)
class Customer:
    """Writes in one conversation, and remembers everything."""

    conversation: str
    token: str
    sent: list[Sent] = field(default_factory=list)

    async def send(self, client: httpx2.AsyncClient, message: Sent) -> None:
        """Send a message, for the first time or again; the reply must stay the same."""
        response = await client.post(
            f"/api/conversations/{self.conversation}/messages",
            json={"id": message.external_id, "text": message.text},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        reply = response.raise_for_status().json()["reply"]
        message.refused = message.refused or message.reply not in {None, reply}
        message.reply = reply


@dataclass(frozen=True, slots=True)
class CrashReport:
    """What was found after the last restart."""

    kills: int
    messages: int
    in_doubt: int
    """Messages whose sender was cut off before a reply came."""
    without_reply: int
    with_several: int
    lost: int
    """Messages or replies that a customer had been given and that are gone or changed."""

    @property
    def clean(self) -> bool:
        """Whether every accepted message has exactly one reply, the one its customer saw."""
        return not (self.without_reply or self.with_several or self.lost)


class Crashes:
    """Kills servers on one home, which must hold a live bundle, and looks at what is left."""

    def __init__(
        self,
        home: Path,
        *,
        questions: Sequence[str] = QUESTIONS,
        log: Path | None = None,
        seed: int = 0,
    ) -> None:
        """`seed` decides when each server dies, as far as machines repeat themselves."""
        self._home, self._log = home, log
        self._questions = questions
        self._chance = random.Random(seed)
        self._customers: list[Customer] = []
        self._ids = count()
        self._in_doubt = 0
        self._start_seconds = 5.0

    def run(
        self, kills: int, progress: Callable[[Sequence[int]], Iterable[int]] = iter
    ) -> CrashReport:
        """Kill this often, then start once more and count."""
        for index in progress(range(kills)):
            if self._chance.random() < DURING_START:
                self._kill_while_starting()
            else:
                asyncio.run(self._kill_while_serving(new=index % ROUNDS_PER_CONVERSATION == 0))
        with serving(self._home, log=self._log) as server:
            asyncio.run(self._settle(server.address))
        return self._count(kills)

    def _kill_while_starting(self) -> None:
        server = start(self._home, log=self._log)
        try:
            server.wait_until_ready(self._chance.uniform(0.5, 1.1) * self._start_seconds)
        except ServerNotReadyError:
            if server.process.poll() is not None:
                raise
        finally:
            server.kill()

    async def _kill_while_serving(self, *, new: bool) -> None:
        server = start(self._home, log=self._log)
        try:
            self._start_seconds = await asyncio.to_thread(server.wait_until_ready)
            async with client_of(server.address) as client:
                if new or not self._customers:
                    await self._welcome(client)
                talking = [
                    asyncio.create_task(self._talk(client, each))
                    for each in self._customers[-CUSTOMERS:]
                ]
                await asyncio.sleep(self._chance.uniform(0, LONGEST_LIFE))
                server.kill()
                await asyncio.gather(*talking)
        finally:
            server.kill()

    async def _welcome(self, client: httpx2.AsyncClient) -> None:
        for _ in range(CUSTOMERS):
            response = (await client.post("/api/conversations", json={})).raise_for_status()
            begun = response.json()
            self._customers.append(Customer(begun["conversation"], begun["token"]))

    async def _talk(self, client: httpx2.AsyncClient, customer: Customer) -> None:
        """Ask what is still in doubt, then go on asking, until the server is gone."""
        doubtful = [message for message in customer.sent if message.reply is None]
        try:
            for message in doubtful:
                await customer.send(client, message)
            while True:
                message = Sent(str(next(self._ids)), self._chance.choice(self._questions))
                customer.sent.append(message)
                await customer.send(client, message)
        except httpx2.TransportError:
            self._in_doubt += 1

    async def _settle(self, address: str) -> None:
        """Ask everything again that is in doubt, and some of what is not."""
        async with client_of(address) as client:
            for customer in self._customers:
                for message in customer.sent[-5:]:
                    await customer.send(client, message)

    def _count(self, kills: int) -> CrashReport:
        database = Database(sqlite_url(self._home / "kefu.db"))
        none = several = lost = total = 0
        for customer in self._customers:
            stored = read_all(database, customer.conversation)
            replies: dict[int, list[Message]] = {
                each.id: [] for each in stored if each.role is Role.CUSTOMER
            }
            for each in stored:
                if each.reply_to is not None:
                    replies[each.reply_to].append(each)
            total += len(replies)
            none += sum(not found for found in replies.values())
            several += sum(len(found) > 1 for found in replies.values())
            by_id = {
                each.external_id: [reply.text for reply in replies[each.id]]
                for each in stored
                if each.role is Role.CUSTOMER
            }
            lost += sum(
                each.refused or each.reply not in by_id.get(each.external_id, [])
                for each in customer.sent
                if each.reply is not None
            )
        database.dispose()
        return CrashReport(kills, total, self._in_doubt, none, several, lost)


def read_all(database: Database, conversation: str) -> list[Message]:
    """Every message of a conversation, in order."""
    found: list[Message] = []
    with database.session(read_only=True) as session:
        while True:
            after = found[-1].seq if found else 0
            page = Conversations(session).messages_after(conversation, after, limit=PAGE)
            found += page
            if len(page) < PAGE:
                return found


def client_of(address: str) -> httpx2.AsyncClient:
    """A client of one server."""
    return httpx2.AsyncClient(base_url=address, timeout=30)


def main() -> int:
    """Train a home on the sample shop, and kill its servers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="how often (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="when (default 0)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        home, log = Path(folder) / "home", Path(folder) / "log"
        with serving(home, "run", log=log) as server:
            server.stop()
        crashes = Crashes(home, log=log, seed=given.seed)
        found = crashes.run(given.kills, progress=track)
    report = Report("crash", "kill -9 while messages come in")
    report.add("kills", found.kills)
    report.add("accepted messages", found.messages)
    report.add("cut off before their reply came", found.in_doubt)
    report.add("accepted without a reply", found.without_reply, at_most=0)
    report.add("accepted with several replies", found.with_several, at_most=0)
    report.add("lost or changed", found.lost, at_most=0)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
