"""May a new bundle go live? Pure decisions with their reasons in plain words.

The paired comparison is the score test of Tango (1998), "Equivalence test and confidence interval
for the difference in proportions for the paired-sample design", Statistics in Medicine 17,
891-908; the test of a single intent is McNemar's, one-sided and exact.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

MARGIN = 0.01
LEVEL = 0.95
_CHINESE = {
    "golden questions": "黄金问题",
    "search questions (recall@3)": "检索问题（前三命中）",
    "replies that pass the check": "通过核对的回复",
    "nearness to the approved answers (chrF)": "与已认可回答的接近程度（chrF）",
}


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether a bundle may go live, and why or why not, in English and in Chinese."""

    passed: bool
    reasons: tuple[str, ...]
    chinese: tuple[str, ...] = ()

    def told_in(self, language: str) -> tuple[str, ...]:
        """The reasons in this language; in English where there is no other wording."""
        return self.chinese if language == "zh" and self.chinese else self.reasons


@dataclass(frozen=True, slots=True)
class Paired:
    """How two models did on the same questions: `gained` and `lost` count where they differ."""

    n: int
    gained: int
    lost: int

    @classmethod
    def of(cls, champion: Sequence[bool], challenger: Sequence[bool]) -> Paired:
        """Count the questions that only one of the two got right."""
        pairs = list(zip(champion, challenger, strict=True))
        gained = sum(1 for old, new in pairs if new and not old)
        lost = sum(1 for old, new in pairs if old and not new)
        return cls(len(pairs), gained, lost)

    @property
    def difference(self) -> float:
        """Share right of the challenger minus that of the champion."""
        return (self.gained - self.lost) / self.n if self.n else 0.0


def first_gate(accuracy: float | None, majority: float) -> GateVerdict:
    """The first bundle has to beat the answer that always names the commonest intent."""
    if accuracy is None:
        return GateVerdict(
            False,
            ("there are no golden questions to measure the first model on",),
            ("没有黄金问题，无法衡量第一个模型",),
        )
    found = (
        f"{accuracy:.1%} of the golden questions right, the commonest intent alone {majority:.1%}"
    )
    chinese = f"黄金问题答对 {accuracy:.1%}，只猜最常见意图可答对 {majority:.1%}"
    if accuracy > majority:
        return GateVerdict(True, (found,), (chinese,))
    return GateVerdict(
        False,
        (f"not better than always naming one intent: {found}",),
        (f"并不比永远猜同一个意图更好：{chinese}",),
    )


def paired_gate(
    champion_correct: Sequence[bool],
    challenger_correct: Sequence[bool],
    *,
    labels: Sequence[str] = (),
    protected: Collection[str] = (),
    search: tuple[Sequence[bool], Sequence[bool]] | None = None,
    corrections: Mapping[str, bool] | None = None,
    best: float | None = None,
    margin: float = MARGIN,
) -> GateVerdict:
    """Compare a challenger with the live bundle, question by question.

    `labels` names the intent of each golden question, for the protected ones. `search` holds
    whether each search question had its passage among the first three, for both. `corrections`
    says of each accepted correction (its question) whether the challenger has it right. `best` is
    the highest share right that a promoted bundle had on these golden questions.
    """
    verdicts = [
        not_worse("golden questions", Paired.of(champion_correct, challenger_correct), margin)
    ]
    if search is not None:
        verdicts.append(not_worse("search questions (recall@3)", Paired.of(*search), margin))
    for label in sorted(set(protected) & set(labels)):
        rows = [i for i, name in enumerate(labels) if name == label]
        old, new = [champion_correct[i] for i in rows], [challenger_correct[i] for i in rows]
        verdicts.append(keeps_protected(label, Paired.of(old, new)))
    if challenger_correct:
        right = sum(challenger_correct) / len(challenger_correct)
        verdicts.append(not_slid(right, best, margin))
    verdicts.append(_keeps_corrections(corrections or {}))
    return together(verdicts)


