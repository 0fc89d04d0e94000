"""Template answers through HTTP against a real server: how fast, how many, how much memory."""

from __future__ import annotations

import argparse
import asyncio
import csv
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx2
import psutil

from benchmarks.harness import ROOT, Report, percentile
from benchmarks.server import serving

DATABASE_STAGES = ("receive", "turn", "record")
QUESTIONS = ROOT / "examples" / "shop" / "dev.csv"
PACE_SECONDS = 2.0
SATURATING = 32
UNLIMITED = {"KEFU_MESSAGES_PER_MINUTE": "1000000"}


@dataclass(slots=True)
class Turns:
    """What was seen of some turns: seconds per message, and the server's own stage timings."""

    seconds: list[float] = field(default_factory=list)
    timings: list[dict[str, float]] = field(default_factory=list)

    @property
    def p95_ms(self) -> float:
        """The 95th percentile in milliseconds."""
        return percentile(self.seconds, 0.95) * 1000

    @property
    def database_share(self) -> float:
        """The part of the turns' time that was spent in, or waiting for, the database."""
        spent = sum(each.get(stage, 0.0) for each in self.timings for stage in DATABASE_STAGES)
        return spent / sum(each["total"] for each in self.timings)


class Customer:
    """One conversation over one shared client."""

    def __init__(self, client: httpx2.AsyncClient, turns: Turns) -> None:
        """Begin nothing yet."""
        self._client, self._turns = client, turns
        self._ids = count()
        self._path, self._headers = "", {"Authorization": ""}

    async def begin(self) -> Customer:
        """Open the conversation."""
        begun = (await self._client.post("/api/conversations", json={})).raise_for_status().json()
        self._path = f"/api/conversations/{begun['conversation']}/messages"
        self._headers = {"Authorization": f"Bearer {begun['token']}"}
        return self

    async def ask(self, question: str, *, due: float | None = None) -> str:
        """Send a question; gives the decision. Late sending counts as waiting: `due` is when."""
        began = due or time.perf_counter()
        body = {"id": str(next(self._ids)), "text": question}
        response = await self._client.post(self._path, json=body, headers=self._headers)
        reply = response.raise_for_status().json()
        self._turns.seconds.append(time.perf_counter() - began)
        self._turns.timings.append(reply["timings_ms"])
        return str(reply["decision"])


async def template_questions(client: httpx2.AsyncClient, wanted: int = 40) -> list[str]:
    """Questions of the sample shop that the server answers from a template."""
    with QUESTIONS.open(encoding="utf-8") as file:
        asked = [row["question"] for row in csv.DictReader(file)]
    found = []
    for question in asked:
        customer = await Customer(client, Turns()).begin()
        if await customer.ask(question) == "template":
            found.append(question)
        if len(found) == wanted:
            break
    return found


async def alone(client: httpx2.AsyncClient, questions: Sequence[str], messages: int) -> Turns:
    """One customer who writes as soon as the last reply is there."""
    turns = Turns()
    customer = await Customer(client, turns).begin()
    for index in range(messages):
        await customer.ask(questions[index % len(questions)])
    return turns


async def paced(
    client: httpx2.AsyncClient, questions: Sequence[str], customers: int, seconds: float
) -> Turns:
    """Customers who each write once in two seconds, at times of their own."""
    turns, chance = Turns(), random.Random(0)
    crowd = [await Customer(client, turns).begin() for _ in range(customers)]
    began = time.perf_counter() + 0.5

    async def write(customer: Customer, phase: float) -> None:
        for index in range(int(seconds / PACE_SECONDS)):
            due = began + phase + index * PACE_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await customer.ask(chance.choice(questions), due=due)

    await asyncio.gather(*(write(each, chance.uniform(0, PACE_SECONDS)) for each in crowd))
    return turns


async def saturated(
    client: httpx2.AsyncClient, questions: Sequence[str], seconds: float
) -> tuple[Turns, float]:
    """As many messages as the server takes; gives the messages a second too."""
    turns, chance = Turns(), random.Random(0)
    crowd = [await Customer(client, turns).begin() for _ in range(SATURATING)]
    began = time.perf_counter()

    async def write(customer: Customer) -> None:
        while time.perf_counter() - began < seconds:
            await customer.ask(chance.choice(questions))

    await asyncio.gather(*map(write, crowd))
    return turns, len(turns.seconds) / (time.perf_counter() - began)


async def measure(address: str, pid: int, report: Report, *, quick: bool) -> None:
    """Every load in turn, on one client."""
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx2.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        questions = await template_questions(client)
        report.add("template questions", len(questions), at_least=10)
        await alone(client, questions, 20)
        one = await alone(client, questions, 50 if quick else 300)
        report.add("one customer: p50", percentile(one.seconds, 0.5) * 1000, "ms")
        report.add("one customer: p95", one.p95_ms, "ms", at_most=50)
        report.add("one customer: share in the database", one.database_share)
        fifty = await paced(client, questions, 50, 10 if quick else 60)
        report.add("50 customers: p50", percentile(fifty.seconds, 0.5) * 1000, "ms")
        report.add("50 customers: p95", fifty.p95_ms, "ms", at_most=150)
        full, rate = await saturated(client, questions, 5 if quick else 20)
        report.add("saturated: messages a second", rate, at_least=40)
        report.add("saturated: p95", full.p95_ms, "ms")
        report.add("saturated: share in the database", full.database_share)
    report.add("resident memory", resident_gib(pid), "GiB", at_most=1.5)


def resident_gib(pid: int) -> float:
    """What the server and its children hold in memory."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return float(sum(each.memory_info().rss for each in family)) / 2**30


def main() -> int:
    """Train a home on the sample shop, serve it, and load it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    quick = parser.parse_args().quick
    report = Report("load", "Template answers through HTTP on this machine")
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        log = Path(folder) / "log"
        with serving(Path(folder) / "home", "run", log=log, **UNLIMITED) as server:
            asyncio.run(measure(server.address, server.process.pid, report, quick=quick))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
