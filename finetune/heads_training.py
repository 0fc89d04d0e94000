"""Trains the classifier's two heads on feature rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from finetune.classifier import Heads
from finetune.settings import TrainingSettings
from retrieval.features import SparseRows
from retrieval.ngram import bag
from retrieval.ngram_training import drop

Progress = Callable[[str, float], None]
Classes = NDArray[np.int64]
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Feature rows with the class of each and how much it counts."""

    rows: SparseRows
    classes: Classes
    weights: Weights

    def take(self, chosen: NDArray[np.int64]) -> TrainingRows:
        """The chosen rows."""
        return TrainingRows(self.rows.take(chosen), self.classes[chosen], self.weights[chosen])


class _Network(nn.Module):
    def __init__(self, features: int, classes: int, settings: TrainingSettings) -> None:
        super().__init__()
        dimension = settings.dimension
        self.table = nn.Parameter(torch.randn(features, dimension) / dimension**0.5)
        self.norm = nn.LayerNorm(dimension)
        self.hidden = nn.Linear(dimension, settings.hidden)
        self.output = nn.Linear(settings.hidden, classes)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, rows: SparseRows) -> Tensor:
        inner = self.dropout(functional.gelu(self.norm(bag(self.table, rows))))
        inner = self.dropout(functional.gelu(self.hidden(inner)))
        scores: Tensor = self.output(inner)
        return scores


def train_heads(
    data: TrainingRows,
    *,
    features: int,
    classes: int,
    settings: TrainingSettings,
    stage: str,
    progress: Progress | None = None,
) -> tuple[Tensor, Heads]:
    """The classifier's own encoder table, shape (features, dimension), and both heads."""
    network = _train_network(data, features, classes, settings, stage, progress)
    state = {name: value.detach() for name, value in network.named_parameters()}
    lexical = _train_lexical(data, features, classes, settings)
    heads = Heads(
        lexical=None if lexical is None else lexical[0],
        lexical_bias=None if lexical is None else lexical[1],
        norm_weight=state["norm.weight"],
        norm_bias=state["norm.bias"],
        hidden_weight=state["hidden.weight"],
        hidden_bias=state["hidden.bias"],
        output_weight=state["output.weight"],
        output_bias=state["output.bias"],
    )
    return state["table"], heads


def _train_network(
    data: TrainingRows,
    features: int,
    classes: int,
    settings: TrainingSettings,
    stage: str,
    progress: Progress | None,
) -> _Network:
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    network = _Network(features, classes, settings)
    count = len(data.rows)
    per_epoch = -(-count // settings.batch_size)
    steps = max(per_epoch * settings.epochs, settings.least_steps)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=steps, pct_start=0.15
    )
    order = random.permutation(count)
    for step in range(steps):
        if step % per_epoch == 0:
            order = random.permutation(count)
        start = step % per_epoch * settings.batch_size
        batch = data.take(order[start : start + settings.batch_size])
        loss = functional.cross_entropy(
            network(drop(batch.rows, settings.feature_dropout, random)),
            torch.from_numpy(batch.classes),
            label_smoothing=settings.label_smoothing,
            reduction="none",
        )
        optimiser.zero_grad()
        (loss * torch.from_numpy(batch.weights)).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if progress is not None:
            progress(stage, (step + 1) / steps)
    return network.eval()


def _train_lexical(
    data: TrainingRows, features: int, classes: int, settings: TrainingSettings
) -> tuple[Tensor, Tensor] | None:
    """Weights and bias of a linear SVM, one class against the rest (Fan et al. 2008).

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
    machine.fit(matrix, data.classes, sample_weight=data.weights)
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
    return torch.from_numpy(weights), torch.from_numpy(bias)
