"""Can a stranger tell, by words or by time, which order numbers of the shop exist?

    .venv/bin/python -m benchmarks.foreign_orders [--guesses N] [--home HOME]

Unverified customers ask over HTTP for orders that are not theirs, in random order half of numbers
that exist and half of numbers that do not, each guess in a conversation of its own. The replies
must be the same, and the chance that a guess at an existing order took longer must be even.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

from benchmarks.harness import ROOT, Report
from benchmarks.load import UNLIMITED
from benchmarks.server import serving

SHOP = ROOT / "examples" / "shop"
LAST4 = "0000"
WARM_UP = 20
EVEN = 0.06
"""How far from one half the chance may be: 1,000 guesses tell it to about 0.036 (95%)."""

MEDIANS_APART = 0.05
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Guess:
    """An order number that was asked for, whether it exists, the reply without it, and seconds."""

    exists: bool
    reply: str
    seconds: float


def numbers(count: int, chance: random.Random) -> list[tuple[str, bool]]:
    """Half of them existing orders of somebody else, half made up, shuffled.

    An order is guessed at less often than would close it.
    """
    orders = json.loads((SHOP / "orders.json").read_text(encoding="utf-8"))
    every = {order["order"] for order in orders}
    foreign = [each["order"] for each in orders if not each["phone"].endswith(LAST4)]
    existing = [foreign[n % len(foreign)] for n in range(count // 2)]
    invented: list[str] = []
    while len(invented) < count // 2:
        number = f"{chance.choice(foreign)[:-4]}{chance.randrange(10_000):04d}"
        if number not in every:
            invented.append(number)
    found = [(each, True) for each in existing] + [(each, False) for each in invented]
    chance.shuffle(found)
    return found


async def guess(client: httpx2.AsyncClient, number: str, *, exists: bool) -> Guess:
    """Ask for one order in a new conversation."""
    begun = (await client.post("/api/conversations", json={})).raise_for_status().json()
    body = {"id": "1", "text": f"Where is my order {number}? My phone ends in {LAST4}"}
    path = f"/api/conversations/{begun['conversation']}/messages"
    headers = {"Authorization": f"Bearer {begun['token']}"}
    began = time.perf_counter()
    response = await client.post(path, json=body, headers=headers)
    seconds = time.perf_counter() - began
    said = response.raise_for_status().json()
    shown = {key: said[key] for key in ("reply", "decision", "intent", "quick_replies")}
    return Guess(exists, json.dumps(shown).replace(number, "NUMBER"), seconds)


async def guesses(address: str, wanted: Sequence[tuple[str, bool]]) -> list[Guess]:
    """All guesses, one after the other."""
    async with httpx2.AsyncClient(base_url=address, timeout=60) as client:
        for _ in range(WARM_UP):
            await guess(client, "GL2600000000", exists=False)
        return [await guess(client, number, exists=exists) for number, exists in wanted]


def chance_of_longer(one: Sequence[float], other: Sequence[float]) -> float:
    """The chance that one of the first exceeds one of the second (Mann and Whitney 1947)."""
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks = sum(place for place, (_, first) in enumerate(ranked, start=1) if first)
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def medians_apart(
    one: Sequence[float], other: Sequence[float], chance: random.Random
) -> tuple[float, float]:
    """The 95% interval of the difference of the medians, by bootstrap."""
    found = sorted(
        median(chance.choices(one, k=len(one))) - median(chance.choices(other, k=len(other)))
        for _ in range(RESAMPLES)
    )
    return found[int(0.025 * RESAMPLES)], found[int(0.975 * RESAMPLES)]


def add_figures(report: Report, found: Sequence[Guess], chance: random.Random) -> None:
    """What a stranger could tell the two kinds apart by."""
    real = [each.seconds for each in found if each.exists]
    unreal = [each.seconds for each in found if not each.exists]
    low, high = medians_apart(real, unreal, chance)
    usual = median(unreal)
    nearest = max(low, -high, 0.0)
    report.add("guesses", len(found))
    asked = sum('"decision": "form"' in each.reply for each in found)
    report.add("told that nothing matches, and asked again", asked, at_least=len(found))
    report.add("different replies", len({each.reply for each in found}), at_most=1)
    report.add("median, existing", median(real) * 1000, "ms")
    report.add("median, not existing", usual * 1000, "ms")
    report.add("medians apart, from (95%)", low * 1000, "ms")
    report.add("medians apart, to (95%)", high * 1000, "ms")
    report.add("certainly apart, share of the median", nearest / usual, at_most=MEDIANS_APART)
    longer = chance_of_longer(real, unreal)
    report.add("chance that an existing one takes longer", longer,
               at_least=0.5 - EVEN, at_most=0.5 + EVEN)  # fmt: skip


def main() -> int:
    """Guess, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guesses", type=int, default=1000)
    parser.add_argument("--home", type=Path, help="a trained home; else one is made")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    report = Report("foreign_orders", "Order numbers of others, guessed by a stranger")
    with tempfile.TemporaryDirectory(prefix="kefu-orders-") as folder:
        home = given.home or Path(folder)
        command = "serve" if given.home else "run"
        settings: dict[str, Any] = {**UNLIMITED, "KEFU_SHOP": str(SHOP)}
        with serving(home, command, **settings) as server:
            found = asyncio.run(guesses(server.address, numbers(given.guesses, chance)))
    add_figures(report, found, chance)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
