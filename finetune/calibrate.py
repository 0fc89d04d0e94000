"""Fits what turns scores into probabilities, on questions that training did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from finetune.classifier import (
    Calibration,
    Scores,
    combine,
    scope_evidence,
    sigmoid,
    softmax,
    with_bias,
)
from finetune.dense.base import Matrix

EXAMPLE = -1
"""The class of a question that was given as an example of what is out of scope."""

STRANGER = -2
"""The class of a question whose intent was left out of training whole."""


_USUAL_WEIGHTS = (2.0, 1.0)
"""Those of the lexical and of the dense scorer where nothing is known yet."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of held-out questions and the number of the right class; EXAMPLE, STRANGER outside.

    Only the first `labels` columns of the scores are intents; `names` are their labels, where they
    are known.
    """

    scores: Scores
    expected: NDArray[np.int64]
    labels: int
    names: tuple[str, ...] = ()

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which questions are in scope."""
        inside: NDArray[np.bool_] = self.expected >= 0
        return inside


@dataclass(frozen=True, slots=True)
class Judged:
    """Held-out questions as the calibrated classifier sees them.

    `weight` is how much each stands for in live traffic, all of them sum to their number; `chosen`
    is the label of the likeliest intent.
    """

    confidence: NDArray[np.float64]
    in_scope: NDArray[np.float64]
    top_two: NDArray[np.float64]
    right: NDArray[np.bool_]
    among_two: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    weight: NDArray[np.float64]
    chosen: NDArray[np.str_]
    """The label that was thought best."""


def traffic_weights(expected: NDArray[np.int64], oos_share: float) -> NDArray[np.float64]:
    """Weights that make held-out classes stand for live traffic, a share of it out of scope.

    What was given as out of scope says where customers stray, and intents left out say how near
    to the trade that can be; whatever the number of either, both count alike.
    """
    groups = [expected >= 0, expected == EXAMPLE, expected == STRANGER]
    present = [group for group in groups if group.any()]
    weight = np.ones(len(expected))
    if len(present) < 2 or not groups[0].any():
        return weight
    for group in present:
        share = 1 - oos_share if group is groups[0] else oos_share / (len(present) - 1)
        weight[group] = share * len(expected) / group.sum()
    return weight


def fit_calibration(held_out: Sequence[HeldOut], *, expected_oos_share: float) -> Calibration:
    """Weights of the heads, then the in-scope score by logistic regression.

    Scaling scores by a fitted number is temperature scaling (Guo et al. 2017), here with one
    temperature per head. A normal prior on their logarithms keeps a few questions that are all
    right from making the classifier certain of everything.
    """
    lexical, dense = _fit_blend(held_out)
    blended = Calibration(lexical, dense, ())
    return Calibration(lexical, dense, _fit_scope(held_out, blended, expected_oos_share))


def _fit_blend(held_out: Sequence[HeldOut]) -> tuple[float, float]:
    from scipy.optimize import minimize

    inside = [_only(fold, fold.inside) for fold in held_out if fold.inside.any()]
    if not inside:
        return 1.0, 1.0

    usual = np.log(_USUAL_WEIGHTS)

    def loss(logarithms: NDArray[np.float64]) -> float:
        lexical, dense = np.exp(logarithms).tolist()
        weights = Calibration(lexical, dense, ())
        surprise = np.concatenate([_surprise(fold, weights) for fold in inside])
        return float(surprise.sum() + ((logarithms - usual) ** 2).sum() / 2) / len(surprise)

    found = minimize(loss, x0=usual, method="Nelder-Mead", bounds=[(-5, 4)] * 2)
    lexical, dense = np.exp(found.x).tolist()
    return lexical, dense


def _surprise(fold: HeldOut, weights: Calibration) -> Matrix:
    probabilities = softmax(combine(fold.scores, weights)[:, : fold.labels])
    right: Matrix = probabilities[np.arange(len(fold.expected)), fold.expected]
    surprise: Matrix = -np.log(np.maximum(right, 1e-9))
    return surprise


def _fit_scope(
    held_out: Sequence[HeldOut], blended: Calibration, oos_share: float
) -> tuple[float, ...]:
    from sklearn.linear_model import LogisticRegression

    evidence = np.concatenate(
        [
            scope_evidence(fold.scores, combine(fold.scores, blended), fold.labels)
            for fold in held_out
        ]
    ).astype(np.float64)
    inside = np.concatenate([fold.inside for fold in held_out])
    if inside.all() or not inside.any():
        # Nothing is known of what lies outside: the classifier's own certainty has to do.
        return (-1.0, 0.0, 0.0, 0.0, 0.0, 4.0, 0.0, -2.0, 0.0, 0.0)
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    weight = traffic_weights(np.concatenate([fold.expected for fold in held_out]), oos_share)
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit((evidence - mean) / spread, inside, sample_weight=weight)
    slopes = model.coef_[0] / spread
    bias = float(model.intercept_[0] - (slopes * mean).sum())
    return (bias, *(float(slope) for slope in slopes))


def judge(
    held_out: Sequence[HeldOut], calibration: Calibration, *, expected_oos_share: float
) -> Judged:
    """The calibrated view of held-out questions, to choose thresholds and report from."""
    expected = np.concatenate([fold.expected for fold in held_out])
    weight = traffic_weights(expected, expected_oos_share)
    ends = np.cumsum([len(fold.expected) for fold in held_out])[:-1]
    parts = [
        _judge(fold, calibration, own)
        for fold, own in zip(held_out, np.split(weight, ends), strict=True)
    ]
    return Judged(*(np.concatenate([getattr(part, name) for part in parts])
                    for name in Judged.__slots__))  # fmt: skip


def _judge(fold: HeldOut, calibration: Calibration, weight: NDArray[np.float64]) -> Judged:
    combined = combine(fold.scores, calibration)
    probabilities = softmax(combined[:, : fold.labels])
    order = np.argsort(-probabilities, axis=1, kind="stable")
    rows = np.arange(len(fold.expected))
    evidence = with_bias(scope_evidence(fold.scores, combined, fold.labels))
    second = order[:, min(1, fold.labels - 1)]
    confidence = probabilities[rows, order[:, 0]]
    return Judged(
        confidence=confidence.astype(np.float64),
        in_scope=sigmoid(evidence @ np.array(calibration.in_scope)).astype(np.float64),
        top_two=(confidence + (probabilities[rows, second] if fold.labels > 1 else 0)).astype(
            np.float64
        ),
        right=order[:, 0] == fold.expected,
        among_two=(order[:, 0] == fold.expected) | (second == fold.expected),
        inside=fold.inside,
        weight=weight,
        chosen=np.array(fold.names or [str(n) for n in range(fold.labels)])[order[:, 0]],
    )


def _only(fold: HeldOut, chosen: NDArray[np.bool_]) -> HeldOut:
    scores = Scores(*(getattr(fold.scores, each.name)[chosen] for each in fields(Scores)))
    return HeldOut(scores, fold.expected[chosen], fold.labels, fold.names)
