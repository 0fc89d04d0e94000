"""The quick way to use a pretrained encoder: leave it as it is and train a head on its vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finetune.dense.base import Matrix, Progress, TrainingRows
from finetune.dense.sentence import LinearHead, SentenceScorer
from finetune.settings import TrainingSettings
from retrieval.threads import all_cores
from retrieval.types import Encoder

_BATCH = 64
_MOST_NEIGHBOURS = 20_000


class FrozenTrainer:
    """Trains heads over the vectors of an encoder, which it computes once."""

    def __init__(self, encoder: Encoder, source: str, settings: TrainingSettings) -> None:
        """`source` is the name or path by which the encoder is loaded again."""
        self._encoder = encoder
        self._source = source
        self._settings = settings
        self._vectors: dict[str, Matrix] = {}

    def train(
        self,
        data: TrainingRows,
        classes: int,
        *,
        intents: int,
        stage: str,
        progress: Progress | None,
    ) -> SentenceScorer:
        """Multinomial logistic regression; classes with few rows count as much as others do."""
        with all_cores():
            vectors = self._encode(data.questions.tolist(), stage, progress)
        weights, bias = fit_head(vectors, data, classes, self._settings)
        inside = vectors[data.classes < intents]
        head = LinearHead(weights, bias, sample_neighbours(inside, self._settings.seed))
        return SentenceScorer(_Remembering(self._encoder, self._vectors), head, self._source)

    def _encode(self, questions: Sequence[str], stage: str, progress: Progress | None) -> Matrix:
        new = [text for text in dict.fromkeys(questions) if text not in self._vectors]
        # Texts of like length share a batch, so that little is padding.
        new.sort(key=len)
        for start in range(0, len(new), _BATCH):
            some = new[start : start + _BATCH]
            self._vectors.update(zip(some, self._encoder.encode(some), strict=True))
            if progress is not None:
                progress(stage, min(1.0, (start + len(some)) / len(new)))
        return np.stack([self._vectors[text] for text in questions])


class _Remembering:
    """An encoder that knows the training questions' vectors, which calibration asks for again."""

    def __init__(self, encoder: Encoder, known: dict[str, Matrix]) -> None:
        self._encoder = encoder
        self._known = known
        self.fingerprint = encoder.fingerprint

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> Matrix:
        new = [text for text in texts if text not in self._known]
        found = dict(zip(new, self._encoder.encode(new), strict=True))
        rows = [self._known[text] if text in self._known else found[text] for text in texts]
        return np.stack(rows) if rows else self._encoder.encode([])


def fit_head(
    vectors: Matrix, data: TrainingRows, classes: int, settings: TrainingSettings
) -> tuple[Matrix, Matrix]:
    """Weights (classes, dimension) and bias (classes,) for vectors of shape (rows, dimension)."""
    from sklearn.linear_model import LogisticRegression

    present = np.unique(data.classes)
    weights = np.zeros((classes, vectors.shape[1]), dtype=np.float32)
    bias = np.full(classes, -20.0, dtype=np.float32)
    model = LogisticRegression(C=settings.head_c, max_iter=settings.head_iterations)
    model.fit(vectors, data.classes, sample_weight=data.balanced_weights())
    if len(present) == 2:
        # Two classes share one separating plane; half of it for each keeps the same odds.
        weights[present[1]], weights[present[0]] = model.coef_[0] / 2, -model.coef_[0] / 2
        bias[present[1]], bias[present[0]] = model.intercept_[0] / 2, -model.intercept_[0] / 2
    else:
        weights[present], bias[present] = model.coef_, model.intercept_
    return weights, bias


def sample_neighbours(vectors: Matrix, seed: int) -> Matrix:
    """At most so many rows as a bundle can carry, chosen at random."""
    if len(vectors) <= _MOST_NEIGHBOURS:
        return vectors
    chosen = np.random.default_rng(seed).choice(len(vectors), _MOST_NEIGHBOURS, replace=False)
    return vectors[np.sort(chosen)]
