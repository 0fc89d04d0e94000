"""Background jobs: queued in rows, claimed under a lease, done at least once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.base import utc_now
from storage.database import insert_or_ignore
from storage.errors import ConflictError, NotFoundError
from storage.models import JobRow
from storage.types import Job, JobStatus


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
        """Take the oldest job that waits or whose owner let the lease run out; None if none."""
        now = utc_now()
        expired = (JobRow.status == JobStatus.RUNNING.value) & (JobRow.lease_until <= now)
        query = (
            select(JobRow)
            .where(or_(JobRow.status == JobStatus.QUEUED.value, expired))
            .order_by(JobRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        if kinds is not None:
            query = query.where(JobRow.kind.in_(kinds))
        row = self._session.scalar(query)
        if row is None:
            return None
        row.status = JobStatus.RUNNING.value
        row.owner = owner
        row.attempts += 1
        row.lease_seconds = lease_seconds
        row.lease_until = now + timedelta(seconds=lease_seconds)
        self._session.flush()
        return _job(row)

    def heartbeat(self, job_id: int, owner: str, progress: float, detail: str = "") -> None:
        """Say how far the job is and keep it for another lease."""
        row = self._held(job_id, owner)
        row.progress = min(max(progress, 0.0), 1.0)
        row.detail = detail
        row.lease_until = utc_now() + timedelta(seconds=row.lease_seconds or 0.0)
        self._session.flush()

    def finish(self, job_id: int, owner: str, result: dict[str, Any]) -> None:
        """The job is done."""
        row = self._held(job_id, owner)
        row.status = JobStatus.DONE.value
        row.progress = 1.0
        row.result = result
        row.finished_at = utc_now()
        self._session.flush()

    def fail(self, job_id: int, owner: str, error: str) -> None:
        """The job failed and is not tried again by itself."""
        row = self._held(job_id, owner)
        row.status = JobStatus.FAILED.value
        row.error = error
        row.finished_at = utc_now()
        self._session.flush()

    def get(self, job_id: int) -> Job:
        """The job of this id."""
        return _job(self._row(job_id))

    def list(self, limit: int = 50) -> list[Job]:
        """The newest jobs first."""
        query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
        return [_job(row) for row in self._session.scalars(query)]

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
    )
