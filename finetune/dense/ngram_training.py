"""Trains the embedded scorer on feature rows, in seconds."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.dense.base import Matrix, Progress, TrainingRows
from finetune.dense.frozen import sample_neighbours
from finetune.dense.ngram import NgramScorer
from finetune.settings import TrainingSettings
from retrieval.bags import bag, drop
from retrieval.features import SparseRows
from retrieval.universal import DIMENSION, universal_encoder


class _Network(nn.Module):
    def __init__(self, features: int, classes: int, settings: TrainingSettings) -> None:
        super().__init__()
        dimension = settings.dimension
        self.table = nn.Parameter(torch.randn(features, dimension) / dimension**0.5)
        self.meaning = nn.Linear(DIMENSION, dimension, bias=False)
        self.norm = nn.LayerNorm(dimension)
        self.hidden = nn.Linear(dimension, settings.hidden)
        self.output = nn.Linear(settings.hidden, classes)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, rows: SparseRows, meaning: Tensor) -> Tensor:
        summed = bag(self.table, rows) + self.meaning(meaning)
        inner = self.dropout(functional.gelu(self.norm(summed)))
        inner = self.dropout(functional.gelu(self.hidden(inner)))
        scores: Tensor = self.output(inner)
        return scores


class NgramTrainer:
    """Trains a table of feature vectors, and the network over it and over pretrained vectors."""

    def __init__(self, features: int, settings: TrainingSettings) -> None:
        """`features` is the size of the vocabulary."""
        self._features = features
        self._settings = settings

    def train(
        self,
        data: TrainingRows,
        classes: int,
        *,
        intents: int,
        stage: str,
        progress: Progress | None,
    ) -> NgramScorer:
        """Adam with one learning-rate cycle (Smith & Topin 2018), features dropped at random."""
        vectors = torch.from_numpy(universal_encoder().encode_many(data.questions.tolist()))
        settings = self._settings
        torch.manual_seed(settings.seed)
        random = np.random.default_rng(settings.seed)
        network = _Network(self._features, classes, settings)
        per_epoch = -(-len(data) // settings.batch_size)
        steps = max(per_epoch * settings.epochs, settings.least_steps)
        optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=steps, pct_start=0.15
        )
        weights = torch.from_numpy(data.balanced_weights())
        order = random.permutation(len(data))
        for step in range(steps):
            if step % per_epoch == 0:
                order = random.permutation(len(data))
            start = step % per_epoch * settings.batch_size
            chosen = order[start : start + settings.batch_size]
            batch = data.take(chosen)
            loss = functional.cross_entropy(
                network(
                    drop(batch.rows, settings.feature_dropout, random),
                    functional.dropout(vectors[chosen], settings.meaning_dropout),
                ),
                torch.from_numpy(batch.classes),
                label_smoothing=settings.label_smoothing,
                reduction="none",
            )
            optimiser.zero_grad()
            (loss * weights[torch.from_numpy(chosen)]).mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            if progress is not None:
                progress(stage, (step + 1) / steps)
        inside = vectors.numpy()[data.classes < intents]
        return _frozen(network, sample_neighbours(inside, settings.seed))


def _frozen(network: _Network, neighbours: Matrix) -> NgramScorer:
    state = {name: value.detach() for name, value in network.named_parameters()}
    return NgramScorer(
        table=state["table"],
        meaning_weight=state["meaning.weight"],
        norm_weight=state["norm.weight"],
        norm_bias=state["norm.bias"],
        hidden_weight=state["hidden.weight"],
        hidden_bias=state["hidden.bias"],
        output_weight=state["output.weight"],
        output_bias=state["output.bias"],
        neighbours=torch.from_numpy(neighbours),
    )
