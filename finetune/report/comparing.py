"""The new bundle beside the live one, question by question."""

from __future__ import annotations

from collections import Counter

from finetune.champion import Comparison
from finetune.gate import Paired, mcnemar_p
from finetune.report.data import Challenge, Change
from finetune.types import Dataset
from storage.privacy import mask
from storage.types import OUT_OF_SCOPE

WON, LOST, BOTH = "won", "lost", "both"
_MOST_OF_A_KIND = 100


def challenge(dataset: Dataset, comparison: Comparison) -> Challenge | None:
    """What changed for which golden question; None for a first bundle."""
    before, asked = comparison.champion_correct, comparison.champion_predictions
    if before is None or asked is None:
        return None
    found: Counter[str] = Counter()
    changes: list[Change] = []
    judged = zip(
        dataset.golden, before, comparison.correct, asked, comparison.predictions, strict=True
    )
    for row, was_right, is_right, old, new in judged:
        kind = _kind(was_right, is_right)
        found[kind] += 1
        if kind and found[kind] <= _MOST_OF_A_KIND:
            # Out of scope the label says nothing: what counts is that nothing was sent.
            outside = row.label == OUT_OF_SCOPE
            changes.append(
                Change(
                    kind,
                    mask(row.question),
                    row.label,
                    OUT_OF_SCOPE if outside and was_right else old.label,
                    OUT_OF_SCOPE if outside and is_right else new.label,
                )
            )
    order = (LOST, WON, BOTH)
    return Challenge(
        n=len(before),
        both_right=found[""],
        won=found[WON],
        lost=found[LOST],
        both_wrong=found[BOTH],
        p=two_sided(Paired(len(before), found[WON], found[LOST])),
        changes=tuple(sorted(changes, key=lambda change: order.index(change.kind))),
    )


def _kind(was_right: bool, is_right: bool) -> str:
    """Empty where both are right: there is nothing to look at."""
    if was_right and is_right:
        return ""
    if not was_right and not is_right:
        return BOTH
    return WON if is_right else LOST


def two_sided(pairs: Paired) -> float:
    """McNemar's exact p: so far apart, either way, if the two were equal."""
    swapped = Paired(pairs.n, pairs.lost, pairs.gained)
    return min(1.0, 2 * min(mcnemar_p(pairs), mcnemar_p(swapped)))
