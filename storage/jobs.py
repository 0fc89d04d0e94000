"""Background jobs: queued in rows, claimed under a lease, done at least once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from storage.audit import AuditLog
from storage.base import utc_now
from storage.database import insert_or_ignore
from storage.errors import ConflictError, NotFoundError
from storage.models import JobRow
from storage.types import Job, JobStatus

MOST_ATTEMPTS = 3
"""A job that has taken so many workers down with it is not given to another."""


class Jobs:
    """The jobs of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def enqueue(self, kind: str, payload: dict[str, Any] | None = None) -> Job:
        """Put a job in the queue; one of each kind waits or runs at a time."""
        values = {
            "kind": kind,
            "status": JobStatus.QUEUED.value,
            "payload": payload or {},
            "progress": 0.0,
            "detail": "",
            "attempts": 0,
            "created_at": utc_now(),
        }
        insert = insert_or_ignore(self._session, JobRow).values(values)
        job_id = self._session.scalar(insert.returning(JobRow.id))
        if job_id is None:
            raise ConflictError(f"a {kind!r} job is queued or running already; wait for its end")
        return self.get(job_id)

    def claim(
        self, owner: str, lease_seconds: float, *, kinds: Sequence[str] | None = None
    ) -> Job | None:
        """Take the oldest job that waits or whose owner let the lease run out; None if none.

        An abandoned one that was to be cancelled, or that has lost `MOST_ATTEMPTS` workers, ends
        here instead.
        """
        query = (
            select(JobRow)
            .where(_may_begin(utc_now()))
            .order_by(JobRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        if kinds is not None:
            query = query.where(JobRow.kind.in_(kinds))
        while (row := self._session.scalar(query)) is not None:
            if row.cancelled_by is not None:
                self._end(row, JobStatus.CANCELLED)
            elif row.attempts >= MOST_ATTEMPTS:
                self._end(row, JobStatus.FAILED, f"its worker died {row.attempts} times")
            else:
                return self._begin(row, owner, lease_seconds)
        return None

    def waiting(self, kinds: Sequence[str]) -> bool:
        """Whether a job of these kinds is to be claimed."""
        query = select(JobRow.id).where(JobRow.kind.in_(kinds), _may_begin(utc_now())).limit(1)
        return self._session.scalar(query) is not None

    def heartbeat(self, job_id: int, owner: str, progress: float, detail: str = "") -> bool:
        """Say how far the job is and keep it for another lease; False if it is to be cancelled."""
        row = self._held(job_id, owner)
        row.progress = min(max(progress, 0.0), 1.0)
        row.detail = detail
        row.lease_until = utc_now() + timedelta(seconds=row.lease_seconds or 0.0)
        self._session.flush()
        return row.cancelled_by is None

    def release(self, job_id: int, owner: str) -> None:
        """Put a job back into the queue: its worker has to end, and the job is not to blame."""
        row = self._held(job_id, owner)
        if row.cancelled_by is not None:
            self._end(row, JobStatus.CANCELLED)
            return
        row.status = JobStatus.QUEUED.value
        row.owner = row.lease_until = None
        row.attempts -= 1
        row.progress, row.detail = 0.0, ""
        self._session.flush()

    def cancel(self, job_id: int, *, by: str) -> Job:
        """End a job that waits; ask a running one to end at its next step."""
        row = self._row(job_id, lock=True)
        if row.status not in (JobStatus.QUEUED.value, JobStatus.RUNNING.value):
            raise ConflictError(f"job {job_id} is {row.status} already; there is nothing to cancel")
        row.cancelled_by = row.cancelled_by or by
        if row.status == JobStatus.QUEUED.value:
            self._end(row, JobStatus.CANCELLED)
        AuditLog(self._session).add(
            actor=by, action="job.cancel", subject=f"job:{job_id}", detail={"kind": row.kind}
        )
        return self.get(job_id)

    def finish(self, job_id: int, owner: str, result: dict[str, Any]) -> None:
        """The job is done."""
        row = self._held(job_id, owner)
        row.progress = 1.0
        row.result = result
        self._end(row, JobStatus.DONE)

    def stop(self, job_id: int, owner: str) -> None:
        """The job has ended because somebody cancelled it."""
        self._end(self._held(job_id, owner), JobStatus.CANCELLED)

    def fail(self, job_id: int, owner: str, error: str) -> None:
        """The job failed and is not tried again by itself."""
        self._end(self._held(job_id, owner), JobStatus.FAILED, error)

    def get(self, job_id: int) -> Job:
        """The job of this id."""
        return _job(self._row(job_id))

    def list(self, limit: int = 50) -> list[Job]:
        """The newest jobs first."""
        query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
        return [_job(row) for row in self._session.scalars(query)]

    def newest(self, kind: str) -> Job | None:
        """The job of this kind that was queued last."""
        query = select(JobRow).where(JobRow.kind == kind).order_by(JobRow.id.desc()).limit(1)
        row = self._session.scalar(query)
        return None if row is None else _job(row)

    def _begin(self, row: JobRow, owner: str, lease_seconds: float) -> Job:
        row.status = JobStatus.RUNNING.value
        row.owner = owner
        row.attempts += 1
        row.lease_seconds = lease_seconds
        row.lease_until = utc_now() + timedelta(seconds=lease_seconds)
        self._session.flush()
        return _job(row)

    def _end(self, row: JobRow, status: JobStatus, error: str | None = None) -> None:
        row.status = status.value
        row.error = error
        row.finished_at = utc_now()
        self._session.flush()

    def _held(self, job_id: int, owner: str) -> JobRow:
        row = self._row(job_id, lock=True)
        if row.status != JobStatus.RUNNING.value or row.owner != owner:
            raise ConflictError(
                f"job {job_id} is {row.status} and held by {row.owner or 'nobody'}, "
                f"not by {owner}; its lease ran out"
            )
        return row

    def _row(self, job_id: int, *, lock: bool = False) -> JobRow:
        row = self._session.get(JobRow, job_id, populate_existing=True, with_for_update=lock)
        if row is None:
            raise NotFoundError(f"there is no job {job_id}")
        return row


def _may_begin(now: datetime) -> ColumnElement[bool]:
    abandoned = (JobRow.status == JobStatus.RUNNING.value) & (JobRow.lease_until <= now)
    return or_(JobRow.status == JobStatus.QUEUED.value, abandoned)


def _job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        status=JobStatus(row.status),
        payload=row.payload,
        progress=row.progress,
        detail=row.detail,
        result=row.result,
        created_at=row.created_at,
        error=row.error,
        owner=row.owner,
        attempts=row.attempts,
        cancelled_by=row.cancelled_by,
        finished_at=row.finished_at,
    )
