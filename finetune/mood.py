"""The mood head: how a customer feels, by a linear model on words, n-grams and a few signs.

Its features are those of `retrieval/features.py` with words for feelings as the lexicon; these few
hundred words are what four hundred labelled messages cannot teach.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from finetune.classifier import softmax
from finetune.errors import BundleDamagedError
from finetune.types import ANGRY
from retrieval.errors import LexiconError
from retrieval.features import Features
from retrieval.lexicon import Lexicon

WORDS_FILE = Path(__file__).parent / "data" / "mood_words.toml"

CUES = 6
_CUE_WEIGHT = 0.5
_MARKS = re.compile(r"[!！]")
_DOUBLE_MARKS = re.compile(r"[!?！？]{2,}")
_REPEATED = re.compile(r"(\w)\1\1")
_ASKS = re.compile(r"[?？]\s*$")
_WORD = re.compile(r"[A-Za-z]{3,}")
_MOST_READ = 2_000

_CONFIG, _WEIGHTS, _FEATURES = "mood.json", "mood.safetensors", "features"

Matrix = NDArray[np.float32]


def mood_words() -> Lexicon:
    """The words for feelings that ship with the product."""
    return Lexicon.empty().with_synonyms(WORDS_FILE)


def cues(texts: Sequence[str]) -> Matrix:
    """What letters and words do not say, shape (texts, 6), each from 0 to 1.

    Exclamation marks, several marks in a row, the share of words in capitals, a character three
    times in a row, a question mark at the end, and length.
    """
    rows = np.zeros((len(texts), CUES), dtype=np.float32)
    for number, whole in enumerate(texts):
        text = whole[:_MOST_READ]
        words = _WORD.findall(text)
        rows[number] = (
            min(len(_MARKS.findall(text)), 3) / 3,
            _DOUBLE_MARKS.search(text) is not None,
            sum(word.isupper() for word in words) / max(len(words), 1),
            _REPEATED.search(text) is not None,
            _ASKS.search(text) is not None,
            min(len(text), 200) / 200,
        )
    return rows * _CUE_WEIGHT


@dataclass(frozen=True, slots=True)
class MoodHead:
    """`weights` has shape (features + CUES, moods), `bias` (moods,).

    Somebody is angry from a probability of `angry_from`, and otherwise what is likeliest of the
    rest. `fingerprint` names the rows and words it was trained on; `metrics` is how it did on rows
    that it was not trained on.
    """

    labels: tuple[str, ...]
    features: Features
    weights: Matrix
    bias: Matrix
    angry_from: float
    fingerprint: str
    metrics: dict[str, Any]

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The mood of each text."""
        return choose(self.probabilities(texts), self.labels, self.angry_from)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Shape (texts, labels)."""
        rows = self.features.rows(texts)
        scores = cues(texts) @ self.weights[-CUES:] + self.bias
        for number in range(len(texts)):
            part = slice(rows.offsets[number], rows.offsets[number + 1])
            scores[number] += rows.weights[part] @ self.weights[rows.ids[part]]
        return softmax(scores)

    def save(self, folder: Path) -> None:
        """Write `mood.json`, `mood.safetensors` and `features/`."""
        (folder / _FEATURES).mkdir(parents=True)
        self.features.save(folder / _FEATURES)
        tensors = {"weights": np.ascontiguousarray(self.weights), "bias": self.bias}
        save_file(tensors, folder / _WEIGHTS)
        config = {
            "labels": self.labels,
            "angry_from": self.angry_from,
            "fingerprint": self.fingerprint,
            "metrics": self.metrics,
        }
        text = json.dumps(config, ensure_ascii=False, indent=2)
        (folder / _CONFIG).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> MoodHead | None:
        """Read what `save` wrote; None where nothing was. Raises BundleDamagedError."""
        if not folder.exists():
            return None
        try:
            config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
            tensors = load_file(folder / _WEIGHTS)
            features = Features.load(folder / _FEATURES)
            weights, bias = tensors["weights"], tensors["bias"]
            labels = tuple(config["labels"])
            if weights.shape != (len(features) + CUES, len(labels)) or len(bias) != len(labels):
                raise ValueError(f"weights of the shape {weights.shape}")
            return cls(
                labels, features, weights, bias,
                config["angry_from"], config["fingerprint"], config["metrics"],
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, SafetensorError, LexiconError) as error:
            raise BundleDamagedError(
                f"expected a mood head in {folder.name}, found a damaged one ({error})"
            ) from error


def choose(
    probabilities: NDArray[np.floating], labels: Sequence[str], angry_from: float
) -> list[str]:
    """The mood of each row of probabilities."""
    angry = list(labels).index(ANGRY)
    rest = probabilities.copy()
    rest[:, angry] = -1.0
    return [
        ANGRY if row[angry] >= angry_from else labels[best]
        for row, best in zip(probabilities, rest.argmax(axis=1).tolist(), strict=True)
    ]
