"""Staff and their tokens; jobs and their leases; imports; the review queue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.audit import AuditLog
from storage.base import utc_now
from storage.errors import ConflictError, InputError, NotFoundError
from storage.examples import Examples
from storage.imports import Imports
from storage.jobs import Jobs
from storage.review import ReviewQueue
from storage.staff import StaffAccounts
from storage.types import JobStatus, StaffRole


@pytest.fixture
def staff(database):
    with database.session() as session:
        yield StaffAccounts(session)


def test_an_account(staff):
    ann = staff.add("ann", "hash", StaffRole.ADMIN)
    bob = staff.add("bob", "other", StaffRole.OPERATOR)
    assert staff.get_by_name("ann") == ann
    assert staff.password_hash("ann") == "hash"
    assert staff.get_by_name("eve") is staff.password_hash("eve") is None
    assert staff.list() == [ann, bob]
    with pytest.raises(ConflictError, match="'ann' already"):
        staff.add("ann", "x", StaffRole.ADMIN)
    with pytest.raises(InputError, match="expected a name"):
        staff.add("  ", "x", StaffRole.ADMIN)


def test_a_token_names_its_bearer_until_it_expires_or_is_revoked(staff):
    ann = staff.add("ann", "hash", StaffRole.ADMIN)
    hour = timedelta(hours=1)
    kept = staff.add_token(ann.id, "kept", "laptop", None)
    staff.add_token(ann.id, "fresh", "api", utc_now() + hour)
    staff.add_token(ann.id, "stale", "api", utc_now() - hour)
    assert staff.by_token("kept") == staff.by_token("fresh") == ann
    assert staff.by_token("stale") is staff.by_token("never") is None
    assert [t.label for t in staff.list_tokens(ann.id)] == ["laptop", "api", "api"]
    assert staff.revoke_token("fresh")
    assert not staff.revoke_token("fresh")
    assert staff.revoke_token_by_id(kept.id)
    assert not staff.revoke_token_by_id(kept.id)
    assert staff.by_token("kept") is staff.by_token("fresh") is None


def test_a_removed_account_opens_nothing_and_may_come_back_without_its_tokens(staff):
    ann = staff.add("ann", "hash", StaffRole.ADMIN)
    staff.add_token(ann.id, "secret", "laptop", None)
    staff.remove("ann")
    assert (
        staff.get_by_name("ann") is staff.password_hash("ann") is staff.by_token("secret") is None
    )
    assert staff.list() == staff.list_tokens(ann.id) == []
    with pytest.raises(NotFoundError):
        staff.remove("ann")
    with pytest.raises(NotFoundError):
        staff.add_token(ann.id, "other", "laptop", None)
    back = staff.add("ann", "new", StaffRole.OPERATOR)
    assert (back.id, back.role) == (ann.id, StaffRole.OPERATOR)
    assert staff.by_token("secret") is None


@pytest.fixture
def jobs(database):
    with database.session() as session:
        yield Jobs(session)


def test_a_job_from_queue_to_result(jobs):
    queued = jobs.enqueue("retrain", {"force": True})
    assert (queued.status, queued.payload, queued.progress) == ("queued", {"force": True}, 0.0)
    claimed = jobs.claim("worker-1", 60)
    assert (claimed.id, claimed.status, claimed.owner) == (queued.id, "running", "worker-1")
    assert jobs.claim("worker-2", 60) is None
    jobs.heartbeat(claimed.id, "worker-1", 0.5, "training")
    assert (jobs.get(claimed.id).progress, jobs.get(claimed.id).detail) == (0.5, "training")
    jobs.finish(claimed.id, "worker-1", {"bundle": "b1"})
    done = jobs.get(claimed.id)
    assert (done.status, done.result, done.progress) == (JobStatus.DONE, {"bundle": "b1"}, 1.0)


def test_one_job_of_a_kind_waits_or_runs(jobs):
    first = jobs.enqueue("retrain")
    with pytest.raises(ConflictError, match="queued or running already"):
        jobs.enqueue("retrain")
    other = jobs.enqueue("export")
    jobs.claim("w", 60)
    with pytest.raises(ConflictError):
        jobs.enqueue("retrain")
    jobs.fail(first.id, "w", "no data")
    assert (jobs.get(first.id).status, jobs.get(first.id).error) == ("failed", "no data")
    again = jobs.enqueue("retrain")
    assert [job.id for job in jobs.list()] == [again.id, other.id, first.id]


def test_jobs_of_other_kinds_are_left(jobs):
    jobs.enqueue("retrain")
    export = jobs.enqueue("export")
    assert jobs.claim("w", 60, kinds=["export"]).id == export.id
    assert jobs.claim("w", 60, kinds=["export"]) is None


def test_an_expired_lease_passes_the_job_on(jobs):
    job = jobs.enqueue("retrain")
    jobs.claim("dead", 0)
    taken = jobs.claim("alive", 60)
    assert (taken.id, taken.owner, taken.attempts) == (job.id, "alive", 2)
    for late in (
        lambda: jobs.heartbeat(job.id, "dead", 0.5),
        lambda: jobs.finish(job.id, "dead", {}),
        lambda: jobs.fail(job.id, "dead", "x"),
    ):
        with pytest.raises(ConflictError, match="held by alive, not by dead"):
            late()
    jobs.finish(job.id, "alive", {})


def test_a_heartbeat_keeps_the_lease(jobs):
    job = jobs.enqueue("retrain")
    jobs.claim("w", 0)
    assert jobs.claim("w", 60).id == job.id
    jobs.heartbeat(job.id, "w", 7.0)
    assert jobs.get(job.id).progress == 1.0
    assert jobs.claim("other", 60) is None
    with pytest.raises(NotFoundError):
        jobs.heartbeat(job.id + 1, "w", 0.5)


def test_an_import_is_seen_until_the_file_changes(database):
    with database.session() as session:
        imports = Imports(session)
        assert not imports.seen("history", "a.csv", "h1")
        imports.record("history", "a.csv", "h1", {"added": 3, "问题": ["第二行"]})
        assert imports.seen("history", "a.csv", "h1")
        assert not imports.seen("knowledge", "a.csv", "h1")
        assert not imports.seen("history", "b.csv", "h1")
        imports.record("history", "a.csv", "h2", {})
        assert not imports.seen("history", "a.csv", "h1")
        assert imports.seen("history", "a.csv", "h2")


@pytest.fixture
def item(talk):
    message = talk.receive(talk.open()).message
    talk.record(message, talk.reply(intent="shipping"), review="no_answer")
    with talk.database.session() as session:
        (found,) = ReviewQueue(session).open()
        assert ReviewQueue(session).get(found.id) == found
    return found


def test_an_accepted_item_becomes_a_correction_traced_to_its_customer(talk, item):
    with talk.database.session() as session:
        decided = ReviewQueue(session).decide([item.id], "accepted", "refund", by="ann")
        assert [each.intent for each in decided] == ["refund"]
        assert ReviewQueue(session).get(item.id).status == "accepted"
        assert ReviewQueue(session).open() == []
        (correction,) = Examples(session).corrections()
        (entry,) = AuditLog(session).recent()
    assert (correction.question, correction.intent, correction.language) == (
        "到哪了？", "refund", "zh",
    )  # fmt: skip
    assert (correction.message_id, correction.customer_id) == (item.message_id, 1)
    assert (entry.actor, entry.action) == ("ann", "review.accepted")


def test_a_rejected_item_teaches_nothing(talk, item):
    with talk.database.session() as session:
        ReviewQueue(session).decide([item.id], "rejected")
        assert ReviewQueue(session).open() == []
        assert Examples(session).all() == []


def test_an_item_is_decided_once_and_clearly(talk, item):
    with talk.database.session() as session:
        queue = ReviewQueue(session)
        with pytest.raises(InputError, match="accepted or rejected, found 'maybe'"):
            queue.decide([item.id], "maybe")
        with pytest.raises(InputError, match="right intent"):
            queue.decide([item.id], "accepted")
        with pytest.raises(NotFoundError):
            queue.decide([item.id, item.id + 1], "rejected")
        assert [each.id for each in queue.open()] == [item.id]
        queue.decide([item.id], "rejected")
        with pytest.raises(ConflictError, match="was rejected already"):
            queue.decide([item.id], "accepted", "refund")
