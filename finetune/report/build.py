"""Builds what a report says out of what a training found; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from finetune.champion import Comparison
from finetune.metrics import expected_calibration_error
from finetune.report import confidence
from finetune.report.comparing import challenge
from finetune.report.data import CurvePoint, Numbers, ReportData, Verdict
from finetune.report.judged import golden_questions, held_out_questions, share_right
from finetune.report.scores import (
    confusion_matrix,
    intent_scores,
    language_scores,
    worst_confusions,
)
from finetune.report.summary import Doubtful, data_summary, few_rows
from finetune.train import TrainedClassifier
from finetune.types import Dataset

LANGUAGES = ("zh", "en")


def build_report(
    bundle: str,
    dataset: Dataset,
    trained: TrainedClassifier,
    comparison: Comparison,
    doubtful: Doubtful,
    *,
    language: str = "en",
    curve: Sequence[CurvePoint] | None = None,
    settings: dict[str, Any] | None = None,
    made: datetime | None = None,
) -> ReportData:
    """Everything the page shows; `language` is the one that it opens in."""
    judged, limits = trained.held_out, trained.thresholds
    questions = golden_questions(dataset, comparison) + held_out_questions(trained)
    reasons = {name: comparison.verdict.told_in(name) for name in LANGUAGES}
    without = sorted(label for label, found in dataset.label_templates.items() if found is None)
    return ReportData(
        bundle=bundle,
        language=language if language in LANGUAGES else "en",
        made=(made or datetime.now(UTC)).isoformat(timespec="seconds"),
        verdict=Verdict(comparison.verdict.passed, reasons),
        numbers=_numbers(dataset, trained, comparison),
        limits=limits.as_dict(),
        intents=intent_scores(dataset.rows, questions),
        languages=language_scores(dataset.rows, questions),
        matrix=confusion_matrix(questions),
        confusions=worst_confusions(questions),
        histogram=confidence.histogram(judged),
        reliability=confidence.reliability(judged),
        coverage=confidence.coverage(judged, limits.answer),
        curve=None if curve is None else tuple(curve),
        challenge=challenge(dataset, comparison),
        doubtful=doubtful[0],
        doubtful_total=doubtful[1],
        few_rows=few_rows(dataset, questions),
        left_to_search=tuple(without),
        data=data_summary(dataset),
        settings=settings or {},
    )


def _numbers(dataset: Dataset, trained: TrainedClassifier, comparison: Comparison) -> Numbers:
    judged, limit = trained.held_out, trained.thresholds.answer
    held_out = held_out_questions(trained)
    covered = confidence.coverage(judged, limit)
    inside = judged.inside
    return Numbers(
        golden=len(dataset.golden),
        golden_right=comparison.accuracy,
        held_out=len(held_out),
        held_out_right=share_right(held_out),
        answered=covered.answered,
        right_of_answered=covered.right,
        oos_refused=confidence.oos_refused(judged, limit),
        ece=expected_calibration_error(
            judged.confidence[inside].tolist(), judged.right[inside].tolist()
        ),
        majority=comparison.majority,
        search_recall=comparison.search_recall,
        rows=len(dataset.rows),
        intents=len(trained.classifier.labels),
    )
