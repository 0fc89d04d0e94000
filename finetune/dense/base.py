"""The half of an intent classifier that reads meaning, whatever encoder it stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.features import SparseRows

Matrix = NDArray[np.float32]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class DenseScores:
    """Scores of shape (questions, classes), and how near the closest training questions lie.

    `nearest` is a mean cosine, shape (questions,); zeros where the scorer keeps no neighbours.
    """

    classes: Matrix
    nearest: Matrix


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Questions with their feature rows, the class of each, and how much it counts."""

    questions: NDArray[np.object_]
    rows: SparseRows
    classes: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of questions."""
        return len(self.classes)

    def balanced_weights(self) -> Matrix:
        """The weights times `class_balance`."""
        present, counts = np.unique(self.classes, return_counts=True)
        balance = class_balance(self.classes, present, counts)
        balanced: Matrix = (self.weights * balance).astype(np.float32)
        return balanced

    def take(self, chosen: NDArray[np.int64]) -> TrainingRows:
        """The chosen rows."""
        return TrainingRows(
            self.questions[chosen],
            self.rows.take(chosen),
            self.classes[chosen],
            self.weights[chosen],
        )


class DenseScorer(Protocol):
    """Scores questions for every class."""

    def scores(self, questions: Sequence[str], rows: SparseRows) -> DenseScores:
        """Scores of questions whose feature rows are `rows`; a scorer uses what it needs."""
        ...

    def save(self, folder: Path) -> None:
        """Write the scorer's own files into an empty folder."""
        ...


class DenseTrainer(Protocol):
    """Trains scorers: one for each part of the calibration, then the one that is kept."""

    def train(
        self,
        data: TrainingRows,
        classes: int,
        *,
        intents: int,
        stage: str,
        progress: Progress | None,
    ) -> DenseScorer:
        """A scorer for classes 0 to `classes` - 1, of which the first `intents` are in scope."""
        ...


def class_balance(
    classes: NDArray[np.int64], present: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """A weight per row that halves, on a log scale, the imbalance of classes; its mean is 1.

    Full balance would let a class of three rows shout down the rest.
    """
    share = 1.0 / np.sqrt(counts[np.searchsorted(present, classes)])
    balanced: NDArray[np.float64] = share / share.mean()
    return balanced
