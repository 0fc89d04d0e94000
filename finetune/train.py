"""From labelled questions to a calibrated classifier with its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finetune.calibrate import EXAMPLE, STRANGER, HeldOut, Judged, fit_calibration, judge
from finetune.classifier import IntentClassifier, Scores, score
from finetune.dense.base import DenseScorer, DenseTrainer, Progress, TrainingRows
from finetune.dense.ngram_training import NgramTrainer
from finetune.errors import NotEnoughDataError
from finetune.label_names import SOURCE_NAME, name_rows
from finetune.lexical import LexicalScorer, train_lexical
from finetune.settings import TrainingSettings
from finetune.splits import Fold, make_folds
from finetune.thresholds import choose_thresholds
from finetune.types import LabelledQuestion, Thresholds
from finetune.variants import SOURCE_VARIANT
from retrieval.features import Features
from retrieval.text import Analyser
from storage.types import OUT_OF_SCOPE, SOURCE_CORRECTION

_MADE = frozenset({SOURCE_VARIANT, SOURCE_NAME})


@dataclass(frozen=True, slots=True)
class TrainedClassifier:
    """A classifier, the limits for its decisions, and its view of the held-out questions.

    `held_rows` are those questions, in the order of `held_out`. `int8_loss` is the accuracy that
    8-bit integers cost, where they are used.
    """

    classifier: IntentClassifier
    thresholds: Thresholds
    held_out: Judged
    held_rows: tuple[LabelledQuestion, ...] = ()
    int8_loss: float | None = None


def train_classifier(
    rows: Sequence[LabelledQuestion],
    analyser: Analyser,
    *,
    wrong_cost: float = 5.0,
    grounded: float = 0.5,
    settings: TrainingSettings | None = None,
    trainer: DenseTrainer | None = None,
    progress: Progress | None = None,
) -> TrainedClassifier:
    """Calibrate on held-out questions, then train on all of them.

    `trainer` trains the dense scorer; without one it is the embedded network's.
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
    used += name_rows(labels)
    features = Features.fit(analyser, (row.question for row in used))
    data = _training_rows(used, labels, features)
    # What was made of another row would be known already where that one was trained on.
    asked = np.flatnonzero([row.source not in _MADE for row in used])
    found = data.take(asked)
    folds = make_folds(found.classes, len(labels), settings)
    work = _Training(
        found, labels, features, has_scope_class, settings,
        trainer or NgramTrainer(len(features), settings), progress,
    )  # fmt: skip
    held_out = [work.hold_out(fold) for fold in folds]
    calibration = fit_calibration(held_out, expected_oos_share=settings.expected_oos_share)
    judged = judge(held_out, calibration, expected_oos_share=settings.expected_oos_share)
    thresholds = choose_thresholds(judged, labels, wrong_cost=wrong_cost, grounded=grounded)
    lexical, dense = work.train(data, len(labels), stage="training the intent classifier")
    classifier = IntentClassifier(
        labels, features, lexical, dense, calibration, has_scope_class=has_scope_class
    )
    held_rows = tuple(used[asked[number]] for fold in folds for number in fold.held_out)
    return TrainedClassifier(classifier, thresholds, judged, held_rows)


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
    questions = [row.question for row in rows]
    return TrainingRows(
        np.array(questions, dtype=object),
        features.rows(questions),
        np.array([numbers[row.label] for row in rows], dtype=np.int64),
        np.array([row.weight for row in rows], dtype=np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Training:
    """One training: its rows, and how both scorers learn from some of them."""

    data: TrainingRows
    labels: Sequence[str]
    features: Features
    has_scope_class: bool
    settings: TrainingSettings
    trainer: DenseTrainer
    progress: Progress | None

    def train(
        self, data: TrainingRows, intents: int, *, stage: str
    ) -> tuple[LexicalScorer | None, DenseScorer]:
        """Both scorers for the first `intents` classes, and for 'out of scope' if it is one."""
        classes = intents + self.has_scope_class
        dense = self.trainer.train(
            data, classes, intents=intents, stage=stage, progress=self.progress
        )
        return train_lexical(data, len(self.features), classes, self.settings), dense

    def hold_out(self, fold: Fold) -> HeldOut:
        """Train without a fold (and without the intents it leaves out) and score it."""
        kept = [number for number in range(len(self.labels)) if number not in fold.left_out]
        columns = kept + ([len(self.labels)] if self.has_scope_class else [])
        place = np.full(len(self.labels) + 1, -1, dtype=np.int64)
        place[columns] = np.arange(len(columns))
        train, held = self.data.take(fold.train), self.data.take(fold.held_out)
        lexical, dense = self.train(
            replace(train, classes=place[train.classes]),
            len(kept),
            stage=f"calibrating, part {fold.number} of {fold.count}",
        )
        place[sorted(fold.left_out)], place[len(self.labels)] = STRANGER, EXAMPLE
        scores = score(lexical, dense, held.questions.tolist(), held.rows)
        known = _known_words(scores, self.data, fold, self.features)
        names = tuple(self.labels[number] for number in kept)
        return HeldOut(known, place[held.classes], len(kept), names)


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
    return replace(scores, unknown=unknown)
