"""How good are the replies? The numbers of `kefu evaluate replies` and of the gate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from finetune.errors import SourceError
from finetune.metrics import (
    accuracy,
    auroc,
    expected_calibration_error,
    macro_f1,
    percentile,
    recall_below_percentile,
)
from finetune.sources import read_history
from finetune.types import Prediction, ReplyMetrics, Thresholds
from retrieval.language import detect_language
from retrieval.types import Problem
from storage.normalise import normalise, text_key
from storage.privacy import find_personal_data, mask
from storage.templates import Templates
from storage.types import OUT_OF_SCOPE

TEMPLATE, CLARIFY, NO_ANSWER, HANDOFF = "template", "clarify", "no_answer", "handoff"
BY_INTENT = frozenset({TEMPLATE, "action", "form"})
ANSWERED = BY_INTENT | {"grounded"}


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """A question to evaluate with; without intent and answer it is out of scope."""

    question: str
    intent: str | None
    answer: str | None
    language: str | None
    line: int

    @property
    def out_of_scope(self) -> bool:
        """Whether the bot should not answer this."""
        return self.intent is None and self.answer is None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one question: the classifier's view, the decision, the words, the time.

    `kind` is the decision's public name. `label` is the intent that was answered with, if it is
    not the classifier's best.
    """

    prediction: Prediction
    kind: str
    reply: str = ""
    milliseconds: float = 0.0
    label: str | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    row: ReplyRow
    expected: str
    known: bool
    outcome: Outcome
    chosen: str | None
    wrong: bool
    same_answer: bool | None

    @property
    def answered(self) -> bool:
        """Whether the customer got what the bot took for the answer.

        A person is the answer to who asks for one, and a refusal to everybody else.
        """
        kind = self.outcome.kind
        asked = self.known and self.outcome.label == self.expected
        return kind in ANSWERED or (kind == HANDOFF and asked)


def read_reply_rows(path: Path) -> tuple[list[ReplyRow], list[Problem]]:
    """The questions of an evaluation file, and the rows that cannot be used."""
    found, problems = read_history(path, empty_is_oos=True)
    if not found:
        raise SourceError(f"{path.name}: expected at least one usable question, found none")
    rows = [
        ReplyRow(
            row.question,
            None if row.intent == OUT_OF_SCOPE else row.intent,
            None if row.intent == OUT_OF_SCOPE else row.answer,
            detect_language(row.question),
            row.line,
        )
        for row in found
    ]
    return rows, problems


def expected_labels(
    session: Session,
    rows: Sequence[ReplyRow],
    label_templates: Mapping[str, int | None],
    *,
    contacts: Sequence[str] = (),
) -> list[str | None]:
    """The label that each row asks for, or None where the bundle does not know it.

    An expected answer stands for the template that its text belongs to. It is looked up as it
    reads and as the import would have masked it.
    """
    templates = Templates(session)
    texts = [t for template in templates.all() for ts in template.texts.values() for t in ts]
    keep = sorted({*contacts, *(t[s.start : s.end] for t in texts for s in find_personal_data(t))})
    keys = {
        row.answer: (text_key(row.answer), text_key(mask(row.answer, keep=keep)))
        for row in rows
        if row.answer
    }
    holders = templates.find_by_texts({key for pair in keys.values() for key in pair})
    labels = {template: label for label, template in label_templates.items() if template}

    def label_of(row: ReplyRow) -> str | None:
        if row.intent in label_templates:
            return row.intent
        for key in keys[row.answer] if row.answer else ():
            if key in holders:
                return labels.get(holders[key])
        return None

    return [label_of(row) for row in rows]


def evaluate_replies(
    rows: Sequence[ReplyRow],
    predict: Callable[[str], Outcome],
    *,
    expected: Sequence[str | None],
    progress: Callable[[float], None] | None = None,
) -> ReplyMetrics:
    """Ask `predict` every question and measure what came of it.

    `expected` holds the label of each row, as `expected_labels` finds it.
    """
    judged = []
    for place, (row, label) in enumerate(zip(rows, expected, strict=True), start=1):
        judged.append(_judge(row, label, predict(row.question)))
        if progress is not None:
            progress(place / len(rows))
    return summarise(judged)


