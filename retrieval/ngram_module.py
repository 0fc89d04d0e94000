"""The embedded encoder as a module of sentence-transformers, so that its folder loads there too."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
from sentence_transformers.base.modules.input_module import InputModule
from torch import Tensor

from retrieval.ngram import NgramEncoder, bag


class NgramModule(InputModule):  # type: ignore[misc]  # its base is not typed
    """Wraps an NgramEncoder; gives `sentence_embedding` of shape (batch, dimension)."""

    def __init__(self, encoder: NgramEncoder) -> None:
        """The encoder's table stays frozen: it is trained by Kefu."""
        super().__init__()
        self._encoder = encoder

    def preprocess(
        self, inputs: list[str], prompt: str | None = None, **_: object
    ) -> dict[str, Tensor]:
        """Summed feature vectors; there is nothing else to put on a device."""
        texts = [prompt + text for text in inputs] if prompt else inputs
        rows = self._encoder.features.rows(texts)
        return {"summed": bag(self._encoder.table, rows)}

    def forward(self, features: dict[str, Tensor], **_: object) -> dict[str, Tensor]:
        """Scale the sums to length 1."""
        features["sentence_embedding"] = torch.nn.functional.normalize(features["summed"], dim=-1)
        return features

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    def save(self, output_path: str, *_: object, **__: object) -> None:
        """Write the encoder's folder."""
        self._encoder.save(Path(output_path))

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: object) -> Self:
        """Read an encoder's folder."""
        return cls(NgramEncoder.load(Path(model_name_or_path) / subfolder))
