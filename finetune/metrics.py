"""The measures of a classifier, on plain arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def accuracy(expected: Sequence[str], chosen: Sequence[str | None]) -> float | None:
    """Share of rows whose chosen label is the expected one; None without rows."""
    if not expected:
        return None
    right = sum(e == c for e, c in zip(expected, chosen, strict=True))
    return right / len(expected)


def macro_f1(expected: Sequence[str], chosen: Sequence[str | None]) -> float | None:
    """Mean F1 over every label that was expected or chosen; None without rows."""
    if not expected:
        return None
    scores = []
    for label in {*expected, *(c for c in chosen if c is not None)}:
        hits = sum(e == label == c for e, c in zip(expected, chosen, strict=True))
        named = sum(e == label for e in expected) + sum(c == label for c in chosen)
        scores.append(2 * hits / named)
    return float(np.mean(scores))


def expected_calibration_error(
    confidence: Sequence[float], correct: Sequence[bool], bins: int = 15
) -> float | None:
    """Mean gap between confidence and accuracy over `bins` bins of equal width, by their size."""
    if not confidence:
        return None
    conf = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    place = np.clip(np.ceil(conf * bins).astype(int) - 1, 0, bins - 1)
    # Rows at the edge of two bins belong to the lower one, as in (a, b].
    gaps = np.bincount(place, weights=right - conf, minlength=bins)
    return float(np.abs(gaps).sum() / len(conf))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """P(a positive scores above a negative), ties counting half; None where a side is empty."""
    if not len(positive) or not len(negative):
        return None
    pos, neg = np.asarray(positive, dtype=np.float64), np.asarray(negative, dtype=np.float64)
    ranks = _mid_ranks(np.concatenate([pos, neg]))
    above = ranks[: len(pos)].sum() - len(pos) * (len(pos) + 1) / 2
    return float(above / (len(pos) * len(neg)))


def recall_below_percentile(
    in_scope: Sequence[float], out_of_scope: Sequence[float], percentile: float = 5.0
) -> float | None:
    """Share of the out-of-scope scores below that percentile of the in-scope scores."""
    if not len(in_scope) or not len(out_of_scope):
        return None
    threshold = np.percentile(np.asarray(in_scope, dtype=np.float64), percentile)
    return float(np.mean(np.asarray(out_of_scope, dtype=np.float64) < threshold))


def percentile(values: Sequence[float], q: float) -> float | None:
    """The q-th percentile, linearly interpolated; None without values."""
    return float(np.percentile(np.asarray(values, dtype=np.float64), q)) if values else None


def _mid_ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the middle of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle = last - (counts - 1) / 2.0
    ranks: Floats = middle[place]
    return ranks
