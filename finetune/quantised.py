"""A trained classifier on 8-bit integers, and what they cost in accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from finetune.classifier import IntentClassifier
from finetune.dense.int8 import quantise
from finetune.dense.sentence import SentenceScorer
from finetune.errors import SettingsError
from finetune.train import TrainedClassifier
from finetune.types import LabelledQuestion
from storage.types import OUT_OF_SCOPE


def quantised(
    trained: TrainedClassifier, golden: Sequence[LabelledQuestion], folder: Path
) -> TrainedClassifier:
    """The same training with a classifier that the gate then judges as it will serve.

    `int8_loss` is the share of golden questions lost by it; below 0 where it got more of them.
    """
    whole = trained.classifier
    if not isinstance(whole.dense, SentenceScorer):
        raise SettingsError("expected a pretrained encoder to quantise, found the embedded one")
    smaller = whole.with_dense(quantise(whole.dense, folder))
    asked = [row for row in golden if row.label != OUT_OF_SCOPE]
    lost = _right(whole, asked) - _right(smaller, asked)
    return replace(trained, classifier=smaller, int8_loss=lost / max(1, len(asked)))


def _right(classifier: IntentClassifier, rows: Sequence[LabelledQuestion]) -> int:
    found = classifier.predict([row.question for row in rows])
    return sum(each.label == row.label for each, row in zip(found, rows, strict=True))
