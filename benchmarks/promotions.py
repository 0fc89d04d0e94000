"""Promotions and rollbacks while customers chat: no turn fails, none is lost, memory stays flat."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.crash import read_all
from benchmarks.harness import Report, kefu, percentile
from benchmarks.load import UNLIMITED, resident_gib
from benchmarks.server import serving
from storage.database import Database, sqlite_url
from storage.types import Role

FIXED = (
    "我的快递到哪了", "一般几天能到", "怎么开发票", "可以退货吗", "净水器滤芯多久换一次",
    "你们卖飞机票吗", "Where is my order?", "How do I return something?", "Do you sell gift cards?",
    "asdf qwer",
)  # fmt: skip
PACE_SECONDS = 2.0
LOOK_SECONDS = 0.02


@dataclass(slots=True)
class Seen:
    """What the customers saw: seconds per turn, turns that failed, and replies by conversation."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    replies: dict[str, dict[str, str]] = field(default_factory=dict)
    bundles: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Promotions:
    """What was found; `lost` and `doubled` count messages, `memory` is in GiB after each change."""

    changes: int
    turns: int
    failed: tuple[str, ...]
    lost: int
    doubled: int
    rollback_seconds: tuple[float, ...]
    promotion_seconds: tuple[float, ...]
    identical: bool
    memory: tuple[float, ...]
    p95_ms: float
    bundles: int

    @property
    def slope_mib(self) -> float:
        """MiB that a change costs in the second half, by least squares; the first half warms up."""
        half = self.memory[len(self.memory) // 2 :]
        middle, mean = (len(half) - 1) / 2, sum(half) / len(half)
        spread = sum((place - middle) ** 2 for place in range(len(half)))
        moved = sum((place - middle) * (each - mean) for place, each in enumerate(half))
        return moved / spread * 1024 if spread else 0.0


class Staff:
    """An admin who promotes and rolls back over HTTP."""

    def __init__(self, client: httpx2.AsyncClient, token: str) -> None:
        """`token` is an admin's API token."""
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def bundles(self) -> list[dict[str, Any]]:
        """Every bundle, the newest first."""
        found = await self._client.get("/api/admin/bundles", headers=self._headers)
        listed: list[dict[str, Any]] = found.raise_for_status().json()
        return listed

    async def change(self, path: str) -> float:
        """Promote or roll back; the seconds until the server answers with the other bundle."""
        began = time.perf_counter()
        told = await self._client.post(f"/api/admin/bundles/{path}", json={}, headers=self._headers)
        wanted = told.raise_for_status().json()["id"]
        while (await self._client.get("/readyz")).json()["bundle"] != wanted:
            await asyncio.sleep(LOOK_SECONDS)
        return time.perf_counter() - began


async def measure(
    address: str, pid: int, home: Path, token: str, *, changes: int, customers: int, pace: float
) -> Promotions:
    """Change the live bundle to and fro, while customers write at their pace."""
    seen, over = Seen(), asyncio.Event()
    # The server closes what was idle for 5 s, and cuts off who writes at that very moment.
    limits = httpx2.Limits(max_connections=200, keepalive_expiry=PACE_SECONDS)
    async with httpx2.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        staff = Staff(client, token)
        newest = next(each["id"] for each in await staff.bundles() if each["live"])
        before = await answers(client)
        back, forth, memory = [], [], [resident_gib(pid)]
        async with asyncio.TaskGroup() as crowd:
            for place in range(customers):
                phase = pace * place / customers
                crowd.create_task(_chat(client, seen, over, place, phase, pace))
            for number in range(changes):
                if number % 2:
                    forth.append(await staff.change(f"{newest}/promote"))
                else:
                    back.append(await staff.change("rollback"))
                memory.append(resident_gib(pid))
                await asyncio.sleep(pace / 2)
            over.set()
        if changes % 2:
            await staff.change(f"{newest}/promote")
        after = await answers(client)
    lost, doubled = _count(home, seen)
    return Promotions(
        changes=changes,
        turns=len(seen.seconds),
        failed=tuple(seen.failed),
        lost=lost,
        doubled=doubled,
        rollback_seconds=tuple(back),
        promotion_seconds=tuple(forth),
        identical=before == after,
        memory=tuple(memory),
        p95_ms=percentile(seen.seconds, 0.95) * 1000,
        bundles=len(seen.bundles),
    )


async def answers(client: httpx2.AsyncClient) -> list[tuple[Any, ...]]:
    """What fresh conversations are told, and with which confidence."""
    found = []
    for place, question in enumerate(FIXED):
        path, headers = await _begin(client)
        body = {"id": str(place), "text": question}
        reply = (await client.post(path, json=body, headers=headers)).raise_for_status().json()
        keys = ("reply", "decision", "intent", "confidence", "bundle")
        found.append(tuple(reply[key] for key in keys))
    return found


async def _begin(client: httpx2.AsyncClient) -> tuple[str, dict[str, str]]:
    begun = (await client.post("/api/conversations", json={})).raise_for_status().json()
    headers = {"Authorization": f"Bearer {begun['token']}"}
    return f"/api/conversations/{begun['conversation']}/messages", headers


async def _chat(
    client: httpx2.AsyncClient, seen: Seen, over: asyncio.Event, place: int, phase: float,
    pace: float,
) -> None:  # fmt: skip
    """Write once in a while, from a moment of one's own on; late sending counts as waiting."""
    path, headers = await _begin(client)
    told = seen.replies.setdefault(path.split("/")[3], {})
    began = time.perf_counter() + phase
    for number in count():
        due = began + number * pace
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if over.is_set():
            return
        body = {"id": str(number), "text": FIXED[(place + number) % len(FIXED)]}
        try:
            response = await client.post(path, json=body, headers=headers)
            reply = response.raise_for_status().json()
        except httpx2.HTTPError as error:
            seen.failed.append(f"{type(error).__name__}: {error}")
            continue
        seen.seconds.append(time.perf_counter() - due)
        told[str(number)] = reply["reply"]
        seen.bundles.add(reply["bundle"])


def _count(home: Path, seen: Seen) -> tuple[int, int]:
    """Messages whose one reply is not what the customer saw, and those with several."""
    database = Database(sqlite_url(home / "kefu.db"))
    lost = doubled = 0
    for conversation, told in seen.replies.items():
        stored = read_all(database, conversation)
        for asked in (each for each in stored if each.role is Role.CUSTOMER):
            replies = [each.text for each in stored if each.reply_to == asked.id]
            doubled += len(replies) > 1
            lost += replies[:1] != [told.get(str(asked.external_id))]
    database.dispose()
    return lost, doubled


def add_admin(home: Path) -> str:
    """An API token of a new admin."""
    kefu(home, "user", "add", "bench", "--role", "admin", "--password", "for the benchmark only")
    made, _ = kefu(home, "user", "token", "bench", "--label", "bench")
    return str(made["token"])


def report_of(found: Promotions) -> Report:
    """The figures with their limits."""
    report = Report("promotions", "Promotions and rollbacks while customers chat")
    report.add("promotions and rollbacks", found.changes)
    report.add("bundles that answered", found.bundles, at_least=2)
    report.add("turns", found.turns)
    report.add("turns that failed", len(found.failed), at_most=0)
    report.add("messages without the reply that was seen", found.lost, at_most=0)
    report.add("messages with several replies", found.doubled, at_most=0)
    report.add("rollback, longest", max(found.rollback_seconds), "s", at_most=5)
    report.add("promotion, longest", max(found.promotion_seconds), "s", at_most=5)
    report.add("same answers before and after", float(found.identical), at_least=1)
    report.add("turns meanwhile: p95", found.p95_ms, "ms")
    report.add("memory at the begin", found.memory[0], "GiB")
    report.add("memory at the end", found.memory[-1], "GiB", at_most=1.5)
    report.add("memory per change, second half", found.slope_mib, "MiB", at_most=5)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a home twice on the sample shop, serve it, and change its bundle to and fro."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--customers", type=int, default=50, help="how many (default 50)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        home, log = Path(folder) / "home", Path(folder) / "log"
        with serving(home, "run", log=log) as server:
            server.stop()
        kefu(home, "retrain", "--force")
        token = add_admin(home)
        with serving(home, log=log, **UNLIMITED) as server:
            found = asyncio.run(
                measure(
                    server.address, server.process.pid, home, token,
                    changes=given.changes, customers=given.customers, pace=PACE_SECONDS,
                )
            )  # fmt: skip
    for each in found.failed[:5]:
        print(each)
    return report_of(found).finish()


if __name__ == "__main__":
    sys.exit(main())