def decide_plainly(
    prediction: Prediction, thresholds: Thresholds, *, labels: Collection[str] | None = None
) -> str:
    """What the thresholds alone would do, without search: template, clarify or no_answer.

    `labels` names those that have a template; without it all of them do.
    """
    sure = prediction.in_scope * prediction.confidence
    limit = thresholds.answer_for(prediction.label)
    if sure >= limit and (labels is None or prediction.label in labels):
        return TEMPLATE
    best_two = prediction.in_scope * sum(share for _, share in prediction.ranked[:2])
    if len(prediction.ranked) > 1 and best_two >= thresholds.clarify:
        return CLARIFY
    return NO_ANSWER


def summarise(judged: Sequence[_Judged]) -> ReplyMetrics:
    """All numbers over all rows, and the main ones per language."""
    languages = sorted({j.row.language or "unknown" for j in judged})
    of = {name: [j for j in judged if (j.row.language or "unknown") == name] for name in languages}
    return replace(_measure(judged), by_language={name: _brief(of[name]) for name in languages})


def _brief(judged: Sequence[_Judged]) -> dict[str, Any]:
    values = asdict(_measure(judged))
    dropped = {"by_language", "p50_ms", "p95_ms", "oos_recall_at_5"}
    brief = {key: value for key, value in values.items() if key not in dropped}
    return {**brief, "oos_recall@5": values["oos_recall_at_5"]}


def _measure(judged: Sequence[_Judged]) -> ReplyMetrics:
    inside = [j for j in judged if not j.row.out_of_scope]
    outside = [j for j in judged if j.row.out_of_scope]
    expected, chosen = [j.expected for j in inside], [j.chosen for j in inside]
    with_answer = [j for j in inside if j.same_answer is not None]
    scores = [j.outcome.prediction.in_scope for j in inside]
    oos_scores = [j.outcome.prediction.in_scope for j in outside]
    times = [j.outcome.milliseconds for j in judged]
    return ReplyMetrics(
        n=len(judged),
        oos_n=len(outside),
        unknown_n=sum(not j.known for j in inside),
        by_language={},
        accuracy=accuracy(expected, chosen),
        answer_accuracy=_share(with_answer, lambda j: j.same_answer is True),
        macro_f1=macro_f1(expected, chosen),
        answered=_share(inside, lambda j: j.answered),
        clarified=_share(inside, lambda j: j.outcome.kind == CLARIFY),
        wrong=_share(inside, lambda j: j.wrong),
        refused=_share(inside, _refused),
        oos_recall=_share(outside, _refused),
        oos_auroc=auroc(scores, oos_scores),
        oos_recall_at_5=recall_below_percentile(scores, oos_scores),
        ece=expected_calibration_error(
            [j.outcome.prediction.confidence for j in inside],
            [j.chosen == j.expected for j in inside],
        ),
        p50_ms=percentile(times, 50),
        p95_ms=percentile(times, 95),
    )


def _judge(row: ReplyRow, label: str | None, outcome: Outcome) -> _Judged:
    ranked = outcome.prediction.ranked
    chosen = next((name for name, _ in ranked if name != OUT_OF_SCOPE), None)
    same = None if row.answer is None else _as_given(row.answer, outcome.reply) == _reads(outcome)
    # A label the bundle lacks is still a class of its own, which nothing can hit.
    expected = label if label is not None else f"?{row.intent or text_key(row.answer or '')}"
    wrong = _is_wrong(outcome, chosen, label, row)
    return _Judged(row, expected, label is not None, outcome, chosen, wrong, same)


def _is_wrong(outcome: Outcome, chosen: str | None, label: str | None, row: ReplyRow) -> bool:
    """Whether the customer got an answer to something else.

    An answer by intent is right if the intent is. A quotation is right if it holds the
    expected answer or is part of it; where no answer is known it counts as wrong.
    """
    if outcome.kind not in ANSWERED:
        return False
    if outcome.kind in BY_INTENT:
        return label is None or (outcome.label or chosen) != label
    if row.answer is None:
        return True
    reply, answer = _reads(outcome), _as_given(row.answer, outcome.reply)
    return not reply or not (answer in reply or reply in answer)


def _reads(outcome: Outcome) -> str:
    return normalise(outcome.reply)


def _as_given(answer: str, reply: str) -> str:
    """The expected answer, masked but for what the reply itself says.

    So a contact that the shop keeps compares as it reads, and another number is a difference.
    """
    shown = [reply[span.start : span.end] for span in find_personal_data(reply)]
    return normalise(mask(answer, keep=shown))


def _refused(judged: _Judged) -> bool:
    return not judged.answered and judged.outcome.kind != CLARIFY


def _share(judged: Sequence[_Judged], holds: Callable[[_Judged], bool]) -> float | None:
    return sum(map(holds, judged)) / len(judged) if judged else None
