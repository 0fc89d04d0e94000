"""Training settings: one dataclass that checks itself and goes into the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from finetune.errors import SettingsError

EMBEDDED = "embedded"
"""The encoder that is trained here, from the shop's own text."""

FROZEN, FULL, LORA = "frozen", "full", "lora"
TUNINGS = (FROZEN, FULL, LORA)

_POSITIVE = (
    "dimension", "hidden", "epochs", "batch_size", "learning_rate", "lexical_c", "head_c",
    "head_iterations", "tuning_epochs", "tuning_batch_size", "encoder_learning_rate",
    "head_learning_rate", "logit_scale", "lora_rank", "patience",
)  # fmt: skip
_SHARES = (
    "dropout", "feature_dropout", "meaning_dropout", "label_smoothing", "validation_share",
    "expected_oos_share", "warmup_share", "stopping_share",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the intent classifier is trained; ValueError for a value that makes no sense.

    `encoder` is `embedded`, or the name or path of a sentence-transformers model; `tuning` says
    what happens to the latter: `frozen` trains a head on its vectors, `full` all of its weights,
    `lora` low-rank additions to them. `int8` serves it quantised, on the CPU.
    `most_lexical_classes` is where the lexical scorer is left out. `small` is the number of rows up
    to which calibration uses `folds` held-out folds instead of one held-out `validation_share`.
    `expected_oos_share` is the share of live questions that no intent serves. `frozen_layers` lower
    layers are not tuned; tuning stops when `stopping_share` of the rows, held out if there are
    `least_stopping_rows`, has not got better for `patience` epochs.
    """

    encoder: str = EMBEDDED
    tuning: str = FROZEN
    int8: bool = False
    dimension: int = 192
    hidden: int = 256
    epochs: int = 10
    least_steps: int = 150
    batch_size: int = 128
    learning_rate: float = 6e-3
    dropout: float = 0.3
    feature_dropout: float = 0.4
    meaning_dropout: float = 0.1
    label_smoothing: float = 0.1
    lexical_c: float = 1.0
    most_lexical_classes: int = 300
    validation_share: float = 0.15
    small: int = 3_000
    folds: int = 3
    least_oos_rows: int = 20
    expected_oos_share: float = 0.15
    head_c: float = 30.0
    head_iterations: int = 500
    tuning_epochs: int = 8
    tuning_batch_size: int = 32
    encoder_learning_rate: float = 2e-4
    head_learning_rate: float = 2e-3
    warmup_share: float = 0.1
    logit_scale: float = 16.0
    frozen_layers: int = 0
    lora_rank: int = 16
    patience: int = 2
    stopping_share: float = 0.1
    least_stopping_rows: int = 2_000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: expected more than 0, found {getattr(self, name)}")
        for name in _SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 0 or more and less than 1, "
                                 f"found {getattr(self, name)}")  # fmt: skip
        if self.folds < 2:
            raise ValueError(f"folds: expected 2 or more, found {self.folds}")
        if self.tuning not in TUNINGS:
            raise ValueError(f"tuning: expected {', '.join(TUNINGS)}, found {self.tuning!r}")
        if self.is_embedded and (self.tuning != FROZEN or self.int8):
            raise ValueError("tuning and int8 are for pretrained encoders: name one with --encoder")

    @property
    def is_embedded(self) -> bool:
        """Whether the classifier trains an encoder of its own from nothing."""
        return self.encoder == EMBEDDED

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the bundle."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """Another encoder for search and classifier, and what to do with it; None keeps what is live.

    `processes` above 1 tune through `accelerate launch`, one on each GPU.
    """

    encoder: str | None = None
    tuning: str | None = None
    int8: bool | None = None
    processes: int = 1


def choose_settings(live: Mapping[str, Any], choice: EncoderChoice | None) -> TrainingSettings:
    """The settings of this version of Kefu, with the encoder that is live or chosen.

    Raises SettingsError where a choice makes no sense.
    """
    kept = {name: live[name] for name in ("encoder", "tuning", "int8") if name in live}
    if choice is not None:
        if choice.encoder is not None:
            kept = {"encoder": choice.encoder}
        kept |= {"tuning": choice.tuning} if choice.tuning is not None else {}
        kept |= {"int8": choice.int8} if choice.int8 is not None else {}
    try:
        return TrainingSettings(**kept)
    except ValueError as error:
        raise SettingsError(str(error)) from error
