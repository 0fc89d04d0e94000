"""Fits the weights of the fused score on questions whose passages are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion import Fusion
from retrieval.index import HybridIndex

_CANDIDATES = 10
_LEAST_QUESTIONS = 40
_MOST_QUESTIONS = 1_000
_PRIOR_STRENGTH = 3.0
"""How firmly the shipped weights stand: the inverse variance of a weight, halved."""


@dataclass(frozen=True, slots=True)
class SearchPair:
    """A question and the ids of the passages that answer it; none if nothing does."""

    question: str
    passages: frozenset[int]


@dataclass(frozen=True, slots=True)
class FittedFusion:
    """Weights, and each question's best score with whether that passage was right."""

    fusion: Fusion
    best_scores: NDArray[np.float64]
    best_right: NDArray[np.bool_]


def fit_fusion(
    index: HybridIndex,
    pairs: Sequence[SearchPair],
    *,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> FittedFusion:
    """Logistic regression on the best candidates of each question.

    With fewer than 40 questions of either kind (answered, and seen at all) the weights that ship
    with the product stand.
    """
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(pairs))[:_MOST_QUESTIONS]
    evidence: list[tuple[float, ...]] = []
    relevant: list[bool] = []
    questions: list[int] = []
    for done, number in enumerate(chosen, start=1):
        pair = pairs[number]
        for passage_id, values in _best(index, pair.question):
            evidence.append(values)
            relevant.append(passage_id in pair.passages)
            questions.append(int(number))
        if progress is not None:
            progress("fitting the search score", done / len(chosen))
    fusion = index.fusion
    if sum(relevant) >= _LEAST_QUESTIONS and len(chosen) >= _LEAST_QUESTIONS:
        fusion = _fit(np.array(evidence), np.array(relevant), fusion)
    return _judge(fusion, evidence, relevant, questions)


def _best(index: HybridIndex, question: str) -> list[tuple[int, tuple[float, ...]]]:
    found = [
        (index.fusion.score(item.evidence), item.passage.id, astuple(item.evidence))
        for item in index.candidates(question)
    ]
    return [(number, values) for _, number, values in sorted(found, reverse=True)[:_CANDIDATES]]


def _fit(evidence: NDArray[np.float64], relevant: NDArray[np.bool_], start: Fusion) -> Fusion:
    """Maximum a posteriori: few questions move the shipped weights only a little.

    The bias is free, since how many candidates are relevant differs most from shop to shop.
    """
    from scipy.optimize import minimize

    prior = np.array(astuple(start))
    inputs = np.column_stack([evidence, np.ones(len(evidence))])
    signs = np.where(relevant, 1.0, -1.0)
    stiffness = np.array([*([_PRIOR_STRENGTH] * (len(prior) - 1)), 0.0])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (inputs @ weights)
        value = np.logaddexp(0, -margins).sum() + (stiffness * (weights - prior) ** 2).sum()
        slope = -(signs / (1 + np.exp(np.clip(margins, -30, 30)))) @ inputs
        return float(value), slope + 2 * stiffness * (weights - prior)

    return Fusion(*minimize(loss, prior, jac=True, method="L-BFGS-B").x.tolist())


def _judge(
    fusion: Fusion,
    evidence: Sequence[tuple[float, ...]],
    relevant: Sequence[bool],
    questions: Sequence[int],
) -> FittedFusion:
    best: dict[int, tuple[float, bool]] = {}
    for values, right, question in zip(evidence, relevant, questions, strict=True):
        score = fusion.score_values(values)
        if score > best.get(question, (-1.0, False))[0]:
            best[question] = (score, right)
    scores = np.array([score for score, _ in best.values()], dtype=np.float64)
    return FittedFusion(fusion, scores, np.array([right for _, right in best.values()], dtype=bool))
