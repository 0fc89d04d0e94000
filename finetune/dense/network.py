"""A pretrained sentence encoder with a cosine head, ready to be fine-tuned."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.dense.base import Matrix
from finetune.settings import LORA, TrainingSettings
from retrieval.encoder import load_sentence_transformer

_BATCH = 64


class TuningNetwork(nn.Module):
    """Scores are `scale` times the cosine of a question's vector and a class's direction.

    Cosine heads keep classes of few rows as long as those of many (Gidaris & Komodakis 2018).
    """

    def __init__(self, source: str, classes: int, settings: TrainingSettings, device: str) -> None:
        """Load the encoder of this name or path and choose which of its weights may move."""
        super().__init__()
        self.encoder = load_sentence_transformer(source, device=device)
        self._scale = settings.logit_scale
        if settings.tuning == LORA:
            _add_lora(self.encoder, settings.lora_rank)
        else:
            _freeze(self.encoder, settings.frozen_layers)
        dimension = int(self.encoder.get_embedding_dimension() or 0)
        self.directions = nn.Parameter(torch.zeros(classes, dimension, device=device))

    def forward(self, inputs: dict[str, Any]) -> Tensor:
        """Scores of shape (batch, classes)."""
        vectors = functional.normalize(self.encoder(inputs)["sentence_embedding"].float(), dim=-1)
        directions = functional.normalize(self.directions, dim=-1)
        return self._scale * functional.linear(vectors, directions)

    def prepare(self, questions: Sequence[str]) -> dict[str, Any]:
        """Tokens of some questions as `forward` takes them."""
        device = self.directions.device
        return {
            name: value.to(device) if isinstance(value, Tensor) else value
            for name, value in self.encoder.preprocess(list(questions)).items()
        }

    def begin_at_means(self, questions: Sequence[str], classes: np.ndarray) -> None:
        """Let every class begin at the mean of its questions' vectors, as far as it has any."""
        vectors = torch.from_numpy(self.vectors(questions)).to(self.directions.device)
        numbers = torch.from_numpy(classes).to(self.directions.device)
        with torch.no_grad():
            nn.init.normal_(self.directions, std=0.02)
            sums = torch.zeros_like(self.directions).index_add_(0, numbers, vectors)
            present = torch.bincount(numbers, minlength=len(sums)) > 0
            self.directions[present] = functional.normalize(sums[present], dim=-1)

    def vectors(self, questions: Sequence[str]) -> Matrix:
        """Vectors of length 1 as the encoder makes them now."""
        was_training = self.training
        self.eval()
        order = sorted(range(len(questions)), key=lambda place: len(questions[place]))
        found = np.zeros((len(questions), self.directions.shape[1]), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), _BATCH):
                some = order[start : start + _BATCH]
                inputs = self.prepare([questions[place] for place in some])
                vectors = self.encoder(inputs)["sentence_embedding"].float()
                found[some] = functional.normalize(vectors, dim=-1).cpu().numpy()
        self.train(was_training)
        return found

    def movable(self) -> dict[str, nn.Parameter]:
        """The weights that training changes, by name."""
        return {name: each for name, each in self.named_parameters() if each.requires_grad}

    def merge(self) -> None:
        """Fold low-rank additions into the weights that they belong to."""
        backbone = self.encoder[0].model
        if hasattr(backbone, "merge_and_unload"):
            self.encoder[0].model = backbone.merge_and_unload()


def _add_lora(encoder: nn.Sequential, rank: int) -> None:
    """Low-rank additions to every linear layer (Hu et al. 2021; Dettmers et al. 2023)."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules="all-linear")
    transformer: Any = encoder[0]
    with warnings.catch_warnings():
        # peft asks transformers by a name that the latter is about to drop.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        transformer.model = get_peft_model(transformer.model, config)


def _freeze(encoder: nn.Sequential, layers: int) -> None:
    """Keep the embeddings, and so many of the lowest layers, as they are."""
    transformer: Any = encoder[0]
    for name, weights in transformer.model.named_parameters():
        numbers = [int(part) for part in name.split(".") if part.isdigit()]
        lower = bool(numbers) and numbers[0] < layers
        if "embedding" in name or lower:
            weights.requires_grad_(False)
