"""How far the model's confidence can be trusted, on questions that it had not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finetune.calibrate import Judged
from finetune.report.data import Coverage, Histogram, ReliabilityBin

_BINS = 20
_RELIABILITY_BINS = 15
"""As many as ECE is counted over."""

_POINTS = 80


def histogram(judged: Judged) -> Histogram:
    """P(right) of questions in scope and out of it."""
    sure = judged.confidence * judged.in_scope
    inside, outside = (
        tuple(np.histogram(sure[chosen], bins=_BINS, range=(0, 1))[0].tolist())
        for chosen in (judged.inside, ~judged.inside)
    )
    return Histogram(inside, outside)


def reliability(judged: Judged) -> tuple[ReliabilityBin, ...]:
    """Confidence against the share that is right, in scope, over equal bins."""
    confidence = judged.confidence[judged.inside]
    right = judged.right[judged.inside]
    # Rows at the edge of two bins belong to the lower one, as where ECE is measured.
    place = np.clip(np.ceil(confidence * _RELIABILITY_BINS).astype(int) - 1, 0, None)
    return tuple(
        _bin(number, confidence[place == number], right[place == number])
        for number in range(_RELIABILITY_BINS)
    )


def _bin(number: int, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> ReliabilityBin:
    return ReliabilityBin(
        low=number / _RELIABILITY_BINS,
        high=(number + 1) / _RELIABILITY_BINS,
        n=len(right),
        confidence=float(confidence.mean()) if len(right) else None,
        right=float(right.mean()) if len(right) else None,
    )


def coverage(judged: Judged, limit: float) -> Coverage:
    """Share answered against share right, weighted as live traffic, out of scope included."""
    sure = judged.confidence * judged.in_scope
    right = judged.right & judged.inside
    order = np.argsort(-sure, kind="stable")
    weight = judged.weight[order]
    total = float(weight.sum())
    if not total:
        return Coverage((), limit, None, None)
    answered = np.cumsum(weight)
    correct = np.cumsum(weight * right[order])
    steps = np.unique(np.linspace(0, len(order) - 1, _POINTS).round().astype(int))
    points = tuple(
        (float(answered[step] / total), float(correct[step] / answered[step])) for step in steps
    )
    chosen = sure >= limit
    sent = float(judged.weight[chosen].sum())
    share_right = float(judged.weight[chosen & right].sum()) / sent if sent else None
    return Coverage(points, limit, sent / total, share_right)


def oos_refused(judged: Judged, limit: float) -> float | None:
    """The share of out-of-scope questions that get no template."""
    weight = judged.weight * ~judged.inside
    if not weight.sum():
        return None
    kept = judged.confidence * judged.in_scope < limit
    return float((weight * kept).sum() / weight.sum())
