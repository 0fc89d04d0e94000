"""What a report says, as plain values: `report.json` is these, and the page is a view of them.

All shares are from 0 to 1; None where there was nothing to measure on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's decision with its reasons per language."""

    passed: bool
    reasons: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The figures at the top.

    `answered`, `right_of_answered` and `oos_refused` are of held-out questions, weighted as live
    traffic, at the chosen limit; `ece` is of those in scope.
    """

    golden: int
    golden_right: float | None
    held_out: int
    held_out_right: float | None
    answered: float | None
    right_of_answered: float | None
    oos_refused: float | None
    ece: float | None
    majority: float
    search_recall: float | None
    rows: int
    intents: int


@dataclass(frozen=True, slots=True)
class IntentScore:
    """One intent in one language, over golden and held-out questions together."""

    intent: str
    language: str
    rows: int
    golden: int
    held_out: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class LanguageScore:
    """One language as a whole."""

    language: str
    rows: int
    golden: int
    golden_right: float | None
    held_out: int
    held_out_right: float | None


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Counts of shape (labels, labels + 1); the last column is every intent that is not shown."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    of: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Questions of one intent that were taken for another."""

    expected: str
    chosen: str
    count: int
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many held-out questions have a P(right) in each of equal bins from 0 to 1."""

    inside: tuple[int, ...]
    outside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Questions whose confidence is in (low, high]: its mean, and the share that is right."""

    low: float
    high: float
    n: int
    confidence: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """(share answered, share of these right) from the surest question on, and the chosen limit."""

    points: tuple[tuple[float, float], ...]
    limit: float
    answered: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accuracy on held-out rows of a model trained on a share of the others."""

    share: float
    rows: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Change:
    """A golden question that at least one of two bundles got wrong; `kind`: won, lost, both."""

    kind: str
    question: str
    expected: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Challenge:
    """Both bundles on the golden questions; `p` is McNemar's, exact and two-sided."""

    n: int
    both_right: int
    won: int
    lost: int
    both_wrong: int
    p: float
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class DoubtfulLabel:
    """A row that probably carries the wrong label."""

    question: str
    given: str
    suggested: str
    probability: float


@dataclass(frozen=True, slots=True)
class FewRows:
    """An intent with few training rows; without a template its questions are left to search."""

    intent: str
    rows: int
    has_template: bool
    recall: float | None


@dataclass(frozen=True, slots=True)
class NearGolden:
    """A row that was left out, and the golden question that it nearly equals."""

    question: str
    golden: str
    intent: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A question with several labels, how often each was given, and the one that was kept."""

    question: str
    labels: tuple[tuple[str, int], ...]
    kept: str


@dataclass(frozen=True, slots=True)
class DataSummary:
    """What the dataset consists of, and what was left out of it.

    The lists of questions are cut at a length that a person reads; the counts are whole.
    """

    rows: int
    golden: int
    corrections: int
    out_of_scope: int
    sources: dict[str, int]
    languages: dict[str, int]
    repeated: int
    equal_to_golden: int
    near_golden: int
    displaced: int
    contradictory: int
    leaks: tuple[NearGolden, ...]
    contradictions: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that the page shows.

    `curve` and `doubtful` are None where they were not looked for; `doubtful_total` counts those
    beyond the list too. `left_to_search` are the intents that have no template to be sent.
    """

    bundle: str
    language: str
    made: str
    verdict: Verdict
    numbers: Numbers
    limits: dict[str, float]
    intents: tuple[IntentScore, ...]
    languages: tuple[LanguageScore, ...]
    matrix: ConfusionMatrix | None
    confusions: tuple[Confusion, ...]
    histogram: Histogram
    reliability: tuple[ReliabilityBin, ...]
    coverage: Coverage
    curve: tuple[CurvePoint, ...] | None
    challenge: Challenge | None
    doubtful: tuple[DoubtfulLabel, ...] | None
    doubtful_total: int
    few_rows: tuple[FewRows, ...]
    left_to_search: tuple[str, ...]
    data: DataSummary
    settings: dict[str, Any]
