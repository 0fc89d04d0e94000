"""From labelled questions to a calibrated classifier with its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finetune.calibrate import EXAMPLE, STRANGER, HeldOut, Judged, fit_calibration, judge
from finetune.classifier import IntentClassifier, Scores, head_scores
from finetune.errors import NotEnoughDataError
from finetune.heads_training import Progress, TrainingRows, train_heads
from finetune.settings import TrainingSettings
from finetune.splits import Fold, make_folds
from finetune.thresholds import choose_thresholds
from finetune.types import LabelledQuestion, Thresholds
from finetune.variants import SOURCE_VARIANT
from retrieval.features import Features
from retrieval.ngram import NgramEncoder
from retrieval.text import Analyser
from storage.types import OUT_OF_SCOPE, SOURCE_CORRECTION


@dataclass(frozen=True, slots=True)
class TrainedClassifier:
    """A classifier, the limits for its decisions, and its view of the held-out questions."""

    classifier: IntentClassifier
    thresholds: Thresholds
    held_out: Judged


def train_classifier(
    rows: Sequence[LabelledQuestion],
    analyser: Analyser,
    *,
    wrong_cost: float = 5.0,
    grounded: float = 0.5,
    settings: TrainingSettings | None = None,
    progress: Progress | None = None,
) -> TrainedClassifier:
    """Calibrate on held-out questions, then train on all of them.

    Raises NotEnoughDataError where fewer than two intents have a question.
    """
    settings = settings or TrainingSettings()
    labels = sorted({row.label for row in rows} - {OUT_OF_SCOPE})
    if len(labels) < 2:
        raise NotEnoughDataError(
            f"expected questions of at least two intents to train on, found {len(labels)}; "
            "import history with `kefu import history FILE`"
        )
    has_scope_class = _has_scope_class(rows, settings)
    used = [row for row in rows if has_scope_class or row.label != OUT_OF_SCOPE]
    features = Features.fit(analyser, (row.question for row in used))
    data = _training_rows(used, labels, features)
    # What was made of another row would be known already where that one was trained on.
    found = data.take(np.flatnonzero([row.source != SOURCE_VARIANT for row in used]))
    held_out = [
        _hold_out(found, fold, labels, features, has_scope_class, settings, progress)
        for fold in make_folds(found.classes, len(labels), settings)
    ]
    calibration = fit_calibration(held_out, expected_oos_share=settings.expected_oos_share)
    judged = judge(held_out, calibration, expected_oos_share=settings.expected_oos_share)
    thresholds = choose_thresholds(judged, wrong_cost=wrong_cost, grounded=grounded)
    table, heads = train_heads(
        data,
        features=len(features),
        classes=len(labels) + has_scope_class,
        settings=settings,
        stage="training the intent classifier",
        progress=progress,
    )
    classifier = IntentClassifier(
        labels,
        NgramEncoder(features, table),
        heads,
        calibration,
        has_scope_class=has_scope_class,
    )
    return TrainedClassifier(classifier, thresholds, judged)


def _has_scope_class(rows: Sequence[LabelledQuestion], settings: TrainingSettings) -> bool:
    """Whether out of scope is a class of its own: of many rows, or of what people decided."""
    outside = [row for row in rows if row.label == OUT_OF_SCOPE]
    decided = any(row.source == SOURCE_CORRECTION for row in outside)
    return decided or len(outside) >= settings.least_oos_rows


def _training_rows(
    rows: Sequence[LabelledQuestion], labels: Sequence[str], features: Features
) -> TrainingRows:
    # Out of scope, where it is a class of its own, comes last.
    numbers = {label: number for number, label in enumerate([*labels, OUT_OF_SCOPE])}
    return TrainingRows(
        features.rows([row.question for row in rows]),
        np.array([numbers[row.label] for row in rows], dtype=np.int64),
        np.array([row.weight for row in rows], dtype=np.float32),
    )


def _hold_out(
    data: TrainingRows,
    fold: Fold,
    labels: Sequence[str],
    features: Features,
    has_scope_class: bool,
    settings: TrainingSettings,
    progress: Progress | None,
) -> HeldOut:
    """Train without a fold (and without the intents it leaves out) and score it."""
    kept = [number for number in range(len(labels)) if number not in fold.left_out]
    columns = kept + ([len(labels)] if has_scope_class else [])
    place = np.full(len(labels) + 1, -1, dtype=np.int64)
    place[columns] = np.arange(len(columns))
    train = data.take(fold.train)
    table, heads = train_heads(
        TrainingRows(train.rows, place[train.classes], train.weights),
        features=len(features),
        classes=len(columns),
        settings=settings,
        stage=f"calibrating, part {fold.number} of {fold.count}",
        progress=progress,
    )
    place[sorted(fold.left_out)], place[len(labels)] = STRANGER, EXAMPLE
    expected = place[data.classes[fold.held_out]]
    scores = head_scores(table, heads, data.rows.take(fold.held_out))
    return HeldOut(_known_words(scores, data, fold, features), expected, len(kept))


def _known_words(scores: Scores, data: TrainingRows, fold: Fold, features: Features) -> Scores:
    """The scores with the share of words that this fold's training rows did not hold.

    The vocabulary was fitted on all rows, so by it no held-out word would be unknown.
    """
    seen = np.zeros(len(features), dtype=bool)
    seen[data.rows.take(fold.train).ids] = True
    held = data.rows.take(fold.held_out)
    is_word = features.word_mask
    unknown: NDArray[np.float32] = np.zeros(len(held), dtype=np.float32)
    for row in range(len(held)):
        ids = held.ids[held.offsets[row] : held.offsets[row + 1]]
        words = ids[is_word[ids]]
        unknown[row] = (~seen[words]).mean() if len(words) else 0.0
    return Scores(scores.lexical, scores.dense, unknown)
