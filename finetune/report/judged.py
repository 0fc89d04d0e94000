"""Every question that was judged, golden and held out, in one shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finetune.champion import Comparison
from finetune.train import TrainedClassifier
from finetune.types import Dataset
from storage.types import OUT_OF_SCOPE


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question in scope, its label, and the label that was thought best."""

    question: str
    language: str
    expected: str
    chosen: str | None
    golden: bool

    @property
    def right(self) -> bool:
        """Whether the best label is the expected one."""
        return self.chosen == self.expected


def golden_questions(dataset: Dataset, comparison: Comparison) -> list[JudgedQuestion]:
    """The golden questions in scope, as the new model sees them."""
    return [
        JudgedQuestion(row.question, row.language, row.label, prediction.label, golden=True)
        for row, prediction in zip(dataset.golden, comparison.predictions, strict=True)
        if row.label != OUT_OF_SCOPE
    ]


def held_out_questions(trained: TrainedClassifier) -> list[JudgedQuestion]:
    """The held-out questions in scope, each judged by a model that had not seen it."""
    judged = trained.held_out
    return [
        JudgedQuestion(row.question, row.language, row.label, str(chosen), golden=False)
        for row, chosen, inside in zip(trained.held_rows, judged.chosen, judged.inside, strict=True)
        if inside
    ]


def share_right(questions: Sequence[JudgedQuestion]) -> float | None:
    """The share whose best label is the expected one; None without questions."""
    return sum(each.right for each in questions) / len(questions) if questions else None
