"""How good would a model on this data be, and how sure is that figure? k-fold cross-validation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev
from typing import Any

import numpy as np

from finetune.errors import NotEnoughDataError
from finetune.metrics import accuracy, expected_calibration_error, macro_f1
from finetune.train import TrainedClassifier
from finetune.types import LabelledQuestion
from storage.types import OUT_OF_SCOPE

Train = Callable[[Sequence[LabelledQuestion]], TrainedClassifier]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class FoldScore:
    """One fold: how many rows it trained on and asked, and how it did on those."""

    trained: int
    asked: int
    accuracy: float
    macro_f1: float
    ece: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """All folds, their means, and the standard deviation of the accuracy between them.

    Only questions in scope are asked; what is out of scope is trained on.
    """

    folds: tuple[FoldScore, ...]
    accuracy: float
    spread: float
    macro_f1: float
    ece: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def cross_validate(
    rows: Sequence[LabelledQuestion],
    train: Train,
    *,
    folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> CrossValidation:
    """Train `folds` times on all but one part of the rows, and ask that part.

    Intents are spread evenly over the parts. Raises NotEnoughDataError where a part would have no
    question to ask.
    """
    inside = sum(row.label != OUT_OF_SCOPE for row in rows)
    if not 2 <= folds <= inside:
        raise NotEnoughDataError(
            f"expected from 2 folds up to one per training question ({inside}), found {folds}"
        )
    parts = _parts(rows, folds, seed)
    scores = []
    for number in range(folds):
        if progress is not None:
            progress("cross-validating", number / folds)
        kept = [row for row, part in zip(rows, parts, strict=True) if part != number]
        asked = [
            row
            for row, part in zip(rows, parts, strict=True)
            if part == number and row.label != OUT_OF_SCOPE
        ]
        scores.append(_score(train(kept), len(kept), asked))
    if progress is not None:
        progress("cross-validating", 1.0)
    return CrossValidation(
        tuple(scores),
        accuracy=mean(score.accuracy for score in scores),
        spread=stdev(score.accuracy for score in scores),
        macro_f1=mean(score.macro_f1 for score in scores),
        ece=mean(score.ece for score in scores),
    )


def _parts(rows: Sequence[LabelledQuestion], folds: int, seed: int) -> list[int]:
    """The part, from 0, of each row; intents one after the other, so that no part stays empty."""
    random = np.random.default_rng(seed)
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        places[row.label].append(number)
    parts = [0] * len(rows)
    dealt = 0
    for label in sorted(places, key=lambda name: (name == OUT_OF_SCOPE, name)):
        for number in random.permutation(places[label]).tolist():
            parts[number] = dealt % folds
            dealt += 1
    return parts


def _score(trained: TrainedClassifier, rows: int, asked: Sequence[LabelledQuestion]) -> FoldScore:
    found = trained.classifier.predict([row.question for row in asked])
    expected = [row.label for row in asked]
    chosen = [prediction.label for prediction in found]
    right = [label == prediction for label, prediction in zip(expected, chosen, strict=True)]
    confidence = [prediction.confidence for prediction in found]
    return FoldScore(
        rows,
        len(asked),
        accuracy(expected, chosen) or 0.0,
        macro_f1(expected, chosen) or 0.0,
        expected_calibration_error(confidence, right) or 0.0,
    )
