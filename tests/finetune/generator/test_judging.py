"""The gate of adapters, on made-up answers."""

from __future__ import annotations

import pytest

from finetune.generator.instructions import Checked
from finetune.generator.judging import Judged, adapter_gate, summary


def judged(*answers):
    """(supported, of sentences, chrF) per held-out question."""
    return [Judged("", Checked(n, supported), near) for supported, n, near in answers]


def test_better_in_both_passes():
    verdict = adapter_gate(judged(*[(0, 1, 0.2)] * 10), judged(*[(1, 1, 0.8)] * 10))
    assert verdict.passed
    assert any("10 won and 0 lost" in reason for reason in verdict.reasons)
    assert len(verdict.chinese) == len(verdict.reasons)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([(1, 1, 0.2)] * 10, [(1, 1, 0.8)] * 9 + [(0, 1, 0.8)], "pass the check: 10, 0 won"),
        ([(1, 1, 0.8)] * 10, [(1, 1, 0.8)] * 9 + [(1, 1, 0.1)], "nearness"),
        ([(1, 1, 0.5)] * 10, [(1, 1, 0.52)] * 9 + [(1, 1, 0.1)], "mean chrF"),
        ([(1, 1, 0.5)] * 10, [(1, 1, 0.5)] * 10, "in nothing better"),
        ([(0, 1, 0.1)] * 10, [(0, 1, 0.9)] * 10, "none would be shown"),
        ([(0, 1, 0.1)] * 10, [(0, 0, 0.0)] * 10, "none would be shown"),
    ],
)
def test_what_is_refused_and_why(before, after, why):
    verdict = adapter_gate(judged(*before), judged(*after))
    assert not verdict.passed
    assert any(why in reason for reason in verdict.reasons), verdict.reasons


def test_the_figures():
    found = summary(judged((1, 2, 0.5), (1, 1, 1.0)))
    assert found["n"] == 2
    assert found["sentences_supported"] == pytest.approx(2 / 3)
    assert found["replies_supported"] == 0.5
    assert found["chrf"] == 0.75
