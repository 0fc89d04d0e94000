from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from finetune.gate import Paired, first_gate, keeps_protected, mcnemar_p, not_worse, paired_gate
from finetune.gate import score_statistic as statistic


def answers(right, wrong):
    return [True] * right + [False] * wrong


def test_first_bundle_has_to_beat_the_majority():
    assert first_gate(0.6, 0.2).passed
    assert not first_gate(0.2, 0.2).passed
    refused = first_gate(None, 0.2)
    assert not refused.passed
    assert "no golden questions" in refused.reasons[0]


def test_statistic_is_zero_at_the_observed_difference_and_falls_with_the_hypothesis():
    pairs = Paired(200, gained=20, lost=10)
    assert statistic(pairs, pairs.difference) == pytest.approx(0.0)
    values = [statistic(pairs, d) for d in (-0.1, -0.05, 0.0, 0.05, 0.1)]
    assert values == sorted(values, reverse=True)


def test_statistic_at_no_difference_is_mcnemars():
    pairs = Paired(500, gained=30, lost=12)
    assert statistic(pairs, 0.0) == pytest.approx((30 - 12) / (30 + 12) ** 0.5)


def test_statistic_of_a_published_example():
    # Tango (1998), the cross-over trial of soft contact lenses: 43 of 44 eyes agree, one differs.
    assert statistic(Paired(44, gained=0, lost=1), -0.1) == pytest.approx(1.709, abs=0.005)


def test_a_large_sample_that_is_no_worse_passes_and_says_so():
    verdict = not_worse("golden questions", Paired(3000, gained=20, lost=22))
    assert verdict.passed
    assert "not worse" in verdict.reasons[0]


def test_a_net_loss_that_is_not_ruled_out_is_refused_with_the_numbers():
    verdict = paired_gate(answers(90, 10), answers(80, 20))
    assert not verdict.passed
    assert verdict.reasons == (
        "golden questions: 100, 0 won and 10 lost; this does not rule out being worse by 1% (95%)",
    )


def test_equal_models_pass_however_few_the_questions():
    for n in (0, 1, 5, 60):
        assert paired_gate([True] * n, [True] * n).passed


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300))
def test_more_right_answers_never_turn_a_pass_into_a_refusal(pairs):
    old, new = [a for a, _ in pairs], [b for _, b in pairs]
    if not_worse("q", Paired.of(old, new)).passed:
        better = [True] * len(new)
        assert not_worse("q", Paired.of(old, better)).passed


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_tail(gained, lost):
    expected = binomtest(lost, gained + lost, alternative="greater").pvalue if gained + lost else 1
    assert mcnemar_p(Paired(100, gained, lost)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("pairs", "passed"),
    [
        (Paired(20, 0, 4), True),
        (Paired(20, 0, 5), False),
        (Paired(20, 5, 5), True),
        (Paired(3, 0, 1), False),
        (Paired(3, 1, 1), True),
    ],
)
def test_protected_intent(pairs, passed):
    assert keeps_protected("refund", pairs).passed is passed


def test_protected_intent_refuses_although_the_whole_is_better():
    champion = answers(10, 0) + answers(0, 90)
    challenger = answers(0, 10) + answers(60, 30)
    labels = ["refund"] * 10 + ["other"] * 90
    assert paired_gate(champion, challenger, labels=labels).passed
    verdict = paired_gate(champion, challenger, labels=labels, protected={"refund", "unseen"})
    assert not verdict.passed
    assert verdict.reasons == ("protected intent refund: 0 won and 10 lost of 10",)


def test_search_must_not_get_worse():
    verdict = paired_gate([True] * 50, [True] * 50, search=(answers(50, 0), answers(30, 20)))
    assert not verdict.passed
    assert "recall@3" in verdict.reasons[0]


def test_every_correction_must_be_right():
    verdict = paired_gate([True], [True], corrections={"怎么退款": False, "ok": True})
    assert not verdict.passed
    assert verdict.reasons == ("1 of 2 accepted corrections are wrong: 怎么退款",)


def test_the_two_must_have_answered_the_same_questions():
    with pytest.raises(ValueError, match="zip"):
        paired_gate([True], [True, False])
