"""What happened to retrainings so far."""

from __future__ import annotations

import pytest

from storage.base import utc_now
from storage.bundles import Bundles
from storage.examples import Examples
from storage.jobs import Jobs
from storage.retraining import RETRAIN, retraining_facts
from storage.types import Example


class Past:
    """A short way to have a past."""

    def __init__(self, session):
        self.session = session
        self.jobs, self.bundles = Jobs(session), Bundles(session)

    def job(self, outcome):
        job = self.jobs.enqueue(RETRAIN)
        self.jobs.claim("w", 60)
        if outcome in {"promoted", "refused"}:
            self.bundle(f"of-job-{job.id}", outcome)
        if outcome == "failed":
            self.jobs.fail(job.id, "w", "disk full")
        elif outcome == "cancelled":
            self.jobs.cancel(job.id, by="ann")
            self.jobs.stop(job.id, "w")
        else:
            self.jobs.finish(job.id, "w", {"outcome": outcome})
        return self.jobs.get(job.id)

    def bundle(self, name, outcome="promoted"):
        self.bundles.add(name, data_fingerprint="f", metrics={}, outcome=outcome)
        if outcome == "promoted":
            self.bundles.promote(name, by="ann", reason="better")

    def correct(self, *questions):
        Examples(self.session).add(
            Example(each, "refund", None, "zh", source="correction") for each in questions
        )

    @property
    def facts(self):
        return retraining_facts(self.session)


@pytest.fixture
def past(database):
    with database.session() as session:
        yield Past(session)


def test_nothing_has_happened_yet(past):
    found = past.facts
    assert (found.live, found.busy, found.ended_at, found.outcome) == (None, False, None, None)
    assert (found.judged_at, found.failures, found.fruitless, found.corrections) == (None, 0, 0, 0)


def test_a_bundle_trained_by_hand_counts(past):
    past.correct("before")
    past.bundle("b1")
    past.correct("后来一", "后来二")
    found = past.facts
    assert (found.live, found.outcome, found.corrections) == ("b1", "promoted", 2)
    assert found.ended_at == found.judged_at == past.bundles.get("b1").created_at


def test_a_jobs_own_bundle_is_one_attempt(past):
    job = past.job("promoted")
    found = past.facts
    assert (found.fruitless, found.outcome) == (0, "promoted")
    assert (found.judged_at, found.ended_at) == (job.created_at, job.finished_at)


@pytest.mark.parametrize("outcome", ["refused", "unchanged"])
def test_a_verdict_uses_the_corrections_up(past, outcome):
    past.bundle("b1")
    past.correct("a", "b")
    past.job(outcome)
    found = past.facts
    assert (found.corrections, found.failures, found.fruitless) == (0, 0, 1)
    past.correct("c")
    assert past.facts.corrections == 1


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_without_a_verdict_they_are_still_to_be_learned(past, outcome):
    past.bundle("b1")
    past.correct("a", "b")
    past.job(outcome)
    past.job(outcome)
    found = past.facts
    assert (found.corrections, found.failures, found.fruitless) == (2, 2, 2)
    assert found.outcome == outcome
    assert found.ended_at <= utc_now()
    past.job("unchanged")
    assert (past.facts.failures, past.facts.fruitless) == (0, 3)


def test_one_that_waits_or_runs_is_known(past):
    job = past.jobs.enqueue(RETRAIN)
    assert past.facts.busy
    past.jobs.claim("w", 60)
    assert past.facts.busy
    past.jobs.finish(job.id, "w", {"outcome": "unchanged"})
    assert not past.facts.busy
