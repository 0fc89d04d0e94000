"""The embedded scorer: a small network over a table of n-gram vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from finetune.dense.base import DenseScores
from retrieval.bags import bag
from retrieval.features import SparseRows

_WEIGHTS = "network.safetensors"


@dataclass(frozen=True, slots=True)
class NgramScorer:
    """`table` has shape (features, dimension); the layers map dimension -> hidden -> classes."""

    table: Tensor
    norm_weight: Tensor
    norm_bias: Tensor
    hidden_weight: Tensor
    hidden_bias: Tensor
    output_weight: Tensor
    output_bias: Tensor

    def scores(self, questions: Sequence[str], rows: SparseRows) -> DenseScores:
        """Scores from feature rows alone; no neighbours are kept."""
        del questions
        with torch.inference_mode():
            summed = bag(self.table, rows)
            normed = functional.layer_norm(
                summed, summed.shape[-1:], self.norm_weight, self.norm_bias
            )
            inner = functional.linear(functional.gelu(normed), self.hidden_weight, self.hidden_bias)
            found = functional.linear(
                functional.gelu(inner), self.output_weight, self.output_bias
            ).numpy()
        return DenseScores(found, np.zeros(len(rows), dtype=np.float32))

    def save(self, folder: Path) -> None:
        """Write `network.safetensors` in half precision."""
        tensors = {each.name: getattr(self, each.name).half().contiguous() for each in fields(self)}
        save_file(tensors, folder / _WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> NgramScorer:
        """Read what `save` wrote."""
        tensors = load_file(folder / _WEIGHTS)
        return cls(**{name: tensor.float() for name, tensor in tensors.items()})
