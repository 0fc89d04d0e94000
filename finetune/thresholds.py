"""Chooses decision limits from held-out questions for a stated cost of a wrong reply."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finetune.calibrate import Judged
from finetune.types import Thresholds

_CLARIFY_COST = 0.5
"""What a clarifying question with the right button costs, when a refusal costs 1."""

_CLARIFY_LEAST = 0.5
"""Two buttons are shown only if one of them is more likely right than not."""

_GRID = np.round(np.arange(0.3, 0.991, 0.01), 2)
_PRIOR_ROWS = 100.0
"""How many held-out questions the theory counts for: few rows must not bend the limit far."""


_INTENT_PRIOR_ROWS = 200.0
"""How many questions of one intent its own limit must hear before it counts half."""

_LEAST_INTENT_ROWS = 20


def choose_thresholds(
    judged: Judged, labels: Sequence[str], *, wrong_cost: float, grounded: float
) -> Thresholds:
    """The limits with the least total cost, in refusals.

    If P(right) is calibrated, answering pays where it exceeds `1 - 1 / wrong_cost` (Chow 1970);
    the held-out questions correct that where the calibration is not perfect.
    """
    sure = judged.confidence * judged.in_scope
    weights = judged.weight
    answer = _least(
        [_answer_cost(limit, sure, judged.right, weights, wrong_cost) for limit in _GRID]
    )
    pair = judged.top_two * judged.in_scope
    unsure = sure < answer
    costs = [
        _clarify_cost(limit, pair[unsure], judged.among_two[unsure], weights[unsure])
        for limit in _GRID
    ]
    clarify = max(_CLARIFY_LEAST, _least(costs))
    own = _limits_by_intent(judged, labels, answer, wrong_cost)
    return Thresholds(float(answer), float(clarify), grounded, wrong_cost, own)


def _limits_by_intent(
    judged: Judged, labels: Sequence[str], answer: float, wrong_cost: float
) -> dict[str, float]:
    """Limits of the intents whose own held-out questions say something else than all do.

    An intent that takes in what is not its own gets a higher one. All questions together are the
    prior (an empirical Bayes estimate: Efron & Morris 1975), so that few rows bend it little.
    """
    sure = judged.confidence * judged.in_scope

    def cost(limit: float, rows: NDArray[np.bool_]) -> float:
        lost = np.where(sure[rows] >= limit, np.where(judged.right[rows], 0.0, wrong_cost), 1.0)
        return float((judged.weight[rows] * lost).sum())

    total = judged.weight.sum() + _PRIOR_ROWS
    usual = [
        _answer_cost(limit, sure, judged.right, judged.weight, wrong_cost) / total
        for limit in _GRID
    ]
    found = {}
    for label in labels:
        rows = judged.chosen == label
        if rows.sum() < _LEAST_INTENT_ROWS:
            continue
        costs = [
            cost(limit, rows) + _INTENT_PRIOR_ROWS * prior
            for limit, prior in zip(_GRID, usual, strict=True)
        ]
        limit = _least(costs)
        if limit != answer:
            found[label] = limit
    return found


def grounded_limit(
    scores: NDArray[np.float64],
    right: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    wrong_cost: float,
) -> float:
    """The P(relevant) from which a passage is quoted, with the least cost on known questions."""
    return _least([_answer_cost(limit, scores, right, weights, wrong_cost) for limit in _GRID])


def _least(costs: list[float]) -> float:
    # Of equal limits the middle one is furthest from either mistake.
    best = np.flatnonzero(np.isclose(costs, min(costs)))
    return float(_GRID[best[len(best) // 2]])


def _answer_cost(
    limit: float,
    sure: NDArray[np.float64],
    right: NDArray[np.bool_],
    weights: NDArray[np.float64],
    wrong_cost: float,
) -> float:
    answered = sure >= limit
    seen = (weights * np.where(answered, np.where(right, 0.0, wrong_cost), 1.0)).sum()
    # As many questions again as the prior says, spread evenly and as right as they claim to be.
    claims = np.linspace(0, 1, 101)
    theory = np.where(claims >= limit, (1 - claims) * wrong_cost, 1.0).mean()
    return float(seen + _PRIOR_ROWS * theory)


def _clarify_cost(
    limit: float,
    pair: NDArray[np.float64],
    among_two: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> float:
    asked = pair >= limit
    seen = weights * np.where(asked, np.where(among_two, _CLARIFY_COST, 1 + _CLARIFY_COST), 1.0)
    claims = np.linspace(0, 1, 101)
    theory = np.where(claims >= limit, _CLARIFY_COST + (1 - claims), 1.0).mean()
    return float(seen.sum() + _PRIOR_ROWS * theory)
