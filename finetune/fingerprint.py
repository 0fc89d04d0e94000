"""One name for everything that a retraining depends on: equal names, equal bundles."""

from __future__ import annotations

import hashlib
import json

from finetune.settings import TrainingSettings
from finetune.types import Dataset
from retrieval.text import Analyser

_CODE_VERSION = 3
"""Raised when the way of training changes, so that the same data is trained on again."""


def training_fingerprint(
    dataset: Dataset,
    analyser: Analyser,
    settings: TrainingSettings,
    wrong_cost: float,
    moods: str,
) -> str:
    """A sha256 over data, words, settings, the cost of a wrong reply and the mood head's data."""
    parts = [
        _CODE_VERSION,
        dataset.fingerprint,
        analyser.fingerprint,
        settings.as_dict(),
        wrong_cost,
        moods,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
