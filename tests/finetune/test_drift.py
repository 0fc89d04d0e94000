"""Drift is seen when it is there, and hardly ever when it is not."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from finetune.drift import (
    FALSE_ALARMS,
    LEAST,
    LEVEL,
    _chi_squared,
    compare_confidences,
    compare_intents,
    compare_refusals,
    find_drift,
)
from storage.types import CONFIDENCE_BINS, TrafficWindow

NOW = datetime(2026, 3, 31, tzinfo=UTC)
INTENTS = 30


def window(decisions, confidences=(0,) * CONFIDENCE_BINS, intents=None):
    return TrafficWindow(NOW, NOW, decisions, tuple(confidences), intents or {})


class Shop:
    """A shop with its own share of refusals, confidences and mix of intents."""

    def __init__(self, chance):
        self._chance = chance
        self.refusals = chance.uniform(0.02, 0.4)
        self.shape = chance.uniform(0.5, 8, 2)
        self.mix = chance.dirichlet(np.full(INTENTS, chance.uniform(0.2, 2)))

    def week(self, n):
        refused = int(self._chance.binomial(n, self.refusals))
        sure, _ = np.histogram(self._chance.beta(*self.shape, n), CONFIDENCE_BINS, (0, 1))
        asked = self._chance.multinomial(n, self.mix)
        intents = {f"intent {i}": int(count) for i, count in enumerate(asked) if count}
        return window({"no_answer": refused, "template": n - refused}, sure.tolist(), intents)


def test_without_drift_there_are_no_more_false_alarms_than_stated():
    chance = np.random.default_rng(0)
    looks = 3000
    alarms = 0
    for _ in range(looks):
        shop = Shop(chance)
        n, m = (int(x) for x in chance.integers(LEAST, 4 * LEAST, 2))
        alarms += find_drift(shop.week(n), shop.week(m)).drifting
    assert alarms / looks <= FALSE_ALARMS


def test_the_level_itself_holds_where_the_least_difference_does_not_help():
    """Of the refusals alone, at sizes at which chance decides."""
    chance = np.random.default_rng(1)
    looks, n = 20_000, 400
    before, now = chance.binomial(n, 0.3, looks), chance.binomial(n, 0.3, looks)
    alarms = sum(
        compare_refusals({"no_answer": int(a), "x": n - int(a)},
                         {"no_answer": int(b), "x": n - int(b)}).drifting
        for a, b in zip(before, now, strict=True)
    )  # fmt: skip
    assert 0.3 * LEVEL < alarms / looks < 1.5 * LEVEL


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (0.1, 0.22, True),
        (0.1, 0.12, False),
        (0.22, 0.1, False),
        (0.0, 0.0, False),
        (1.0, 1.0, False),
    ],
)
def test_refusals_that_rise_are_seen_and_those_that_fall_are_not(before, now, expected):
    def decisions(share):
        return {"no_answer": round(500 * share), "template": round(500 * (1 - share))}

    found = compare_refusals(decisions(before), decisions(now))
    assert found.drifting is expected
    assert (found.before, found.now) == pytest.approx((before, now))


def test_a_rise_that_is_certain_and_small_is_left_alone():
    found = compare_refusals(
        {"no_answer": 100_000, "x": 900_000}, {"no_answer": 130_000, "x": 870_000}
    )
    assert not found.drifting


def histogram(low, high):
    counts = [0] * CONFIDENCE_BINS
    counts[4], counts[18] = low, high
    return counts


def test_confidence_that_falls_is_seen_and_that_which_rises_is_not():
    assert compare_confidences(histogram(100, 400), histogram(200, 300)).drifting
    assert not compare_confidences(histogram(200, 300), histogram(100, 400)).drifting
    assert not compare_confidences(histogram(100, 400), histogram(110, 390)).drifting


def test_other_intents_are_seen_and_a_new_one_among_them():
    before = {"refund": 300, "shipping": 300, "invoice": 300}
    assert compare_intents(before, {"refund": 100, "shipping": 100, "recall": 400}).drifting
    assert not compare_intents(before, {"refund": 290, "shipping": 310, "invoice": 305}).drifting


def test_many_intents_asked_once_are_no_drift():
    before = {f"a{i}": 1 for i in range(300)}
    now = {f"b{i}": 1 for i in range(300)}
    assert not compare_intents(before, now).drifting


def test_a_quiet_shop_never_hears_of_drift():
    before = window({"template": LEAST - 1}, histogram(0, LEAST - 1), {"refund": LEAST - 1})
    now = window({"no_answer": LEAST - 1}, histogram(LEAST - 1, 0), {"shipping": LEAST - 1})
    found = find_drift(before, now)
    assert not found.drifting
    assert found.reasons == (f"too few questions to tell: {LEAST} are needed in each week",)
    nothing = window({})
    assert not find_drift(nothing, nothing).drifting


def test_the_reasons_name_what_moved():
    before = window({"no_answer": 50, "template": 450}, histogram(50, 450), {"refund": 450})
    now = window({"no_answer": 200, "template": 300}, histogram(250, 250), {"shipping": 300})
    found = find_drift(before, now)
    assert found.drifting
    assert found.reasons[0] == "refusals rose from 10.0% to 40.0%"
    assert found.reasons[1] == "mean confidence fell from 0.85 to 0.57"
    assert found.reasons[2].startswith("customers ask for other things: stability index ")


counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5000), max_size=8)


@given(counts, counts)
def test_any_counts_give_finite_numbers(before, now):
    found = compare_intents(before, now)
    assert np.isfinite(found.distance)
    assert found.distance >= 0
    assert compare_intents(before, before).distance == pytest.approx(0)


@pytest.mark.parametrize("freedom", [1, 2, 5, 29, 200])
def test_the_quantile_is_that_of_chi_squared(freedom):
    assert _chi_squared(1 - LEVEL, freedom) == pytest.approx(chi2.ppf(1 - LEVEL, freedom), rel=0.02)
