"""Intent accuracy on public questions, against a linear SVM fitted on the same rows."""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness import Report, data_folder, kefu

OOS = "oos"
SEED = 0
MAX_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Rows:
    """Questions and their intents, in the order of the file."""

    questions: list[str]
    intents: list[str]

    @classmethod
    def read(cls, *paths: Path) -> Rows:
        """The rows of csv files, one after the other."""
        found = [row for path in paths for row in csv.DictReader(path.open(encoding="utf-8"))]
        return cls([row["question"] for row in found], [row["intent"] for row in found])

    def write(self, path: Path) -> Path:
        """The same rows as a csv file."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("question", "intent"))
            writer.writerows(zip(self.questions, self.intents, strict=True))
        return path

    def split(self, share: float) -> tuple[Rows, Rows]:
        """The rows less a stratified share, and that share."""
        from sklearn.model_selection import train_test_split

        parts = train_test_split(
            self.questions,
            self.intents,
            test_size=share,
            stratify=self.intents,
            random_state=SEED,
        )
        return Rows(parts[0], parts[2]), Rows(parts[1], parts[3])


@dataclass(frozen=True, slots=True)
class Svm:
    """What the peer reaches."""

    accuracy: float
    oos_recall_at_5: float | None
    seconds: float


def main() -> int:
    """Measure both data sets, as far as they are there."""
    codes = [0]
    if folder := data_folder("banking77"):
        train, test = Rows.read(folder / "train.csv").split(0.2)
        codes.append(compare("banking77", train, test))
    if folder := data_folder("clinc150"):
        train = Rows.read(folder / "train.csv")
        test = Rows.read(folder / "val.csv", folder / "oos_val.csv")
        codes.append(compare("clinc150", train, test, max_ece=0.04))
    return max(codes)


def compare(name: str, train: Rows, test: Rows, *, max_ece: float | None = None) -> int:
    """Train and measure Kefu and the peer on the same rows."""
    report = Report(f"intents-{name}", f"{name}: {len(train.questions)} rows to learn from")
    svm = measure_svm(train, test)
    report.add("SVM: accuracy", svm.accuracy)
    if svm.oos_recall_at_5 is not None:
        report.add("SVM: oos_recall@5", svm.oos_recall_at_5)
    report.add("SVM: seconds", svm.seconds, "s")
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        home = Path(folder) / "home"
        history = train.write(Path(folder) / "history.csv")
        _, importing = kefu(home, "import", "history", history)
        _, training = kefu(home, "retrain")
        replies = test.write(Path(folder) / "replies.csv")
        found, measuring = kefu(home, "evaluate", "replies", replies)
    report.add("Kefu: accuracy", found["accuracy"], at_least=svm.accuracy)
    if svm.oos_recall_at_5 is not None:
        report.add("Kefu: oos_recall@5", found["oos_recall@5"], at_least=svm.oos_recall_at_5)
    report.add("Kefu: ece", found["ece"], at_most=max_ece)
    for each in (
        "macro_f1",
        "answered",
        "clarified",
        "refused",
        "wrong",
        "oos_recall",
        "unknown_n",
    ):
        if found[each] is not None:
            report.add(f"Kefu: {each}", found[each])
    report.add("Kefu: import", importing, "s")
    report.add("Kefu: retrain", training, "s", at_most=MAX_SECONDS)
    report.add("Kefu: evaluate", measuring, "s")
    report.add("Kefu: a reply, p95", found["p95_ms"], "ms")
    return report.finish()


def measure_svm(train: Rows, test: Rows) -> Svm:
    """A linear SVM on TF-IDF of character 1-4-grams and words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    began = time.perf_counter()
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    words = TfidfVectorizer(sublinear_tf=True)
    model = make_pipeline(make_union(characters, words), LinearSVC(random_state=SEED))
    model.fit(train.questions, train.intents)
    margins = np.asarray(model.decision_function(test.questions))
    chosen = model.classes_[margins.argmax(axis=1)]
    seconds = time.perf_counter() - began
    in_scope = np.array([intent != OOS for intent in test.intents])
    right = chosen[in_scope] == np.array(test.intents)[in_scope]
    return Svm(float(right.mean()), oos_recall_at_5(margins.max(axis=1), in_scope), seconds)


def oos_recall_at_5(scores: np.ndarray, in_scope: Sequence[bool] | np.ndarray) -> float | None:
    """The share of out-of-scope scores below the 5th percentile of the in-scope ones."""
    mask = np.asarray(in_scope, dtype=bool)
    if mask.all():
        return None
    return float((scores[~mask] < np.percentile(scores[mask], 5)).mean())


if __name__ == "__main__":
    sys.exit(main())
