"""Training settings: one dataclass that checks itself and goes into the bundle."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the embedded classifier is trained; ValueError for a value that makes no sense.

    `most_lexical_classes` is where the linear head is left out. `small` is the number of rows up
    to which calibration uses `folds` held-out folds instead of one held-out `validation_share`.
    `expected_oos_share` is the share of live questions that no intent serves.
    """

    dimension: int = 192
    hidden: int = 256
    epochs: int = 10
    least_steps: int = 150
    batch_size: int = 128
    learning_rate: float = 6e-3
    dropout: float = 0.3
    feature_dropout: float = 0.4
    label_smoothing: float = 0.1
    lexical_c: float = 1.0
    most_lexical_classes: int = 300
    validation_share: float = 0.15
    small: int = 3_000
    folds: int = 3
    least_oos_rows: int = 20
    expected_oos_share: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        positive = ("dimension", "hidden", "epochs", "batch_size", "learning_rate", "lexical_c")
        for name in positive:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: expected more than 0, found {getattr(self, name)}")
        shares = (
            "dropout", "feature_dropout", "label_smoothing", "validation_share",
            "expected_oos_share",
        )  # fmt: skip
        for name in shares:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 0 or more and less than 1, "
                                 f"found {getattr(self, name)}")  # fmt: skip
        if self.folds < 2:
            raise ValueError(f"folds: expected 2 or more, found {self.folds}")

    def as_dict(self) -> dict[str, float]:
        """Plain values for the bundle."""
        return asdict(self)
