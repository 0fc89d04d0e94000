"""How an adapter is trained: one dataclass that checks itself and is saved with the adapter."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from finetune.errors import SettingsError

_POSITIVE = (
    "rank", "alpha", "learning_rate", "epochs", "batch_size", "at_once", "patience", "least_turns",
    "least_held_out", "most_tokens", "most_answer_tokens",
)  # fmt: skip
_SHARES = ("dropout", "warmup_share", "stopping_share", "held_out_share")


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """How a chat model is fine-tuned; SettingsError for a value that makes no sense.

    `model` is its name or path. `rank`, `alpha` and `dropout` are LoRA's (Hu et al. 2021), on every
    linear layer (Dettmers et al. 2023). An optimiser step sees `batch_size` rows, `at_once` of them
    in memory. Training stops when the loss on `stopping_share` of the questions has not got lower
    for `patience` epochs. `held_out_share` of the questions is never trained on: the gate asks
    them. `least_turns` approved turns are needed, `least_held_out` of them held out. A row of more
    than `most_tokens` tokens is left out. `checkpointing` saves GPU memory for a third more time.
    """

    model: str
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    learning_rate: float = 2e-4
    epochs: int = 3
    batch_size: int = 8
    at_once: int = 2
    warmup_share: float = 0.1
    patience: int = 1
    stopping_share: float = 0.1
    held_out_share: float = 0.2
    least_turns: int = 50
    least_held_out: int = 5
    most_tokens: int = 4096
    most_answer_tokens: int = 400
    checkpointing: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name}: expected more than 0, found {getattr(self, name)}")
        for name in _SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(
                    f"{name}: expected 0 or more and less than 1, found {getattr(self, name)}"
                )
        if self.held_out_share + self.stopping_share >= 1:
            raise SettingsError("held_out_share and stopping_share leave nothing to train on")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the adapter's folder."""
        return asdict(self)
