"""From the rows of mood.csv to a mood head with the figures of its cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from finetune.metrics import macro_f1
from finetune.mood import MoodHead, choose, cues, mood_words
from finetune.mood_rows import LEAST_OF_EACH, MoodRow, moods_fingerprint
from finetune.types import ANGRY, MOODS
from retrieval.features import Features
from retrieval.language import detect_language
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

ANGRY_PRECISION = 0.9
"""Of ten customers who are taken for angry, nine shall be.

Not more: a wrong guess costs one button too many beside the normal answer, while a missed one
leaves somebody angry alone with a machine.
"""

_INVERSE_REGULARISATION = 3.0
_SEED = 0
_NEVER = 1.1


def train_mood(rows: Sequence[MoodRow], words: Lexicon | None = None) -> MoodHead | None:
    """Cross-validate, choose from when somebody counts as angry, and train on all rows.

    `words` are those for feelings, without which the product's are taken. None without rows.
    """
    if not rows:
        return None
    words = words or mood_words()
    features = Features.fit(Analyser(words), [row.text for row in rows])
    matrix = _matrix(features, [row.text for row in rows])
    moods = np.array([MOODS.index(row.mood) for row in rows])
    held_out = _cross_validate(matrix, moods)
    angry_from = _angry_from(held_out[:, MOODS.index(ANGRY)], rows)
    trained = _fit(matrix, moods)
    metrics = _metrics(rows, choose(held_out, MOODS, angry_from), angry_from)
    return MoodHead(
        MOODS,
        features,
        np.asarray(trained.coef_.T, dtype=np.float32),
        np.asarray(trained.intercept_, dtype=np.float32),
        angry_from,
        moods_fingerprint(rows, words.fingerprint),
        metrics,
    )


def _matrix(features: Features, texts: Sequence[str]) -> csr_matrix:
    """Features and cues of each text, shape (len(texts), len(features) + cues)."""
    from scipy.sparse import csr_matrix, hstack

    found = features.rows(texts)
    shape = (len(found), len(features))
    words = csr_matrix((found.weights, found.ids, found.offsets), shape=shape)
    return hstack([words, csr_matrix(cues(texts))]).tocsr()


def _cross_validate(matrix: csr_matrix, moods: NDArray[np.int64]) -> NDArray[np.floating]:
    """Probabilities of each row by a machine that was not trained on it; the moods in every part.

    The vocabulary is that of all rows: it knows no mood, and reading them once is what takes long.
    """
    from sklearn.model_selection import StratifiedKFold

    found = np.zeros((len(moods), len(MOODS)))
    folds = StratifiedKFold(LEAST_OF_EACH, shuffle=True, random_state=_SEED)
    for trained, asked in folds.split(moods, moods):
        found[asked] = _fit(matrix[trained], moods[trained]).predict_proba(matrix[asked])
    return found


def _fit(matrix: csr_matrix, moods: NDArray[np.int64]) -> LogisticRegression:
    """A multinomial logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=500).fit(matrix, moods)


def _angry_from(angry: NDArray[np.floating], rows: Sequence[MoodRow]) -> float:
    """The lowest probability from which on enough of those taken for angry are."""
    is_angry = np.array([row.mood == ANGRY for row in rows])
    order = np.argsort(-angry, kind="stable")
    precision = np.cumsum(is_angry[order]) / np.arange(1, len(rows) + 1)
    # Rows of one probability fall on the same side of any limit.
    ends = np.append(np.diff(angry[order]) != 0, True)
    good = np.flatnonzero(ends & (precision >= ANGRY_PRECISION))
    return float(angry[order][good[-1]]) if len(good) else _NEVER


def _metrics(rows: Sequence[MoodRow], chosen: Sequence[str], angry_from: float) -> dict[str, Any]:
    expected = [row.mood for row in rows]
    pairs = list(zip(expected, chosen, strict=True))
    hits = sum(e == ANGRY == c for e, c in pairs)
    languages = [detect_language(row.text) for row in rows]
    by_language = {
        language: macro_f1(*zip(*_of(pairs, languages, language), strict=True))
        for language in sorted({each for each in languages if each is not None})
    }
    return {
        "rows": len(rows),
        "macro_f1": macro_f1(expected, chosen),
        "by_language": by_language,
        "angry_from": angry_from,
        "angry_precision": hits / max(1, sum(mood == ANGRY for mood in chosen)),
        "angry_recall": hits / max(1, sum(mood == ANGRY for mood in expected)),
    }


def _of(
    pairs: Sequence[tuple[str, str]], languages: Sequence[str | None], language: str
) -> list[tuple[str, str]]:
    return [pair for pair, each in zip(pairs, languages, strict=True) if each == language]
