"""The half of an intent classifier that reads words: a linear SVM over n-gram features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from finetune.dense.base import Matrix, TrainingRows
from finetune.settings import TrainingSettings
from retrieval.bags import bag
from retrieval.features import SparseRows

_WEIGHTS = "lexical.safetensors"


@dataclass(frozen=True, slots=True)
class LexicalScorer:
    """`weights` has shape (features, classes), `bias` (classes,)."""

    weights: Tensor
    bias: Tensor

    def scores(self, rows: SparseRows) -> Matrix:
        """Margins of shape (rows, classes)."""
        with torch.inference_mode():
            found: Matrix = (bag(self.weights, rows) + self.bias).numpy()
            return found

    def save(self, folder: Path) -> None:
        """Write `lexical.safetensors` in half precision."""
        tensors = {"weights": self.weights.half().contiguous(), "bias": self.bias.half()}
        save_file(tensors, folder / _WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> LexicalScorer | None:
        """Read what `save` wrote; None where nothing was written."""
        if not (folder / _WEIGHTS).exists():
            return None
        tensors = load_file(folder / _WEIGHTS)
        return cls(tensors["weights"].float(), tensors["bias"].float())


def train_lexical(
    data: TrainingRows, features: int, classes: int, settings: TrainingSettings
) -> LexicalScorer | None:
    """A linear SVM, one class against the rest (Fan et al. 2008).

    None where there are too many classes: its time grows with rows times classes, while a history
    of many hundred answers leaves it too few rows of each to learn from.
    """
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    if not 2 <= classes <= settings.most_lexical_classes:
        return None
    rows = data.rows
    matrix = csr_matrix((rows.weights, rows.ids, rows.offsets), shape=(len(rows), features))
    machine = LinearSVC(C=settings.lexical_c, random_state=settings.seed)
    machine.fit(matrix, data.classes, sample_weight=data.balanced_weights())
    weights = np.zeros((features, classes), dtype=np.float32)
    bias = np.zeros(classes, dtype=np.float32)
    if len(machine.classes_) == 2:
        # Two classes share one separating plane.
        first, second = machine.classes_
        weights[:, second], weights[:, first] = machine.coef_[0], -machine.coef_[0]
        bias[second], bias[first] = machine.intercept_[0], -machine.intercept_[0]
    else:
        weights[:, machine.classes_] = machine.coef_.T
        bias[machine.classes_] = machine.intercept_
    return LexicalScorer(torch.from_numpy(weights), torch.from_numpy(bias))
