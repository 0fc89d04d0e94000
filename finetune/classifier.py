"""The intent classifier: a lexical and a dense scorer, calibrated to mean what they say.

The lexical scorer is linear in the n-grams; the dense one is a small network on n-gram vectors, or
stands on a pretrained encoder. They err differently, so their weighted sum beats either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from finetune.dense.base import DenseScorer, Matrix
from finetune.dense.ngram import NgramScorer
from finetune.dense.sentence import SentenceScorer
from finetune.errors import BundleDamagedError
from finetune.lexical import LexicalScorer
from finetune.types import Prediction
from retrieval.errors import EncoderError
from retrieval.features import Features, SparseRows

_CONFIG = "classifier.json"
_FEATURES, _DENSE = "features", "dense"
_KINDS: dict[str, type[NgramScorer] | type[SentenceScorer]] = {
    "ngram": NgramScorer,
    "sentence": SentenceScorer,
}
_RANKED = 5
_BATCH = 256
_EVIDENCE = 9


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns scores into probabilities, fitted on held-out questions.

    A class's score is `lexical` times the lexical scorer's plus `dense` times the dense scorer's.
    `in_scope` holds the weights of `scope_evidence`, bias first.
    """

    lexical: float
    dense: float
    in_scope: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of both scorers, shape (questions, classes); per question its unknown words, and how
    near the closest training questions lie.
    """

    lexical: Matrix
    dense: Matrix
    unknown: Matrix
    nearest: Matrix


class IntentClassifier:
    """Labels, features, two scorers and their calibration."""

    def __init__(
        self,
        labels: Sequence[str],
        features: Features,
        lexical: LexicalScorer | None,
        dense: DenseScorer,
        calibration: Calibration,
        *,
        has_scope_class: bool,
    ) -> None:
        """`has_scope_class`: the last class of the scorers stands for 'out of scope'."""
        self.labels = tuple(labels)
        self.calibration = calibration
        self._features = features
        self._lexical = lexical
        self._dense = dense
        self._has_scope_class = has_scope_class

    @property
    def dense(self) -> DenseScorer:
        """The scorer that reads meaning."""
        return self._dense

    def with_dense(self, dense: DenseScorer) -> IntentClassifier:
        """The same classifier with another way to compute the same dense scores."""
        return IntentClassifier(
            self.labels,
            self._features,
            self._lexical,
            dense,
            self.calibration,
            has_scope_class=self._has_scope_class,
        )

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The best labels of each text with calibrated probabilities."""
        found: list[Prediction] = []
        for start in range(0, len(texts), _BATCH):
            found += self._predict(self.scores(texts[start : start + _BATCH]))
        return found

    def scores(self, texts: Sequence[str]) -> Scores:
        """What the scorers say before calibration."""
        return score(self._lexical, self._dense, texts, self._features.rows(texts))

    def _predict(self, scores: Scores) -> list[Prediction]:
        combined = combine(scores, self.calibration)
        classes = combined[:, : len(self.labels)]
        probabilities = softmax(classes)
        scope = sigmoid(
            with_bias(scope_evidence(scores, combined, len(self.labels)))
            @ np.array(self.calibration.in_scope)
        )
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :_RANKED]
        return [
            Prediction(
                tuple((self.labels[number], float(row[number])) for number in best), float(inside)
            )
            for row, best, inside in zip(probabilities, order, scope, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write `features/`, `lexical.safetensors`, `dense/` and `classifier.json`."""
        for each in (folder / _FEATURES, folder / _DENSE):
            each.mkdir(parents=True)
        self._features.save(folder / _FEATURES)
        self._dense.save(folder / _DENSE)
        if self._lexical is not None:
            self._lexical.save(folder)
        config = {
            "labels": self.labels,
            "has_scope_class": self._has_scope_class,
            "calibration": asdict(self.calibration),
            "dense": next(kind for kind, of in _KINDS.items() if isinstance(self._dense, of)),
        }
        text = json.dumps(config, ensure_ascii=False, indent=2)
        (folder / _CONFIG).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentClassifier:
        """Read what `save` wrote; raises BundleDamagedError where it is not whole."""
        try:
            config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
            values = config["calibration"]
            calibration = Calibration(values["lexical"], values["dense"], tuple(values["in_scope"]))
            if len(calibration.in_scope) != _EVIDENCE + 1:
                raise ValueError(f"{len(calibration.in_scope)} weights of evidence")
            return cls(
                config["labels"],
                Features.load(folder / _FEATURES),
                LexicalScorer.load(folder),
                _KINDS[config["dense"]].load(folder / _DENSE),
                calibration,
                has_scope_class=bool(config["has_scope_class"]),
            )
        except (OSError, ValueError, KeyError, TypeError, SafetensorError, EncoderError) as error:
            raise BundleDamagedError(
                f"expected an intent classifier in {folder.name}, found a damaged one ({error})"
            ) from error


def score(
    lexical: LexicalScorer | None, dense: DenseScorer, texts: Sequence[str], rows: SparseRows
) -> Scores:
    """Both scorers' view of texts with these feature rows."""
    meant = dense.scores(texts, rows)
    worded = np.zeros_like(meant.classes) if lexical is None else lexical.scores(rows)
    return Scores(worded, meant.classes, rows.unknown, meant.nearest)


def combine(scores: Scores, calibration: Calibration) -> Matrix:
    """The weighted sum of both scorers."""
    combined: Matrix = calibration.lexical * scores.lexical + calibration.dense * scores.dense
    return combined


def scope_evidence(scores: Scores, combined: Matrix, labels: int) -> Matrix:
    """What tells a question that the shop serves from one it does not, shape (questions, 9).

    Best lexical, dense and combined score, the lead of the last over the second, its probability,
    the softness of all of them (log-sum-exp: Liu et al. 2020), unknown words, the lead over the
    out-of-scope class where there is one, and the nearness of the closest training questions
    (Sun et al. 2022).
    """
    classes = combined[:, :labels]
    best_two = np.partition(classes, -2, axis=1)[:, -2:]
    top, second = best_two.max(axis=1), best_two.min(axis=1)
    outside = combined[:, labels:]
    over_outside = top - outside[:, 0] if outside.shape[1] else np.zeros_like(top)
    energy = top + np.log(np.exp(classes - top[:, None]).sum(axis=1))
    evidence: Matrix = np.stack(
        [
            scores.lexical[:, :labels].max(axis=1),
            scores.dense[:, :labels].max(axis=1),
            top,
            top - second,
            softmax(classes).max(axis=1),
            energy,
            scores.unknown,
            over_outside,
            scores.nearest,
        ],
        axis=1,
    )
    return evidence


def with_bias(evidence: Matrix) -> Matrix:
    """The evidence with a leading column of ones."""
    column = np.ones((len(evidence), 1), dtype=np.float32)
    return np.concatenate([column, evidence], axis=1)


def softmax(scores: Matrix) -> Matrix:
    """Probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Matrix = raised / raised.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The logistic function, safe at both ends."""
    result: NDArray[np.floating] = 1.0 / (1.0 + np.exp(-np.clip(values, -30, 30)))
    return result
