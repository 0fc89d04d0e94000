"""Fits the weights of the fused score on questions whose passages are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion import Evidence, Fusion, Weights
from retrieval.index import HybridIndex
from retrieval.ranking import Candidate
from storage.types import SEARCH_KIND_ANSWER, SEARCH_KIND_DOCUMENT

_CANDIDATES = 10
_LEAST_QUESTIONS = 40
_MOST_QUESTIONS = 600
_PRIOR_STRENGTH = 0.5
"""How firmly the shipped weights stand: the inverse variance of a weight, halved."""


class AnsweredBy(Enum):
    """What is known to answer a question: an answer of the history, a document, or nothing."""

    ANSWER = auto()
    DOCUMENT = auto()
    NOTHING = auto()


_TRAFFIC = {AnsweredBy.ANSWER: 1.0, AnsweredBy.DOCUMENT: 8.0, AnsweredBy.NOTHING: 1.0}
"""How often search is asked what. A question that an answer serves mostly never comes here: the
classifier knows it."""


@dataclass(frozen=True, slots=True)
class SearchPair:
    """A question and the ids of the passages that answer it."""

    question: str
    passages: frozenset[int]
    answered_by: AnsweredBy


@dataclass(frozen=True, slots=True)
class FittedFusion:
    """Weights, and each question's best score, whether that passage was right, and how it counts.

    Whether a document answers a question of the history too is not known: of such a question only
    the best answer is judged.
    """

    fusion: Fusion
    best_scores: NDArray[np.float64]
    best_right: NDArray[np.bool_]
    best_weight: NDArray[np.float64]


def fit_fusion(
    index: HybridIndex,
    pairs: Sequence[SearchPair],
    *,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> FittedFusion:
    """Logistic regression on the best candidates of each question.

    A history alone knows no question that its answers do not serve, and weights fitted on it would
    put answers before whatever documents say. So with fewer than 40 questions of either kind the
    weights that ship with the product stand.
    """
    random = np.random.default_rng(seed)
    chosen = [pairs[number] for number in random.permutation(len(pairs))[:_MOST_QUESTIONS]]
    found = []
    for done, pair in enumerate(chosen, start=1):
        found.append(index.candidates(pair.question))
        if progress is not None:
            progress("fitting the search score", done / len(chosen))
    known = [pair.answered_by for pair in chosen]
    enough = min(known.count(AnsweredBy.ANSWER), known.count(AnsweredBy.DOCUMENT))
    fusion = _fit(index.fusion, chosen, found) if enough >= _LEAST_QUESTIONS else index.fusion
    return _judge(fusion, chosen, found)


def _fit(
    start: Fusion, pairs: Sequence[SearchPair], found: Sequence[Sequence[Candidate]]
) -> Fusion:
    return Fusion(
        answers=_fit_kind(start.answers, SEARCH_KIND_ANSWER, pairs, found),
        documents=_fit_kind(start.documents, SEARCH_KIND_DOCUMENT, pairs, found),
    )


def _fit_kind(
    start: Weights,
    kind: str,
    pairs: Sequence[SearchPair],
    found: Sequence[Sequence[Candidate]],
) -> Weights:
    """Weights for one kind, for the traffic that comes to search."""
    evidence: list[Evidence] = []
    relevant: list[bool] = []
    groups: list[AnsweredBy] = []
    for pair, candidates in zip(pairs, found, strict=True):
        if _is_judged(pair, kind):
            for item in _best(start, kind, candidates):
                evidence.append(item.evidence)
                relevant.append(item.passage.id in pair.passages)
                groups.append(pair.answered_by)
    return fit_weights(np.array(evidence), np.array(relevant), start, _traffic_weights(groups))


def _traffic_weights(groups: Sequence[AnsweredBy]) -> NDArray[np.float64]:
    """Weights that make what is known stand for what search is asked; they sum to its number."""
    sizes = Counter(groups)
    shares = np.array([_TRAFFIC[group] / sizes[group] for group in groups], np.float64)
    weight: NDArray[np.float64] = shares * (len(groups) / shares.sum()) if groups else shares
    return weight


def _is_judged(pair: SearchPair, kind: str) -> bool:
    """Whether it is known of passages of this kind if they answer the question."""
    return kind == SEARCH_KIND_ANSWER or pair.answered_by is not AnsweredBy.ANSWER


def _best(start: Weights, kind: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    own = [item for item in candidates if item.passage.kind == kind]
    return sorted(own, key=lambda item: -start.score(item.evidence))[:_CANDIDATES]


def fit_weights(
    evidence: NDArray[np.float64],
    relevant: NDArray[np.bool_],
    start: Weights,
    weight: NDArray[np.float64],
) -> Weights:
    """Maximum a posteriori: few questions move the starting weights only a little.

    The bias is free, since how many candidates are relevant differs most from shop to shop.
    """
    from scipy.optimize import minimize

    prior = np.array(start)
    inputs = np.column_stack([evidence, np.ones(len(evidence))])
    signs = np.where(relevant, 1.0, -1.0)
    stiffness = np.array([*([_PRIOR_STRENGTH] * (len(prior) - 1)), 0.0])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (inputs @ weights)
        value = (weight * np.logaddexp(0, -margins)).sum()
        value += (stiffness * (weights - prior) ** 2).sum()
        slope = -(weight * signs / (1 + np.exp(np.clip(margins, -30, 30)))) @ inputs
        return float(value), slope + 2 * stiffness * (weights - prior)

    return Weights(*minimize(loss, prior, jac=True, method="L-BFGS-B").x.tolist())


def _judge(
    fusion: Fusion, pairs: Sequence[SearchPair], found: Sequence[Sequence[Candidate]]
) -> FittedFusion:
    scores: list[float] = []
    rights: list[bool] = []
    groups: list[AnsweredBy] = []
    for pair, candidates in zip(pairs, found, strict=True):
        seen = [
            (fusion.score(item.passage.kind, item.evidence), item.passage.id in pair.passages)
            for item in candidates
            if _is_judged(pair, item.passage.kind)
        ]
        if seen:
            score, right = max(seen)
            scores.append(score)
            rights.append(right)
            groups.append(pair.answered_by)
    return FittedFusion(
        fusion,
        np.array(scores, np.float64),
        np.array(rights, bool),
        _traffic_weights(groups),
    )
