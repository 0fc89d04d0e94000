"""What happened to retrainings so far: what a schedule decides from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.bundles import OUTCOME_PROMOTED, Bundles
from storage.models import BundleRow, ExampleRow, JobRow
from storage.types import SOURCE_CORRECTION, JobStatus, RetrainingFacts

RETRAIN = "retrain"
"""The kind of a retraining's job."""

_LOOKED_BACK = 20
_UNFINISHED = (JobStatus.QUEUED.value, JobStatus.RUNNING.value)
_WITHOUT_VERDICT = frozenset((JobStatus.FAILED.value, JobStatus.CANCELLED.value))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A retraining that ended: a job's, or one from the command line, which left a bundle."""

    began: datetime
    ended: datetime
    outcome: str

    @property
    def has_verdict(self) -> bool:
        """Whether the training came to its end, whatever the gate said."""
        return self.outcome not in _WITHOUT_VERDICT


def retraining_facts(session: Session) -> RetrainingFacts:
    """The retrainings so far and the corrections since, from jobs and bundles."""
    attempts = _attempts(session)
    last = attempts[0] if attempts else None
    judged = next((each for each in attempts if each.has_verdict), None)
    busy = select(JobRow.id).where(JobRow.kind == RETRAIN, JobRow.status.in_(_UNFINISHED)).limit(1)
    return RetrainingFacts(
        live=Bundles(session).live_id(),
        busy=session.scalar(busy) is not None,
        ended_at=last.ended if last else None,
        outcome=last.outcome if last else None,
        judged_at=judged.began if judged else None,
        failures=_before(attempts, lambda each: each.has_verdict),
        fruitless=_before(attempts, lambda each: each.outcome == OUTCOME_PROMOTED),
        corrections=_corrections(session, judged.began if judged else None),
    )


def _attempts(session: Session) -> list[_Attempt]:
    """The latest retrainings, the newest first.

    A bundle that came to be while a job ran is that job's own.
    """
    jobs = _jobs(session)
    query = select(BundleRow.created_at, BundleRow.outcome).order_by(BundleRow.created_at.desc())
    by_hand = [
        _Attempt(made, made, outcome)
        for made, outcome in session.execute(query.limit(_LOOKED_BACK))
        if not any(job.began <= made <= job.ended for job in jobs)
    ]
    return sorted([*jobs, *by_hand], key=lambda each: each.ended, reverse=True)


def _jobs(session: Session) -> list[_Attempt]:
    query = (
        select(JobRow)
        .where(JobRow.kind == RETRAIN, JobRow.finished_at.is_not(None))
        .order_by(JobRow.id.desc())
        .limit(_LOOKED_BACK)
    )
    return [
        _Attempt(row.created_at, row.finished_at, _outcome(row))
        for row in session.scalars(query)
        if row.finished_at is not None
    ]


def _outcome(row: JobRow) -> str:
    if row.status == JobStatus.DONE.value and row.result is not None:
        return str(row.result.get("outcome", row.status))
    return row.status


def _before(attempts: list[_Attempt], found: Callable[[_Attempt], bool]) -> int:
    """How many attempts there were since the last one of a kind."""
    return next((count for count, each in enumerate(attempts) if found(each)), len(attempts))


def _corrections(session: Session, since: datetime | None) -> int:
    query = select(func.count()).where(ExampleRow.source == SOURCE_CORRECTION)
    if since is not None:
        query = query.where(ExampleRow.created_at > since)
    return int(session.scalar(query) or 0)
