"""A whole hybrid search over many passages: time, throughput, memory, and how soon news shows.

The passages are made up: each is two to five sentences drawn at random from the sample shop's
knowledge and from the questions of BANKING77 and CLINC150 (where they are at hand), with a number
of its own. They read like nonsense and have the words of real text, at their real frequencies.

The peers are a plain BM25 (bm25s) on the same tokens and, if `--txtai` names where it lies, a
hybrid search of txtai over vectors of the same encoder. txtai is no part of the project:
`pip install --target DIR --no-deps txtai msgpack`.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from statistics import median

import psutil

import retrieval.universal
from benchmarks.harness import ROOT, Report, data_folder, percentile
from retrieval.embedded import EmbeddedEncoder
from retrieval.embedded_training import train_search_encoder
from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from retrieval.language import detect_language
from retrieval.lexicon import Lexicon
from retrieval.sentences import split_sentences
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task
from retrieval.types import Vectors
from storage import migrate
from storage.database import Database, sqlite_url
from storage.knowledge import Knowledge
from storage.types import NewPassage

PASSAGES_PER_DOCUMENT = 50
QUERIES = 400
TRAINED_ON = 4_000
THREADS = 2


@dataclass(frozen=True, slots=True)
class Text:
    """Sentences of one language to make passages of, and questions that are in none of them."""

    sentences: dict[str, list[str]]
    queries: list[str]


def read_text() -> Text:
    """The sample shop's knowledge, and public questions; a tenth of these is kept to ask with."""
    sentences: dict[str, list[str]] = {"zh": [], "en": []}
    for path in sorted((ROOT / "examples" / "shop" / "knowledge").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for start, end in split_sentences(text):
            sentence = text[start:end].strip("# \n")
            if sentence:
                sentences[detect_language(sentence) or "en"].append(sentence)
    with (ROOT / "examples" / "shop" / "search_dev.csv").open(encoding="utf-8") as file:
        queries = [row["question"] for row in csv.DictReader(file)]
    for name in ("banking77", "clinc150"):
        folder = data_folder(name)
        if folder is None:
            continue
        with (folder / "train.csv").open(encoding="utf-8") as file:
            asked = [next(iter(row.values())) for row in csv.DictReader(file)]
        queries += asked[::10]
        sentences["en"] += [each for place, each in enumerate(asked) if place % 10]
    return Text(sentences, queries)


def make_passages(text: Text, count: int, chance: random.Random) -> Iterator[NewPassage]:
    """So many passages, by turns Chinese and English."""
    for number in range(count):
        language = ("zh", "en")[number % 2]
        drawn = chance.choices(text.sentences[language], k=chance.randint(2, 5))
        said = " ".join([*drawn, f"NO{number:06d}"])
        yield NewPassage(said, "", 0, len(said), language)


def fill(database: Database, text: Text, count: int) -> None:
    """Store the passages, fifty to a document."""
    chance = random.Random(7)
    made = make_passages(text, count, chance)
    for number in range(0, count, PASSAGES_PER_DOCUMENT):
        some = list(islice(made, PASSAGES_PER_DOCUMENT))
        with database.session() as session:
            Knowledge(session).put_document(
                f"d{number}", f"d{number}", "h", "en", "document", "", some
            )


def seconds_of(queries: Sequence[str], index: HybridIndex) -> list[float]:
    """How long each search took, one after the other."""
    taken = []
    for query in queries:
        began = time.perf_counter()
        index.search(query)
        taken.append(time.perf_counter() - began)
    return taken


def throughput(queries: Sequence[str], index: HybridIndex) -> float:
    """Searches a second of this process, two threads asking as fast as they can."""
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(index.search, queries))
    return len(queries) / (time.perf_counter() - began)


def visible_after(index: HybridIndex, database: Database) -> float:
    """Seconds from the commit of a new document to the first search that finds it."""
    said = "The zeppelin mooring mast is greased on leap days."
    passage = NewPassage(said, "", 0, len(said), "en")
    with database.session() as session:
        Knowledge(session).put_document("new", "new", "h", "en", "document", said, [passage])
    began = time.perf_counter()
    index.sync(database)
    found = index.search("when is the zeppelin mast greased")
    assert found[0].passage.document == "new"
    return time.perf_counter() - began


def train(text: Text) -> EmbeddedEncoder:
    """The embedded encoder, trained on a part of the text; how good it is does not matter here."""
    chance = random.Random(3)
    every = [each for some in text.sentences.values() for each in some]
    texts = chance.sample(every, min(TRAINED_ON, len(every)))
    pairs = list(zip(texts[::2], texts[1::2], strict=False))
    return train_search_encoder(pairs[:500])


