"""Sums of feature vectors: what the models over n-grams compute first."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from retrieval.features import SparseRows


def bag(table: Tensor, rows: SparseRows) -> Tensor:
    """Weighted sum of the table's vectors for each row, shape (len(rows), dimension)."""
    return functional.embedding_bag(
        torch.from_numpy(rows.ids),
        table,
        torch.from_numpy(rows.offsets[:-1]),
        mode="sum",
        per_sample_weights=torch.from_numpy(rows.weights),
    )


def drop(rows: SparseRows, share: float, random: np.random.Generator) -> SparseRows:
    """The rows without a random share of their features, the rest raised to make up for it."""
    kept = random.random(len(rows.weights)) >= share
    offsets = np.concatenate([[0], np.cumsum(kept)])[rows.offsets].astype(np.int64)
    weights = (rows.weights[kept] / (1 - share)).astype(np.float32)
    return SparseRows(rows.ids[kept], weights, offsets, rows.unknown)
