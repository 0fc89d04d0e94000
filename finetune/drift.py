"""Has the traffic changed since the live bundle went live? Pure tests with their reasons in words.

Three things are compared between the days after the promotion and the last days: the share of
refusals (two-proportion z-test, one-sided), the confidence of the best guess (Kolmogorov-Smirnov,
one-sided), and the mix of intents (population stability index). Each needs enough questions, must
be too large for chance, and must be large enough to matter.

False alarms: the three tests share a level of 1% (Bonferroni), so that traffic that has not changed
is reported in at most one of a hundred independent looks; the least differences make it fewer.
Looks at windows that overlap are not independent, and questions of one conversation are not
either: both is why differences that are merely significant are left alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist

from storage.types import TrafficWindow

WINDOW_DAYS = 7.0
"""A week each, so that no weekday counts for more in one window than in the other."""

FALSE_ALARMS = 0.01
LEVEL = FALSE_ALARMS / 3
LEAST = 200
"""So many questions are needed in each window; a quiet shop never hears of drift."""

LEAST_REFUSAL_RISE = 0.05
LEAST_CONFIDENCE_SHIFT = 0.1
LEAST_STABILITY_INDEX = 0.25
"""Below 0.1 a mix counts as stable, above 0.25 as shifted: the rule of thumb of N. Siddiqi, "Credit
Risk Scorecards" (Wiley 2006)."""

_LEAST_EXPECTED = 5
_REFUSAL = "no_answer"
_REST = "\0rest"
"""No intent is named so: a NUL cannot be stored."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison: before, now, how far apart, and the least distance that counts.

    `enough` says whether there was enough to compare; without it nothing is drifting.
    """

    __test__ = False

    before: float
    now: float
    distance: float
    limit: float
    enough: bool
    drifting: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found; `reasons` says it in plain words.

    `before` and `now` count the questions of the two windows. Of `refusals` and `confidence`,
    before and now are a share and a mean, of `intents` they are the numbers of intents.
    """

    drifting: bool
    before: int
    now: int
    refusals: Test
    confidence: Test
    intents: Test
    reasons: tuple[str, ...]


def find_drift(reference: TrafficWindow, recent: TrafficWindow) -> Drift:
    """Compare the last days with those after the promotion."""
    refusals = compare_refusals(reference.decisions, recent.decisions)
    confidence = compare_confidences(reference.confidences, recent.confidences)
    intents = compare_intents(reference.intents, recent.intents)
    tests = (refusals, confidence, intents)
    return Drift(
        drifting=any(each.drifting for each in tests),
        before=reference.count,
        now=recent.count,
        refusals=refusals,
        confidence=confidence,
        intents=intents,
        reasons=_reasons(*tests),
    )


def compare_refusals(before: Mapping[str, int], now: Mapping[str, int]) -> Test:
    """Is a larger share answered with "I don't know"? Pooled z-test, one-sided."""
    n, m = sum(before.values()), sum(now.values())
    share = before.get(_REFUSAL, 0) / n if n else 0.0
    share_now = now.get(_REFUSAL, 0) / m if m else 0.0
    if min(n, m) < LEAST:
        return Test(share, share_now, share_now - share, math.inf, enough=False, drifting=False)
    pooled = (before.get(_REFUSAL, 0) + now.get(_REFUSAL, 0)) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    limit = max(LEAST_REFUSAL_RISE, NormalDist().inv_cdf(1 - LEVEL) * error)
    return _judged(share, share_now, share_now - share, limit)


def compare_confidences(before: Sequence[int], now: Sequence[int]) -> Test:
    """Has confidence moved down? The largest gap between the two cumulative histograms.

    Its limit is Smirnov's asymptotic one-sided bound, which steps make only stricter.
    """
    n, m = sum(before), sum(now)
    mean, mean_now = _mean(before), _mean(now)
    if min(n, m) < LEAST:
        return Test(mean, mean_now, 0.0, math.inf, enough=False, drifting=False)
    pairs = zip(accumulate(before), accumulate(now), strict=True)
    gap = max(below_now / m - below / n for below, below_now in pairs)
    limit = max(LEAST_CONFIDENCE_SHIFT, math.sqrt(-math.log(LEVEL) / 2 * (1 / n + 1 / m)))
    return _judged(mean, mean_now, gap, limit)


def compare_intents(before: Mapping[str, int], now: Mapping[str, int]) -> Test:
    """Do customers ask for other things? Population stability index, rare intents taken together.

    Without a shift the index is about chi-squared with one degree of freedom less than there are
    groups, times 1/n + 1/m (B. Yurdakul, J. Naranjo, "Statistical properties of the population
    stability index", Journal of Risk Model Validation 14(4), 2020): with few questions the limit
    is therefore higher than the rule of thumb.
    """
    n, m = sum(before.values()), sum(now.values())
    kinds = float(len(before)), float(len(now))
    if min(n, m) < LEAST:
        return Test(*kinds, 0.0, math.inf, enough=False, drifting=False)
    groups = _groups(before, now)
    # Half a question more in every group, so that one nobody asked for has a logarithm.
    shares = [
        ((old + 0.5) / (n + len(groups) / 2), (new + 0.5) / (m + len(groups) / 2))
        for old, new in groups.values()
    ]
    index = sum((new - old) * math.log(new / old) for old, new in shares)
    chance = _chi_squared(1 - LEVEL, len(groups) - 1) * (1 / n + 1 / m)
    return _judged(*kinds, index, max(LEAST_STABILITY_INDEX, chance))


def _groups(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Counts per intent; those too rare for the approximation make one group."""
    n, m = sum(before.values()), sum(now.values())
    smaller = min(n, m) / (n + m)
    groups: dict[str, tuple[int, int]] = {}
    for intent in sorted({*before, *now}):
        old, new = before.get(intent, 0), now.get(intent, 0)
        name = intent if (old + new) * smaller >= _LEAST_EXPECTED else _REST
        known = groups.get(name, (0, 0))
        groups[name] = (known[0] + old, known[1] + new)
    return groups


def _chi_squared(level: float, freedom: int) -> float:
    """The quantile of chi-squared (Wilson and Hilferty 1931); nought without freedom."""
    if freedom < 1:
        return 0.0
    part = 2 / (9 * freedom)
    root = 1 - part + NormalDist().inv_cdf(level) * math.sqrt(part)
    return float(freedom * root**3)


def _judged(before: float, now: float, distance: float, limit: float) -> Test:
    return Test(before, now, distance, limit, enough=True, drifting=distance > limit)


def _mean(histogram: Sequence[int]) -> float:
    total = sum(histogram)
    middles = ((place + 0.5) / len(histogram) for place in range(len(histogram)))
    return sum(x * count for x, count in zip(middles, histogram, strict=True)) / (total or 1)


def _reasons(refusals: Test, confidence: Test, intents: Test) -> tuple[str, ...]:
    said = []
    if refusals.drifting:
        said.append(f"refusals rose from {refusals.before:.1%} to {refusals.now:.1%}")
    if confidence.drifting:
        said.append(f"mean confidence fell from {confidence.before:.2f} to {confidence.now:.2f}")
    if intents.drifting:
        said.append(
            f"customers ask for other things: stability index {intents.distance:.2f}, "
            f"limit {intents.limit:.2f}"
        )
    if not any(each.enough for each in (refusals, confidence, intents)):
        said.append(f"too few questions to tell: {LEAST} are needed in each week")
    return tuple(said)
