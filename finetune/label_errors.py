"""Rows that probably carry the wrong label, by confident learning (Northcutt et al. 2021).

A model that has not seen a row judges it. Where it is as sure of another label as it usually is of
that label's own rows, and much surer than of the given one, a person should look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finetune.types import LabelledQuestion
from retrieval.features import Features, SparseRows
from retrieval.text import Analyser
from storage.types import OUT_OF_SCOPE

_FOLDS = 5
_LEAST_ROWS = 5
"""A label with fewer rows cannot be judged: whoever judges it has hardly seen it."""

_MUCH_SURER = 3.0
"""How many times likelier the other label must be: a row between two intents is no error."""

_SLOPE = 2.0
"""Turns the margins of a linear SVM into probabilities; only their order matters here."""


@dataclass(frozen=True, slots=True)
class LabelError:
    """A row by its place, the label it has, the one it probably should have, and how likely."""

    row: int
    given: str
    suggested: str
    probability: float


def find_label_errors(
    rows: Sequence[LabelledQuestion], analyser: Analyser, *, seed: int = 0
) -> list[LabelError]:
    """The rows that probably carry a wrong label, the surest first."""
    names = sorted({row.label for row in rows} - {OUT_OF_SCOPE})
    places = {name: place for place, name in enumerate(names)}
    kept = np.array([number for number, row in enumerate(rows) if row.label in places], np.int64)
    given = np.array([places[rows[number].label] for number in kept], np.int64)
    counts = np.bincount(given, minlength=len(names))
    enough = np.flatnonzero(counts >= _LEAST_ROWS)
    chosen = np.isin(given, enough)
    if len(enough) < 2:
        return []
    kept, given = kept[chosen], given[chosen]
    features = Features.fit(analyser, (rows[number].question for number in kept))
    inputs = features.rows([rows[number].question for number in kept])
    probabilities = _judged_unseen(inputs, given, len(features), len(names), seed)
    found = _suspicious(probabilities, given)
    errors = [
        LabelError(
            int(kept[place]), names[given[place]], names[other], float(probabilities[place, other])
        )
        for place, other in found
    ]
    return sorted(errors, key=lambda error: (-error.probability, error.row))


def _judged_unseen(
    rows: SparseRows, given: NDArray[np.int64], features: int, labels: int, seed: int
) -> NDArray[np.float64]:
    """Probabilities of shape (rows, labels), each row judged by a model trained without it."""
    from scipy.sparse import csr_matrix
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import LinearSVC

    matrix = csr_matrix((rows.weights, rows.ids, rows.offsets), shape=(len(rows), features))
    margins = np.full((len(rows), labels), -np.inf)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for train, held in folds.split(matrix, given):
        machine = LinearSVC(random_state=seed).fit(matrix[train], given[train])
        scores = machine.decision_function(matrix[held])
        if scores.ndim == 1:
            scores = np.stack([-scores, scores], axis=1)
        margins[np.ix_(held, machine.classes_)] = scores
    raised = np.exp(_SLOPE * (margins - margins.max(axis=1, keepdims=True)))
    probabilities: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return probabilities


def _suspicious(
    probabilities: NDArray[np.float64], given: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """(place, likelier label) where another label passes its own rows' mean probability."""
    rows = np.arange(len(given))
    own = probabilities[rows, given]
    usual = np.array([
        own[given == label].mean() if (given == label).any() else np.inf
        for label in range(probabilities.shape[1])
    ])  # fmt: skip
    others = np.where(probabilities >= usual, probabilities, 0.0)
    others[rows, given] = 0.0
    best = others.argmax(axis=1)
    sure = others[rows, best] > _MUCH_SURER * own
    return [(int(place), int(best[place])) for place in np.flatnonzero(sure)]
