"""The embedded scorer: a small network over n-gram vectors and pretrained meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from finetune.dense.base import DenseScores
from finetune.dense.sentence import nearness
from retrieval.bags import bag
from retrieval.features import SparseRows
from retrieval.universal import universal_encoder

_WEIGHTS = "network.safetensors"


@dataclass(frozen=True, slots=True)
class NgramScorer:
    """The n-grams' vectors and the pretrained encoder's, summed, and the layers over them.

    `table` has shape (features, dimension), `meaning_weight` (dimension, 512); the layers map
    dimension -> hidden -> classes. `neighbours` are pretrained vectors of training questions, shape
    (kept, 512).
    """

    table: Tensor
    meaning_weight: Tensor
    norm_weight: Tensor
    norm_bias: Tensor
    hidden_weight: Tensor
    hidden_bias: Tensor
    output_weight: Tensor
    output_bias: Tensor
    neighbours: Tensor

    def scores(self, questions: Sequence[str], rows: SparseRows) -> DenseScores:
        """Scores from both, and how near the closest training questions lie."""
        vectors = universal_encoder().encode(questions)
        with torch.inference_mode():
            said = functional.linear(torch.from_numpy(vectors), self.meaning_weight)
            summed = bag(self.table, rows) + said
            normed = functional.layer_norm(
                summed, summed.shape[-1:], self.norm_weight, self.norm_bias
            )
            inner = functional.linear(functional.gelu(normed), self.hidden_weight, self.hidden_bias)
            found = functional.linear(
                functional.gelu(inner), self.output_weight, self.output_bias
            ).numpy()
        return DenseScores(found, nearness(vectors, self.neighbours.numpy()))

    def save(self, folder: Path) -> None:
        """Write `network.safetensors` in half precision."""
        tensors = {each.name: getattr(self, each.name).half().contiguous() for each in fields(self)}
        save_file(tensors, folder / _WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> NgramScorer:
        """Read what `save` wrote."""
        tensors = load_file(folder / _WEIGHTS)
        return cls(**{name: tensor.float() for name, tensor in tensors.items()})
