"""A pretrained encoder in 8 bits next to itself in 32: questions a second on the CPU, and accuracy.

Both serve the classifier of the same training, frozen all-MiniLM-L6-v2 on BANKING77, and answer
the same held-out fifth: one by one as a server asks, and in batches.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.encoders import minilm
from benchmarks.harness import Report, data_folder
from benchmarks.intents import Rows
from finetune.classifier import IntentClassifier
from finetune.dense.frozen import FrozenTrainer
from finetune.dense.int8 import quantise
from finetune.dense.sentence import SentenceScorer
from finetune.settings import TrainingSettings
from finetune.train import train_classifier
from finetune.types import LabelledQuestion
from retrieval.encoder import load_encoder
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.threads import all_cores
from retrieval.types import Encoder

_ONE_BY_ONE = 300
_BATCH = 64
_ROUNDS = 3


def main() -> int:
    """Train once, quantise, measure both."""
    folder = data_folder("banking77")
    if folder is None:
        return 0
    train, test = Rows.read(folder / "train.csv").split(0.2)
    source = str(minilm())
    settings = TrainingSettings(encoder=source)
    trained = train_classifier(
        [LabelledQuestion(*pair, "en") for pair in zip(train.questions, train.intents,
                                                       strict=True)],
        Analyser(Lexicon.from_package()),
        settings=settings,
        trainer=FrozenTrainer(load_encoder(source), source, settings),
    )  # fmt: skip
    report = Report("int8", "all-MiniLM-L6-v2 in 8 bits next to 32, on the CPU")
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as work, all_cores():
        whole = trained.classifier
        scorer = whole.dense
        if not isinstance(scorer, SentenceScorer):
            raise SystemExit("expected a classifier on a sentence encoder")
        # Without the vectors that training remembers, which would answer for the encoder.
        plain = SentenceScorer(load_encoder(source), scorer.head, source)
        began = time.perf_counter()
        smaller = quantise(plain, Path(work) / "int8")
        report.add("export and quantise", time.perf_counter() - began, "s")
        whole, reduced = whole.with_dense(plain), whole.with_dense(smaller)
        before, after = _accuracy(whole, test), _accuracy(reduced, test)
        report.add("accuracy in 32 bits", before)
        report.add("accuracy in 8 bits", after, at_least=before - 0.005)
        for name, rate in (("one by one", _one_by_one), ("in batches of 64", _in_batches)):
            full, eighth = _alternating(rate, plain.encoder, smaller.encoder, test.questions)
            report.add(f"questions a second {name}, 32 bits", full)
            report.add(f"questions a second {name}, 8 bits", eighth, at_least=2.5 * full)
    return report.finish()


def _accuracy(classifier: IntentClassifier, test: Rows) -> float:
    found = classifier.predict(test.questions)
    right = sum(each.label == intent for each, intent in zip(found, test.intents, strict=True))
    return right / len(test.intents)


def _alternating(
    rate: Callable[[Encoder, Sequence[str]], float],
    one: Encoder,
    other: Encoder,
    questions: Sequence[str],
) -> tuple[float, float]:
    """The best of several rounds for each, taken in turns: a busy machine slows both alike."""
    rounds = [(rate(one, questions), rate(other, questions)) for _ in range(_ROUNDS)]
    return max(first for first, _ in rounds), max(second for _, second in rounds)


def _one_by_one(encoder: Encoder, questions: Sequence[str]) -> float:
    began = time.perf_counter()
    for question in questions[:_ONE_BY_ONE]:
        encoder.encode([question])
    return _ONE_BY_ONE / (time.perf_counter() - began)


def _in_batches(encoder: Encoder, questions: Sequence[str]) -> float:
    ordered = sorted(questions, key=len)
    began = time.perf_counter()
    for start in range(0, len(ordered), _BATCH):
        encoder.encode(ordered[start : start + _BATCH])
    return len(ordered) / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
