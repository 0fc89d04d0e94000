"""What crosses the borders of the training room."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

ANGRY = "angry"
NEGATIVE = (ANGRY, "unhappy")
MOODS = (*NEGATIVE, "neutral", "happy")
"""How a customer can feel; a mood head knows all four."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the classifier thinks of one question.

    `ranked` holds (label, probability) pairs, best first; the probabilities are calibrated and
    assume that the question is in scope. `in_scope` is a score from 0 to 1 for that assumption.
    """

    ranked: tuple[tuple[str, float], ...]
    in_scope: float

    @property
    def label(self) -> str | None:
        """The best label, or None when there is none."""
        return self.ranked[0][0] if self.ranked else None

    @property
    def confidence(self) -> float:
        """P(the best label is right), given that the question is in scope."""
        return self.ranked[0][1] if self.ranked else 0.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Decision limits, fitted on held-out data for a stated cost of a wrong reply.

    A template is sent when P(right) reaches `answer`, or the limit that its intent has of its own
    in `by_intent`; two intents are offered when the best two together reach `clarify`; a passage is
    quoted when its P(relevant) reaches `grounded`.
    """

    answer: float
    clarify: float
    grounded: float
    wrong_cost: float = 5.0
    by_intent: dict[str, float] = field(default_factory=dict)

    def answer_for(self, label: str | None) -> float:
        """The limit for sending the template of this intent."""
        return self.answer if label is None else self.by_intent.get(label, self.answer)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """One row to train or measure with; label `oos` is out of scope."""

    question: str
    label: str
    language: str
    weight: float = 1.0
    source: str = "history"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A question that was given several labels: (label, times) pairs, and the one that stayed."""

    question: str
    labels: tuple[tuple[str, int], ...]
    kept: str


@dataclass(frozen=True, slots=True)
class Leak:
    """A row that was left out because it nearly equals a golden question of this label."""

    question: str
    golden: str
    label: str


@dataclass(frozen=True, slots=True)
class DataChecks:
    """What was done to the examples so that no split knows another.

    `examples` carry a label; `repeated` of them were folded into a row of the same question,
    `equal_to_golden` and the `leaks` were left out; `displaced` sampled golden questions gave way
    to a correction.
    """

    examples: int = 0
    repeated: int = 0
    equal_to_golden: int = 0
    displaced: int = 0
    leaks: tuple[Leak, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training rows, frozen golden rows, and the fingerprint of the data they came from.

    `searches` holds questions with the text of the document that answers each.
    """

    rows: tuple[LabelledQuestion, ...]
    golden: tuple[LabelledQuestion, ...]
    corrections: tuple[LabelledQuestion, ...]
    label_templates: dict[str, int | None]
    protected: frozenset[str]
    fingerprint: str
    searches: tuple[tuple[str, str], ...] = ()
    checks: DataChecks = DataChecks()


@dataclass(frozen=True, slots=True)
class ReplyMetrics:
    """The numbers of `kefu evaluate replies`; DESIGN section 6 defines each."""

    n: int
    oos_n: int
    unknown_n: int
    by_language: dict[str, Any]
    accuracy: float | None
    answer_accuracy: float | None
    macro_f1: float | None
    answered: float | None
    clarified: float | None
    wrong: float | None
    refused: float | None
    oos_recall: float | None
    oos_auroc: float | None
    oos_recall_at_5: float | None
    ece: float | None
    p50_ms: float | None
    p95_ms: float | None

    def as_dict(self) -> dict[str, Any]:
        """JSON shape, with `oos_recall@5` under its public name."""
        values = asdict(self)
        values["oos_recall@5"] = values.pop("oos_recall_at_5")
        return values


@dataclass(frozen=True, slots=True)
class RetrainOutcome:
    """What `kefu retrain` did: `outcome` is promoted, unchanged or refused."""

    outcome: str
    bundle: str | None
    report: str | None
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    metrics: dict[str, Any] = field(default_factory=dict)
