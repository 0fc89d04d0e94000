"""The intent classifier: two heads over one set of features, calibrated to mean what it says.

The lexical head is linear in the n-grams; the dense head is a small network on the classifier's
own copy of the embedded encoder. They err differently, so their weighted sum beats either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from finetune.errors import BundleDamagedError
from finetune.types import Prediction
from retrieval.features import SparseRows
from retrieval.ngram import NgramEncoder, bag

_HEAD = "head.safetensors"
_CONFIG = "classifier.json"
_ENCODER = "encoder"
_RANKED = 5
_BATCH = 256

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """Weights of both heads; each gives a score for every class.

    `lexical` has shape (features, classes); it and its bias are None where there are too many
    classes for it. The dense layers map dimension -> hidden -> classes.
    """

    lexical: Tensor | None
    lexical_bias: Tensor | None
    norm_weight: Tensor
    norm_bias: Tensor
    hidden_weight: Tensor
    hidden_bias: Tensor
    output_weight: Tensor
    output_bias: Tensor

    def lexical_scores(self, rows: SparseRows) -> Tensor | None:
        """Scores of shape (rows, classes), or None without that head."""
        if self.lexical is None or self.lexical_bias is None:
            return None
        return bag(self.lexical, rows) + self.lexical_bias

    def dense_scores(self, vectors: Tensor) -> Tensor:
        """Scores of shape (batch, classes) from summed feature vectors (batch, dimension)."""
        normed = functional.layer_norm(
            vectors, vectors.shape[-1:], self.norm_weight, self.norm_bias
        )
        inner = functional.linear(functional.gelu(normed), self.hidden_weight, self.hidden_bias)
        return functional.linear(functional.gelu(inner), self.output_weight, self.output_bias)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns scores into probabilities, fitted on held-out questions.

    A class's score is `lexical` times the lexical head's plus `dense` times the dense head's.
    `in_scope` holds the weights of `scope_evidence`, bias first.
    """

    lexical: float
    dense: float
    in_scope: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of both heads, shape (questions, classes), and each question's unknown words."""

    lexical: Matrix
    dense: Matrix
    unknown: Matrix


class IntentClassifier:
    """Labels, an encoder of its own, two heads and their calibration."""

    def __init__(
        self,
        labels: Sequence[str],
        encoder: NgramEncoder,
        heads: Heads,
        calibration: Calibration,
        *,
        has_scope_class: bool,
    ) -> None:
        """`has_scope_class`: the last class of the heads stands for 'out of scope'."""
        self.labels = tuple(labels)
        self.calibration = calibration
        self._encoder = encoder
        self._heads = heads
        self._has_scope_class = has_scope_class

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The best labels of each text with calibrated probabilities."""
        found: list[Prediction] = []
        for start in range(0, len(texts), _BATCH):
            found += self._predict(self.scores(texts[start : start + _BATCH]))
        return found

    def scores(self, texts: Sequence[str]) -> Scores:
        """What the heads say before calibration."""
        return head_scores(self._encoder.table, self._heads, self._encoder.features.rows(texts))

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
        """Write `encoder/`, `head.safetensors` and `classifier.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._encoder.save(folder / _ENCODER)
        tensors = {
            name: getattr(self._heads, name).half().contiguous()
            for name in Heads.__slots__
            if getattr(self._heads, name) is not None
        }
        save_file(tensors, folder / _HEAD)
        config = {
            "labels": self.labels,
            "has_scope_class": self._has_scope_class,
            "calibration": asdict(self.calibration),
        }
        text = json.dumps(config, ensure_ascii=False, indent=2)
        (folder / _CONFIG).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentClassifier:
        """Read what `save` wrote; raises BundleDamagedError where it is not whole."""
        try:
            config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
            heads = _read_heads(load_file(folder / _HEAD))
            values = config["calibration"]
            calibration = Calibration(values["lexical"], values["dense"], tuple(values["in_scope"]))
            encoder = NgramEncoder.load(folder / _ENCODER)
            labels, has_scope_class = config["labels"], bool(config["has_scope_class"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise BundleDamagedError(
                f"expected an intent classifier in {folder.name}, found a damaged one ({error})"
            ) from error
        return cls(labels, encoder, heads, calibration, has_scope_class=has_scope_class)


def _read_heads(tensors: dict[str, Tensor]) -> Heads:
    found = {name: tensor.float() for name, tensor in tensors.items()}
    return Heads(
        lexical=found.pop("lexical", None), lexical_bias=found.pop("lexical_bias", None), **found
    )


def head_scores(table: Tensor, heads: Heads, rows: SparseRows) -> Scores:
    """Both heads' scores for feature rows."""
    with torch.inference_mode():
        dense = heads.dense_scores(bag(table, rows)).numpy()
        lexical = heads.lexical_scores(rows)
    linear = np.zeros_like(dense) if lexical is None else lexical.numpy()
    return Scores(linear, dense, rows.unknown)


def combine(scores: Scores, calibration: Calibration) -> Matrix:
    """The weighted sum of both heads."""
    combined: Matrix = calibration.lexical * scores.lexical + calibration.dense * scores.dense
    return combined


def scope_evidence(scores: Scores, combined: Matrix, labels: int) -> Matrix:
    """What tells a question that the shop serves from one it does not, shape (questions, 7).

    Best lexical score, best combined score, its lead over the second, its probability, the
    softness of all of them (log-sum-exp: Liu et al. 2020), unknown words, and the lead over the
    out-of-scope class where there is one.
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
            top,
            top - second,
            softmax(classes).max(axis=1),
            energy,
            scores.unknown,
            over_outside,
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
