"""Kill a process that changes, builds and saves the search index; the next one equals the database.

Each life is a process of its own that adds, changes and deletes documents at random, replays them
into the index, builds the vectors' graph anew and saves the cache. It says what it begins, and is
killed with SIGKILL a moment into it. Then the index is opened and compared with one that is made of
the database alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.harness import Report
from retrieval.dense_kinds import Kind
from retrieval.embedded import EmbeddedEncoder
from retrieval.embedded_training import train_search_encoder
from retrieval.faiss_index import FaissIndex
from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task
from retrieval.types import Encoder
from storage import migrate
from storage.database import Database, sqlite_url
from storage.knowledge import Knowledge
from storage.types import NewPassage

WORDS = ("退货", "运费", "水壶", "发票", "保修", "filter", "island", "refund", "voucher", "battery")
OPERATIONS = ("add", "change", "delete", "rebuild", "save")
NAMES = 60
LONGEST_DELAY = 0.04
"""Seconds into an operation at which a process is killed at the latest."""
AS_GOOD_AS_EQUAL = 0.99
"""The least inner product of a stored vector with the right one: a number is kept as one byte."""


@dataclass(frozen=True, slots=True)
class IndexCrashes:
    """What was found: a kill counts as hit if the index did not equal the database afterwards."""

    kills: dict[str, int]
    different: tuple[str, ...]
    rebuilt: int
    """Openings that had no whole cache to begin with."""


def always_due(_vectors: int, _dimension: int, current: Kind) -> Kind:
    """Another kind each time it is asked, so that every rebuild builds."""
    return Kind.HNSW_BYTES if current is Kind.HNSW else Kind.HNSW


def open_small(_name: str, encoder: Encoder) -> FaissIndex:
    """An index that builds graphs of a few vectors."""
    return FaissIndex(encoder.dimension, always_due)


def prepare(home: Path) -> None:
    """A database, and an encoder of a few words."""
    database = Database(sqlite_url(home / "kefu.db"))
    migrate.upgrade(database)
    database.dispose()
    use_one_thread_per_task()
    texts = [f"{first} {second}" for first in WORDS for second in WORDS]
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    train_search_encoder(pairs).save(home / "encoder")


@cache
def load_models(home: Path) -> tuple[EmbeddedEncoder, Analyser]:
    """Read once: the processes to kill are forked, and have them at once."""
    return EmbeddedEncoder.load(home / "encoder"), Analyser(Lexicon.from_package())


def open_index(home: Path, folder: str = "indexes") -> HybridIndex:
    """The home's index, not yet in step."""
    return HybridIndex(home / folder, *load_models(home), Fusion(), open_small)


def live(home: Path, seed: int, tell: Connection) -> None:
    """Work until killed; each operation is announced when it begins."""
    chance = random.Random(seed)
    database, index = Database(sqlite_url(home / "kefu.db")), open_index(home)
    index.sync(database)
    while True:
        operation = chance.choice(OPERATIONS)
        tell.send(operation)
        if operation == "rebuild":
            index.rebuild()
            index.save()
        elif operation == "save":
            index.save()
        else:
            change(database, operation, chance)
            index.sync(database)


def change(database: Database, operation: str, chance: random.Random) -> None:
    """Put or delete one document; to change is to put under a name that is there already."""
    name = f"d{chance.randrange(NAMES)}"
    with database.session() as session:
        knowledge = Knowledge(session)
        if operation == "delete":
            knowledge.delete_document(name)
            return
        said = [" ".join(chance.choices(WORDS, k=4)) for _ in range(chance.randint(1, 6))]
        asked = tuple(chance.sample(WORDS, chance.randint(0, 2)))
        passages = [
            NewPassage(text, "", place, place + 1, "zh", asked) for place, text in enumerate(said)
        ]
        knowledge.put_document(name, name, "h", "zh", "document", "", passages)


def difference(index: HybridIndex, fresh: HybridIndex) -> str | None:
    """In what an index differs from one made of the database alone; None if in nothing."""
    if index.passages() != fresh.passages():
        return "passages"
    mine, right = dict(index._keyword._postings.items()), dict(fresh._keyword._postings.items())
    if mine != right:
        return "words"
    for name in ("_dense", "_questions"):
        ids, vectors = getattr(index, name)._living()
        expected_ids, expected = getattr(fresh, name)._living()
        if Counter(ids.tolist()) != Counter(expected_ids.tolist()):
            return f"{name}: passages"
        alike = np.where(ids[:, None] == expected_ids, vectors @ expected.T, 0.0)
        # Of one passage's vectors the order says nothing: each must find one like it.
        nearest = np.concatenate([alike.max(axis=0, initial=-1), alike.max(axis=1, initial=-1)])
        if (nearest < AS_GOOD_AS_EQUAL).any():
            return f"{name}: numbers"
    return None


def crash(
    home: Path,
    kills: int,
    *,
    seed: int = 0,
    progress: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> IndexCrashes:
    """Kill so many processes on this home, each in an operation whose turn it is, and compare."""
    # A fork takes no other thread along, so numerical work must have none.
    use_one_thread_per_task()
    load_models(home)
    context = multiprocessing.get_context("fork")
    chance = random.Random(seed)
    hit: Counter[str] = Counter()
    different: list[str] = []
    rebuilt = 0
    for number in progress(range(kills)):
        operation = OPERATIONS[number % len(OPERATIONS)]
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=live, args=(home, seed + number, theirs))
        process.start()
        theirs.close()
        while ours.recv() != operation:
            pass
        time.sleep(chance.uniform(0, LONGEST_DELAY))
        process.kill()
        process.join()
        ours.close()
        hit[operation] += 1
        found, had_cache = compare(home)
        rebuilt += not had_cache
        if found is not None:
            different.append(f"{number} ({operation}): {found}")
    return IndexCrashes(dict(hit), tuple(different), rebuilt)


def compare(home: Path) -> tuple[str | None, bool]:
    """The difference from the database after a kill, and whether there was a cache to open."""
    database = Database(sqlite_url(home / "kefu.db"))
    index, fresh = open_index(home), open_index(home, "none")
    index._load(database)
    had_cache = index.revision > 0
    index.sync(database)
    fresh.sync(database)
    found = difference(index, fresh)
    database.dispose()
    return found, had_cache


def main() -> int:
    """Kill on a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="how often (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="when (default 0)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        prepare(Path(folder))
        found = crash(Path(folder), given.kills, seed=given.seed, progress=track)
    report = Report("index_crash", "kill -9 while the search index changes")
    for operation, count in found.kills.items():
        report.add(f"kills during {operation}", count)
    report.add("index differed from the database", len(found.different), at_most=0)
    report.add("openings without a whole cache", found.rebuilt)
    for line in found.different:
        print(line)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
