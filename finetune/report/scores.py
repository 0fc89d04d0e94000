"""Scores per intent and language, and what was confused with what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from finetune.report.data import Confusion, ConfusionMatrix, IntentScore, LanguageScore
from finetune.report.judged import JudgedQuestion, share_right
from finetune.types import LabelledQuestion
from storage.privacy import mask
from storage.types import OUT_OF_SCOPE

MOST_IN_MATRIX = 24
_MOST_CONFUSIONS = 30
_QUESTIONS_EACH = 3

Key = tuple[str, str]


def intent_scores(
    rows: Sequence[LabelledQuestion], questions: Sequence[JudgedQuestion]
) -> tuple[IntentScore, ...]:
    """Precision, recall and F1 per intent and language; the worst first, unmeasured ones last."""
    trained: Counter[Key] = Counter(
        (row.label, row.language) for row in rows if row.label != OUT_OF_SCOPE
    )
    asked = Counter((each.expected, each.language) for each in questions)
    golden = Counter((each.expected, each.language) for each in questions if each.golden)
    right = Counter((each.expected, each.language) for each in questions if each.right)
    named = Counter((each.chosen or "", each.language) for each in questions)
    scores = [
        _score(key, trained[key], asked[key], golden[key], right[key], named[key])
        for key in trained.keys() | asked.keys()
    ]
    return tuple(sorted(scores, key=_worst_first))


def _score(key: Key, rows: int, asked: int, golden: int, right: int, named: int) -> IntentScore:
    return IntentScore(
        intent=key[0],
        language=key[1],
        rows=rows,
        golden=golden,
        held_out=asked - golden,
        precision=right / named if named and asked else None,
        recall=right / asked if asked else None,
        f1=2 * right / (asked + named) if asked else None,
    )


def _worst_first(score: IntentScore) -> tuple[float, int, str, str]:
    f1 = 2.0 if score.f1 is None else score.f1
    return f1, -(score.golden + score.held_out), score.intent, score.language


def language_scores(
    rows: Sequence[LabelledQuestion], questions: Sequence[JudgedQuestion]
) -> tuple[LanguageScore, ...]:
    """One line per language, the one with most rows first."""
    counts = Counter(row.language for row in rows)
    groups: defaultdict[tuple[str, bool], list[JudgedQuestion]] = defaultdict(list)
    for each in questions:
        groups[each.language, each.golden].append(each)
    names = sorted(counts.keys() | {name for name, _ in groups}, key=lambda n: (-counts[n], n))
    return tuple(
        LanguageScore(
            language=name,
            rows=counts[name],
            golden=len(groups[name, True]),
            golden_right=share_right(groups[name, True]),
            held_out=len(groups[name, False]),
            held_out_right=share_right(groups[name, False]),
        )
        for name in names
    )


def confusion_matrix(questions: Iterable[JudgedQuestion]) -> ConfusionMatrix | None:
    """The intents that are confused most often; all of them where there are few."""
    counts = Counter((each.expected, each.chosen or "") for each in questions)
    labels = {label for pair in counts for label in pair if label}
    if not labels:
        return None
    mixed: Counter[str] = Counter()
    for (expected, chosen), count in counts.items():
        if expected != chosen:
            mixed[expected] += count
            mixed[chosen] += count
    worst = sorted(labels, key=lambda label: (-mixed[label], label))[:MOST_IN_MATRIX]
    shown = sorted(worst if len(labels) <= MOST_IN_MATRIX else [x for x in worst if mixed[x]])
    if not shown:
        return None
    totals: Counter[str] = Counter()
    for (expected, _), count in counts.items():
        totals[expected] += count
    rows = []
    for expected in shown:
        row = [counts[expected, chosen] for chosen in shown]
        rows.append((*row, totals[expected] - sum(row)))
    return ConfusionMatrix(tuple(shown), tuple(rows), len(labels))


def worst_confusions(questions: Iterable[JudgedQuestion]) -> tuple[Confusion, ...]:
    """The pairs that are confused most often, with some of their questions, golden ones first."""
    found: defaultdict[Key, list[JudgedQuestion]] = defaultdict(list)
    for each in questions:
        if not each.right and each.chosen is not None:
            found[each.expected, each.chosen].append(each)
    order = sorted(found, key=lambda pair: (-len(found[pair]), pair))[:_MOST_CONFUSIONS]
    return tuple(
        Confusion(
            expected,
            chosen,
            len(found[expected, chosen]),
            tuple(
                mask(each.question)
                for each in sorted(found[expected, chosen], key=lambda e: not e.golden)
            )[:_QUESTIONS_EACH],
        )
        for expected, chosen in order
    )
