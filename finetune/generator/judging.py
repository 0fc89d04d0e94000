"""May an adapter go live? Both models answer the held-out questions; pure once they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from finetune.gate import MARGIN, GateVerdict, Paired, not_worse, together
from finetune.generator.instructions import Checked, Instruction, Teacher
from finetune.generator.similarity import chrf

NEARER = 0.01
"""By so much chrF an answer must differ from the other to count as won or lost."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer, what the check says of it, and how near it is to the approved one (chrF)."""

    answer: str
    checked: Checked
    nearness: float


def judge(answers: Sequence[str], rows: Sequence[Instruction], teacher: Teacher) -> list[Judged]:
    """Judge what a model wrote for each row."""
    return [
        Judged(
            answer,
            teacher.check(answer, row.passages, row.language),
            chrf(teacher.bare(answer), teacher.bare(row.answer)),
        )
        for answer, row in zip(answers, rows, strict=True)
    ]


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares of supported sentences and of replies that pass whole, and the mean chrF."""
    sentences = sum(each.checked.sentences for each in judged)
    supported = sum(each.checked.supported for each in judged)
    return {
        "n": len(judged),
        "sentences": sentences,
        "sentences_supported": supported / sentences if sentences else 0.0,
        "replies_supported": fmean(each.checked.holds for each in judged),
        "chrf": fmean(each.nearness for each in judged),
    }


def adapter_gate(champion: Sequence[Judged], challenger: Sequence[Judged]) -> GateVerdict:
    """An adapter may not be worse in what passes the check nor in nearness, and better in one.

    `champion` is the live adapter's, or the chat model's as it came. The paired tests are those of
    the bundle's gate; an answer that is nearer by less than `NEARER` is neither won nor lost.
    """
    passed = Paired.of(
        [each.checked.holds for each in champion], [each.checked.holds for each in challenger]
    )
    near = _nearness(champion, challenger)
    verdicts = [
        not_worse("replies that pass the check", passed),
        not_worse("nearness to the approved answers (chrF)", near),
        _not_further(summary(champion)["chrf"], summary(challenger)["chrf"]),
    ]
    if not any(each.checked.holds for each in challenger):
        verdicts.append(
            GateVerdict(
                False,
                ("not one of its replies passes the check, so none would be shown",),
                ("没有一条回复通过核对，因此一条也不会展示",),
            )
        )
    if passed.gained <= passed.lost and near.gained <= near.lost:
        verdicts.append(
            GateVerdict(
                False, ("it is in nothing better than what is live",), ("没有任何一项比现有的更好",)
            )
        )
    return together(verdicts)


def _nearness(champion: Sequence[Judged], challenger: Sequence[Judged]) -> Paired:
    gains = [new.nearness - old.nearness for old, new in zip(champion, challenger, strict=True)]
    gained, lost = (sum(sign * gain > NEARER for gain in gains) for sign in (1, -1))
    return Paired(len(gains), gained, lost)


def _not_further(old: float, new: float) -> GateVerdict:
    """Many small gains must not hide a few answers that went wholly astray."""
    found = f"mean chrF {new:.3f}, before {old:.3f}"
    chinese = f"平均 chrF {new:.3f}，此前 {old:.3f}"
    return GateVerdict(new >= old - MARGIN, (found,), (chinese,))
