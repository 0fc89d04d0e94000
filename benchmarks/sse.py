"""Many customers at once over server-sent events: nothing lost, doubled or out of order."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

from benchmarks.harness import Report, percentile
from benchmarks.load import UNLIMITED, resident_gib, template_questions
from benchmarks.server import serving

PACE_SECONDS = 5.0
SETTLE_SECONDS = 10.0


@dataclass(slots=True)
class Listener:
    """One customer: what was asked when, and what their stream said."""

    path: str
    headers: dict[str, str]
    asked: dict[str, float] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    async def listen(self, client: httpx2.AsyncClient) -> None:
        """Note every message of the stream, and how long each reply took to come."""
        questions: dict[int, str] = {}
        async with client.stream("GET", f"{self.path}/events", headers=self.headers) as response:
            kind = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "message":
                    message = json.loads(value)
                    self.heard.append(message)
                    if message["role"] == "customer":
                        questions[message["seq"]] = message["id"]
                    elif (asked := questions.get(message["seq"] - 1)) in self.asked:
                        self.seconds.append(time.perf_counter() - self.asked[asked])

    async def ask(self, client: httpx2.AsyncClient, number: int, question: str) -> None:
        """Send a question; the reply is taken from the stream."""
        name = str(number)
        self.asked[name] = time.perf_counter()
        body = {"id": name, "text": question}
        response = await client.post(f"{self.path}/messages", json=body, headers=self.headers)
        self.failed += response.status_code != 200

    def faults(self) -> tuple[int, int, int]:
        """Messages that were lost, doubled, and out of order."""
        seqs = [message["seq"] for message in self.heard]
        lost = 2 * len(self.asked) - len(set(seqs))
        disordered = sum(b < a for a, b in zip(seqs, seqs[1:], strict=False))
        return max(0, lost), len(seqs) - len(set(seqs)), disordered


async def begin(client: httpx2.AsyncClient) -> Listener:
    """A customer with a conversation."""
    begun = (await client.post("/api/conversations", json={})).raise_for_status().json()
    headers = {"Authorization": f"Bearer {begun['token']}"}
    return Listener(f"/api/conversations/{begun['conversation']}", headers)


async def crowd(
    client: httpx2.AsyncClient, questions: Sequence[str], customers: int, seconds: float
) -> list[Listener]:
    """Customers who listen, and each ask every five seconds at times of their own."""
    chance = random.Random(0)
    everyone = [await begin(client) for _ in range(customers)]
    streams = [asyncio.create_task(each.listen(client)) for each in everyone]

    async def write(listener: Listener, phase: float) -> None:
        began = time.perf_counter() + phase
        for number in range(int(seconds / PACE_SECONDS)):
            due = began + number * PACE_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await listener.ask(client, number, chance.choice(questions))

    await asyncio.gather(*(write(each, chance.uniform(0, PACE_SECONDS)) for each in everyone))
    until = time.perf_counter() + SETTLE_SECONDS
    while any(each.faults()[0] for each in everyone) and time.perf_counter() < until:
        await asyncio.sleep(0.1)
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    return everyone


async def measure(
    address: str, pid: int, report: Report, *, customers: int, seconds: float
) -> None:
    """Warm up, then the crowd; memory is compared with that after the warm-up."""
    # Shorter than the server keeps an idle connection: it must not close one in use.
    limits = httpx2.Limits(max_connections=None, keepalive_expiry=2)
    async with httpx2.AsyncClient(base_url=address, timeout=None, limits=limits) as client:
        questions = await template_questions(client)
        await crowd(client, questions, customers, PACE_SECONDS)
        before = resident_gib(pid)
        server, ourselves = psutil.Process(pid), psutil.Process()
        busy_before = busy_seconds(server), busy_seconds(ourselves)
        began = time.perf_counter()
        everyone = await crowd(client, questions, customers, seconds)
        took = time.perf_counter() - began
        busy = busy_seconds(server) - busy_before[0], busy_seconds(ourselves) - busy_before[1]
        after = resident_gib(pid)
    taken = [took for each in everyone for took in each.seconds]
    lost, doubled, disordered = (sum(f) for f in zip(*(e.faults() for e in everyone), strict=True))
    report.add("customers", customers)
    report.add("seconds", seconds, "s")
    report.add("questions", sum(len(each.asked) for each in everyone))
    report.add("refused or failed", sum(each.failed for each in everyone), at_most=0)
    report.add("lost messages", lost, at_most=0)
    report.add("doubled messages", doubled, at_most=0)
    report.add("messages out of order", disordered, at_most=0)
    report.add("template reply heard: p50", percentile(taken, 0.5) * 1000, "ms")
    report.add("template reply heard: p95", percentile(taken, 0.95) * 1000, "ms", at_most=300)
    report.add("cores that the server kept busy", busy[0] / took)
    # The crowd shares the cores with the server: this much of the load is not the server's.
    report.add("cores that the crowd kept busy", busy[1] / took)
    report.add("resident memory before", before, "GiB")
    report.add("growth of memory", (after - before) * 1024, "MiB", at_most=50)


def busy_seconds(process: psutil.Process) -> float:
    """The processor time that a process has had."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> int:
    """Serve the sample shop and let the crowd in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home to use; else one is trained first")
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=180)
    given = parser.parse_args()
    report = Report("sse", "Customers over server-sent events")
    with (
        tempfile.TemporaryDirectory(prefix="kefu-sse-") as folder,
        serving(
            given.home or Path(folder) / "home", "run", log=Path(folder) / "log", **UNLIMITED
        ) as server,
    ):
        work = measure(
            server.address,
            server.process.pid,
            report,
            customers=given.customers,
            seconds=given.seconds,
        )
        asyncio.run(work)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
