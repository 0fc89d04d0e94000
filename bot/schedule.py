"""What to do without being asked: when to retrain, when to erase what is older than is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from finetune.drift import WINDOW_DAYS, Drift, find_drift
from finetune.shop import RetrainingPlan
from storage.errors import ConflictError
from storage.jobs import Jobs
from storage.retraining import RETRAIN, retraining_facts
from storage.traffic import Traffic
from storage.types import Job, RetrainingFacts

PAUSE = timedelta(hours=1)
"""At least so long after a retraining before the next one begins by itself."""
DRIFT_PAUSE = timedelta(days=1)
LONGEST_PAUSE = timedelta(days=30)

RETENTION = "retention"
"""The kind of the job that erases old conversations."""
RETENTION_PAUSE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A retraining that should begin: why, and what was known when that was decided."""

    reason: str
    facts: RetrainingFacts


def decide_retraining(
    plan: RetrainingPlan, facts: RetrainingFacts, drift: Drift | None, now: datetime
) -> Due | None:
    """Whether the plan asks for a retraining now.

    Nothing is due before the first bundle, or while one waits or runs. Corrections and days are
    counted from the last retraining that reached a verdict, so that the same data is not tried
    again and again. One that failed is repeated after a pause that doubles each time. Drift may
    last whatever is trained, so there the pause doubles for whatever promoted nothing.
    """
    if facts.live is None or facts.busy or _pauses(facts, PAUSE, facts.failures, now):
        return None
    reason = (
        _by_corrections(plan, facts)
        or _by_drift(plan, facts, drift, now)
        or _by_date(plan, facts, now)
    )
    return None if reason is None else Due(reason, facts)


def _pauses(facts: RetrainingFacts, pause: timedelta, times: int, now: datetime) -> bool:
    """Whether the last retraining is too recent, the pause being doubled so many times."""
    if facts.ended_at is None:
        return False
    doubled = pause * (1 << min(times, 20))
    return now < facts.ended_at + min(doubled, LONGEST_PAUSE)


def _by_corrections(plan: RetrainingPlan, facts: RetrainingFacts) -> str | None:
    if not plan.after_corrections or facts.corrections < plan.after_corrections:
        return None
    return f"{facts.corrections} new corrections"


def _by_drift(
    plan: RetrainingPlan, facts: RetrainingFacts, drift: Drift | None, now: datetime
) -> str | None:
    if not plan.when_drifting or drift is None or not drift.drifting:
        return None
    if _pauses(facts, DRIFT_PAUSE, facts.fruitless, now):
        return None
    return "drift: " + "; ".join(drift.reasons)


def _by_date(plan: RetrainingPlan, facts: RetrainingFacts, now: datetime) -> str | None:
    if not plan.every_days or facts.judged_at is None:
        return None
    if now < facts.judged_at + timedelta(days=plan.every_days):
        return None
    return f"{plan.every_days:g} days since the last one"


def look_at_schedule(plan: RetrainingPlan, now: datetime, session: Session) -> Due | None:
    """Read the facts and decide; a unit of work that only reads."""
    drift = measure_drift(session, now) if plan.when_drifting else None
    return decide_retraining(plan, retraining_facts(session), drift, now)


def enqueue_due(due: Due, session: Session) -> Job | None:
    """Put the retraining in the queue, unless another process has done so since it was decided."""
    if retraining_facts(session) != due.facts:
        return None
    payload = {"encoder": None, "force": False, "reason": due.reason}
    try:
        return Jobs(session).enqueue(RETRAIN, payload)
    except ConflictError:
        # Another process was quicker by the blink of an eye: its job is the one.
        return None


def measure_drift(session: Session, now: datetime) -> Drift | None:
    """The drift of the live bundle's traffic; None before there are two weeks to compare."""
    windows = Traffic(session).windows(now, WINDOW_DAYS)
    return None if windows is None else find_drift(*windows)


def is_retention_due(days: int, now: datetime, session: Session) -> bool:
    """Whether conversations at rest for so many days are to be erased again; 0 keeps them."""
    if not days:
        return False
    last = Jobs(session).newest(RETENTION)
    return last is None or now >= last.created_at + RETENTION_PAUSE


def enqueue_retention(days: int, session: Session) -> Job | None:
    """Put the erasing in the queue, unless another process was quicker."""
    try:
        return Jobs(session).enqueue(RETENTION, {"days": days})
    except ConflictError:
        return None