def not_worse(what: str, pairs: Paired, margin: float = MARGIN) -> GateVerdict:
    """Non-inferiority at the 95% level; where it cannot be settled, chance is no reason to refuse.

    With a few hundred questions no test can show a margin of one point, not even for two equal
    models, and half of those lose a question or two net. So an unsettled loss passes if it is
    within the margin and no more than chance explains (exact McNemar, one-sided, 5%);
    `not_slid` sees to it that such losses do not add up.
    """
    found = f"{what}: {pairs.n}, {pairs.gained} won and {pairs.lost} lost"
    chinese = (
        f"{_CHINESE.get(what, what)}共 {pairs.n} 题，新对 {pairs.gained} 题，新错 {pairs.lost} 题"
    )
    if score_statistic(pairs, -margin) >= NormalDist().inv_cdf(LEVEL):
        return GateVerdict(
            True,
            (f"{found}; not worse by {margin:.0%} or more (95%)",),
            (f"{chinese}；有 95% 把握没有变差 {margin:.0%} 以上",),
        )
    if pairs.gained >= pairs.lost:
        return GateVerdict(
            True,
            (f"{found}; too few to prove more, and no fewer are right",),
            (f"{chinese}；题数太少，无法证明更多，但答对的没有减少",),
        )
    if pairs.difference >= -margin and mcnemar_p(pairs) > 1 - LEVEL:
        return GateVerdict(
            True,
            (f"{found}; within {margin:.0%}, and no more than chance",),
            (f"{chinese}；在 {margin:.0%} 以内，没有超出偶然",),
        )
    return GateVerdict(
        False,
        (f"{found}; this does not rule out being worse by {margin:.0%} (95%)",),
        (f"{chinese}；不能以 95% 的把握排除变差 {margin:.0%}",),
    )


def not_slid(accuracy: float, best: float | None, margin: float = MARGIN) -> GateVerdict:
    """Small losses must not add up: no more than the margin below the best bundle so far.

    `best` is the highest share of these golden questions that a promoted bundle had right.
    """
    if best is None or accuracy >= best - margin:
        return GateVerdict(True, ())
    return GateVerdict(
        False,
        (
            f"{accuracy:.1%} of the golden questions right, more than {margin:.0%} below the "
            f"{best:.1%} of the best bundle so far",
        ),
        (f"黄金问题答对 {accuracy:.1%}，比历来最好的 {best:.1%} 低了 {margin:.0%} 以上",),
    )


def keeps_protected(label: str, pairs: Paired) -> GateVerdict:
    """A protected intent may lose no more than chance explains (exact McNemar, one-sided, 5%).

    Under five questions that test can never refuse, so there any net loss does.
    """
    found = f"protected intent {label}: {pairs.gained} won and {pairs.lost} lost of {pairs.n}"
    chinese = f"受保护的意图 {label}：{pairs.n} 题中新对 {pairs.gained} 题，新错 {pairs.lost} 题"
    too_few = pairs.n < 5
    worse = pairs.lost > pairs.gained if too_few else mcnemar_p(pairs) <= 1 - LEVEL
    return GateVerdict(not worse, (found,), (chinese,))


def score_statistic(pairs: Paired, difference: float) -> float:
    """Tango's statistic for the hypothesis that the true difference of shares is `difference`."""
    n, b, c = pairs.n, pairs.gained, pairs.lost
    if not n:
        return 0.0
    a2 = 2 * n
    a1 = -b - c + (2 * n - b + c) * difference
    a0 = -c * difference * (1 - difference)
    share = (math.sqrt(max(a1 * a1 - 4 * a2 * a0, 0.0)) - a1) / (2 * a2)
    variance = n * (2 * share + difference * (1 - difference))
    shift = b - c - n * difference
    if variance <= 0:
        return math.copysign(math.inf, shift) if shift else 0.0
    return shift / math.sqrt(variance)


def mcnemar_p(pairs: Paired) -> float:
    """P(at least this many losses among the questions where the two differ), if both are equal."""
    differing = pairs.gained + pairs.lost
    ways = sum(math.comb(differing, k) for k in range(pairs.lost, differing + 1))
    return float(ways / 2**differing)


def _keeps_corrections(corrections: Mapping[str, bool]) -> GateVerdict:
    wrong = [question for question, right in corrections.items() if not right]
    if not wrong:
        return GateVerdict(True, ())
    more = "; …" if len(wrong) > 3 else ""
    shown = "; ".join(wrong[:3]) + more
    return GateVerdict(
        False,
        (f"{len(wrong)} of {len(corrections)} accepted corrections are wrong: {shown}",),
        (f"{len(corrections)} 条已采纳的更正中有 {len(wrong)} 条仍然答错：{shown}",),
    )


def together(verdicts: Sequence[GateVerdict]) -> GateVerdict:
    """Passes if all do; a refusal gives the reasons of what refused only."""
    passed = all(v.passed for v in verdicts)
    told = [v for v in verdicts if v.passed == passed]
    return GateVerdict(
        passed,
        tuple(reason for v in told for reason in v.reasons),
        tuple(reason for v in told for reason in v.told_in("zh")),
    )
