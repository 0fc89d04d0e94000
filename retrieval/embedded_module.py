"""The embedded encoder as a module of sentence-transformers, so that its folder loads there too."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
from sentence_transformers.base.modules.input_module import InputModule
from torch import Tensor

from retrieval.embedded import EmbeddedEncoder


class EmbeddedModule(InputModule):  # type: ignore[misc]  # its base is not typed
    """Wraps an EmbeddedEncoder; gives `sentence_embedding` of shape (batch, dimension)."""

    def __init__(self, encoder: EmbeddedEncoder) -> None:
        """The encoder stays as it is: it is trained by Kefu."""
        super().__init__()
        self._encoder = encoder

    def preprocess(
        self, inputs: list[str], prompt: str | None = None, **_: object
    ) -> dict[str, Tensor]:
        """The vectors; there is nothing else to put on a device."""
        texts = [prompt + text for text in inputs] if prompt else inputs
        return {"sentence_embedding": torch.from_numpy(self._encoder.encode(texts))}

    def forward(self, features: dict[str, Tensor], **_: object) -> dict[str, Tensor]:
        """What `preprocess` made."""
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
        return cls(EmbeddedEncoder.load(Path(model_name_or_path) / subfolder))
