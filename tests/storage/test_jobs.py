"""Jobs that end otherwise than well: cancelled, released, abandoned again and again."""

from __future__ import annotations

import pytest

from storage.audit import AuditLog
from storage.errors import ConflictError, NotFoundError
from storage.jobs import MOST_ATTEMPTS, Jobs
from storage.types import JobStatus

KINDS = ("retrain",)


@pytest.fixture
def jobs(database):
    with database.session() as session:
        yield Jobs(session)


def test_a_waiting_job_is_cancelled_at_once_and_written_down(database):
    with database.session() as session:
        jobs = Jobs(session)
        job = jobs.enqueue("retrain")
        assert jobs.waiting(KINDS)
        cancelled = jobs.cancel(job.id, by="ann")
        assert (cancelled.status, cancelled.cancelled_by) == (JobStatus.CANCELLED, "ann")
        assert cancelled.finished_at is not None
        assert not jobs.waiting(KINDS)
        assert jobs.claim("w", 60) is None
        with pytest.raises(ConflictError, match="is cancelled already"):
            jobs.cancel(job.id, by="bob")
        with pytest.raises(NotFoundError):
            jobs.cancel(job.id + 1, by="bob")
        jobs.enqueue("retrain")
        (entry,) = AuditLog(session).recent()
    assert (entry.actor, entry.action, entry.subject) == ("ann", "job.cancel", f"job:{job.id}")


def test_a_running_job_hears_of_it_and_keeps_its_place_until_it_has_ended(jobs):
    job = jobs.enqueue("retrain")
    jobs.claim("w", 60)
    assert jobs.heartbeat(job.id, "w", 0.1)
    assert jobs.cancel(job.id, by="ann").status is JobStatus.RUNNING
    assert not jobs.heartbeat(job.id, "w", 0.2)
    with pytest.raises(ConflictError):
        jobs.enqueue("retrain")
    jobs.stop(job.id, "w")
    assert jobs.get(job.id).status is JobStatus.CANCELLED
    jobs.enqueue("retrain")


def test_a_job_that_was_done_before_it_heard_is_done(jobs):
    job = jobs.enqueue("retrain")
    jobs.claim("w", 60)
    jobs.cancel(job.id, by="ann")
    jobs.finish(job.id, "w", {"outcome": "promoted"})
    assert jobs.get(job.id).status is JobStatus.DONE


def test_a_cancelled_job_whose_worker_died_is_not_taken_again(jobs):
    job = jobs.enqueue("retrain")
    jobs.claim("dead", 0)
    jobs.cancel(job.id, by="ann")
    assert jobs.waiting(KINDS)
    assert jobs.claim("alive", 60) is None
    assert jobs.get(job.id).status is JobStatus.CANCELLED


def test_a_released_job_waits_again_and_that_was_no_attempt(jobs):
    job = jobs.enqueue("retrain")
    for _ in range(MOST_ATTEMPTS + 1):
        assert jobs.claim("w", 60).attempts == 1
        jobs.heartbeat(job.id, "w", 0.5, "training")
        jobs.release(job.id, "w")
    waiting = jobs.get(job.id)
    assert (waiting.status, waiting.owner, waiting.progress) == (JobStatus.QUEUED, None, 0.0)
    with pytest.raises(ConflictError, match="held by nobody"):
        jobs.release(job.id, "w")


def test_a_job_that_is_released_after_it_was_cancelled_ends(jobs):
    job = jobs.enqueue("retrain")
    jobs.claim("w", 60)
    jobs.cancel(job.id, by="ann")
    jobs.release(job.id, "w")
    assert jobs.get(job.id).status is JobStatus.CANCELLED


def test_a_job_that_kills_its_workers_ends(jobs):
    job = jobs.enqueue("retrain")
    for attempt in range(MOST_ATTEMPTS):
        assert jobs.claim(f"w{attempt}", 0).attempts == attempt + 1
    assert jobs.claim("last", 60) is None
    failed = jobs.get(job.id)
    assert failed.status is JobStatus.FAILED
    assert f"died {MOST_ATTEMPTS} times" in failed.error


def test_a_job_under_lease_does_not_wait(jobs):
    jobs.enqueue("retrain")
    jobs.claim("w", 60)
    assert not jobs.waiting(KINDS)
    assert not jobs.waiting(("export",))
