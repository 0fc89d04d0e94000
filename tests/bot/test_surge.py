"""A surge of bad moods is seen when it is there, and not when chance or one customer made it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import hypergeom

from bot.surge import LEAST_REFERENCE, LEAST_TURNS, _at_least, find_surge
from storage.types import IntentCount, MoodWindow

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def window(turns, negative, conversations=10, intents=()):
    return MoodWindow(NOW, NOW, turns, negative, conversations, intents)


WEEK = window(1000, 100)


def test_a_surge_is_told_with_what_is_behind_it():
    behind = (IntentCount("order_status", 9), IntentCount("refund_status", 3))
    found = find_surge(WEEK, window(30, 12, intents=behind))
    assert found.surging
    assert found.chance < 0.001
    assert "40.0% of turns are negative, 10.0%" in found.reason
    assert "order_status 9, refund_status 3" in found.reason


@pytest.mark.parametrize(
    "now",
    [
        window(LEAST_TURNS, 2),
        window(30, 6),
        window(2000, 300),
        window(30, 12, conversations=2),
        window(LEAST_TURNS - 1, LEAST_TURNS - 1),
        window(0, 0, conversations=0),
    ],
    ids=["as before", "chance", "too small to matter", "two customers", "too few", "none"],
)
def test_what_is_no_surge(now):
    assert not find_surge(WEEK, now).surging


def test_without_a_week_to_compare_nothing_is_said():
    found = find_surge(window(LEAST_REFERENCE - 1, 0), window(30, 30))
    assert (found.surging, found.enough, found.chance) == (False, False, 1.0)
    assert "too few turns to tell" in found.reason
    assert find_surge(window(LEAST_REFERENCE, 0), window(30, 30)).surging
    fewer = replace(WEEK, negative=900)
    assert not find_surge(fewer, window(30, 1)).surging


@pytest.mark.parametrize("case", [(12, 30, 112, 1030), (0, 5, 3, 50), (5, 5, 5, 5), (9, 9, 60, 70)])
def test_the_chance_is_the_hypergeometric_tail(case):
    hits, drawn, marked, total = case
    expected = hypergeom.sf(hits - 1, total, marked, drawn)
    assert _at_least(*case) == pytest.approx(expected, rel=1e-6)


def test_unchanged_traffic_raises_hardly_an_alarm():
    chance = np.random.default_rng(0)
    alarms = 0
    for _ in range(1000):
        share, turns = chance.uniform(0.02, 0.5), int(chance.integers(LEAST_TURNS, 200))
        before, now = chance.binomial(700, share), chance.binomial(turns, share)
        alarms += find_surge(window(700, int(before)), window(turns, int(now))).surging
    assert alarms <= 3