def megabytes() -> float:
    """What this process holds in memory now."""
    return float(psutil.Process().memory_info().rss) / 1e6


def add_peer(
    report: Report, texts: Sequence[str], queries: Sequence[str], analyser: Analyser
) -> None:
    """A plain BM25 (bm25s) over the same tokens: it builds once and cannot change."""
    import bm25s

    began = time.perf_counter()
    tokens = [analyser.tokens(text) for text in texts]
    peer = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    peer.index(tokens, show_progress=False)
    report.add("bm25s: time to index", time.perf_counter() - began, "s")
    taken = []
    for query in queries:
        began = time.perf_counter()
        asked = [token for token in analyser.tokens(query) if token in peer.vocab_dict]
        if asked:
            peer.retrieve([asked], k=10, show_progress=False)
        taken.append(time.perf_counter() - began)
    report.add("bm25s: p50 of a keyword search", median(taken) * 1e3, "ms")
    report.add("bm25s: p95 of a keyword search", percentile(taken, 0.95) * 1e3, "ms")


def add_txtai(
    report: Report,
    texts: Sequence[str],
    queries: Sequence[str],
    encoder: EmbeddedEncoder,
    lies: Path,
) -> None:
    """The hybrid search of txtai as it comes, its vectors made by the same encoder."""
    sys.path.append(str(lies))
    embeddings = import_module("txtai.embeddings").Embeddings

    def transform(batch: Sequence[str]) -> Vectors:  # it takes nothing but plain functions
        return encoder.encode(batch)

    peer = embeddings(method="external", transform=transform, hybrid=True, content=False)
    began = time.perf_counter()
    peer.index((number, text, None) for number, text in enumerate(texts))
    report.add("txtai: time to index", time.perf_counter() - began, "s")
    taken = []
    for query in queries:
        began = time.perf_counter()
        peer.search(query, 10)
        taken.append(time.perf_counter() - began)
    report.add("txtai: p50 of a search", median(taken) * 1e3, "ms")
    report.add("txtai: p95 of a search", percentile(taken, 0.95) * 1e3, "ms")
    report.add("txtai: searches a second, one thread", len(taken) / sum(taken), "/s")


def measure(report: Report, folder: Path, count: int, txtai: Path | None) -> None:
    """Fill, index, search, save, load, add."""
    use_one_thread_per_task()
    retrieval.universal._REMEMBERED = 0  # no customer asks what another has just asked
    text, analyser = read_text(), Analyser(Lexicon.from_package())
    database = Database(sqlite_url(folder / "kefu.db"))
    migrate.upgrade(database)
    fill(database, text, count)
    encoder = train(text)
    before = megabytes()
    index = HybridIndex(folder / "indexes", encoder, analyser, Fusion())
    began = time.perf_counter()
    index.sync(database)
    report.add("passages", index.count())
    report.add("time to index", time.perf_counter() - began, "s")
    began = time.perf_counter()
    index.rebuild()
    report.add("time to build the graph, beside", time.perf_counter() - began, "s")
    report.add("memory of the index and its passages", megabytes() - before, "MB")
    queries = random.Random(5).sample(text.queries, min(QUERIES, len(text.queries)))
    seconds_of(queries[:50], index)
    taken = seconds_of(queries, index)
    report.add("p50 of a search", median(taken) * 1e3, "ms")
    report.add("p95 of a search", percentile(taken, 0.95) * 1e3, "ms", at_most=40)
    report.add("searches a second", throughput(queries * 2, index), "/s", at_least=60)
    report.add("added document visible after", visible_after(index, database), "s", at_most=1)
    began = time.perf_counter()
    index.save()
    report.add("time to save", time.perf_counter() - began, "s")
    again = HybridIndex(folder / "indexes", encoder, analyser, Fusion())
    began = time.perf_counter()
    again.sync(database)
    report.add("time to load", time.perf_counter() - began, "s")
    texts = [passage.text for passage in index.passages()]
    add_peer(report, texts, queries, analyser)
    if txtai is not None:
        add_txtai(report, texts, queries, encoder, txtai)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    report.add("most memory of the process, all indexes and peers", peak, "MB")
    database.dispose()


def main() -> int:
    """Measure one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000, help="how many (default 100000)")
    parser.add_argument("--txtai", type=Path, help="where txtai is installed")
    given = parser.parse_args()
    report = Report("search_size", f"hybrid search over {given.passages} passages")
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        measure(report, Path(folder), given.passages, given.txtai)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
