"""What the dataset consists of, and what may be wrong with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from finetune.label_errors import find_label_errors
from finetune.report.data import DataSummary, Disagreement, DoubtfulLabel, FewRows, NearGolden
from finetune.report.judged import JudgedQuestion, share_right
from finetune.types import Dataset, LabelledQuestion
from retrieval.text import Analyser
from storage.privacy import mask
from storage.types import OUT_OF_SCOPE

FEW = 8
"""With fewer questions an intent is mostly guessed at. It is trained all the same: measured on
BANKING77 (`benchmarks/few_rows.py`), leaving it out costs more even at a single question."""

_MOST_LISTED = 50
_MOST_TO_JUDGE = 1_000_000
"""Rows times intents up to which label errors are looked for: that takes seconds."""


def data_summary(dataset: Dataset) -> DataSummary:
    """Sources, languages, and the rows that were left out."""
    checks = dataset.checks
    return DataSummary(
        rows=len(dataset.rows),
        golden=len(dataset.golden),
        corrections=len(dataset.corrections),
        out_of_scope=sum(row.label == OUT_OF_SCOPE for row in dataset.rows),
        sources=dict(Counter(row.source for row in dataset.rows).most_common()),
        languages=dict(Counter(row.language for row in dataset.rows).most_common()),
        repeated=checks.repeated,
        equal_to_golden=checks.equal_to_golden,
        near_golden=len(checks.leaks),
        displaced=checks.displaced,
        contradictory=len(checks.contradictions),
        leaks=tuple(
            NearGolden(mask(leak.question), mask(leak.golden), leak.label)
            for leak in checks.leaks[:_MOST_LISTED]
        ),
        contradictions=tuple(
            Disagreement(mask(each.question), each.labels, each.kept)
            for each in checks.contradictions[:_MOST_LISTED]
        ),
    )


Doubtful = tuple[tuple[DoubtfulLabel, ...] | None, int]
"""The likeliest label errors and how many there are; None where nobody looked."""


def doubtful_labels(rows: Sequence[LabelledQuestion], analyser: Analyser) -> Doubtful:
    """The likeliest label errors and how many there are; None where the rows are too many."""
    intents = len({row.label for row in rows})
    if len(rows) * intents > _MOST_TO_JUDGE:
        return None, 0
    found = find_label_errors(rows, analyser)
    shown = tuple(
        DoubtfulLabel(
            mask(rows[error.row].question), error.given, error.suggested, error.probability
        )
        for error in found[:_MOST_LISTED]
    )
    return shown, len(found)


def few_rows(dataset: Dataset, questions: Sequence[JudgedQuestion]) -> tuple[FewRows, ...]:
    """The intents with fewer than FEW rows, the fewest first."""
    counts = Counter(row.label for row in dataset.rows if row.label != OUT_OF_SCOPE)
    asked: defaultdict[str, list[JudgedQuestion]] = defaultdict(list)
    for each in questions:
        asked[each.expected].append(each)
    few = sorted((count, label) for label, count in counts.items() if count < FEW)
    return tuple(
        FewRows(
            label,
            count,
            dataset.label_templates.get(label) is not None,
            share_right(asked[label]),
        )
        for count, label in few
    )
