"""When a retraining begins by itself, and that it does so once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.schedule import DRIFT_PAUSE, PAUSE, decide_retraining, enqueue_due, look_at_schedule
from finetune.drift import find_drift
from finetune.shop import RetrainingPlan
from storage.bundles import Bundles
from storage.examples import Examples
from storage.jobs import Jobs
from storage.retraining import RETRAIN
from storage.types import CONFIDENCE_BINS, Example, RetrainingFacts, TrafficWindow

NOW = datetime(2026, 3, 31, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN = RetrainingPlan(every_days=7, after_corrections=20, when_drifting=True)
QUIET = RetrainingFacts(
    live="b1",
    busy=False,
    ended_at=NOW - 2 * DAY,
    outcome="promoted",
    judged_at=NOW - 2 * DAY,
    failures=0,
    fruitless=0,
    corrections=0,
)


def week(refused):
    sure = (0,) * CONFIDENCE_BINS
    return TrafficWindow(NOW, NOW, {"no_answer": refused, "template": 1000 - refused}, sure, {})


DRIFT = find_drift(week(100), week(400))
STEADY = find_drift(week(100), week(100))


def reason(facts=QUIET, plan=PLAN, drift=STEADY, now=NOW):
    due = decide_retraining(plan, facts, drift, now)
    return due and due.reason


def test_nothing_is_due_while_nothing_happens():
    assert reason() is None
    assert reason(drift=None) is None


def test_each_part_of_the_plan_makes_it_due():
    assert reason(replace(QUIET, corrections=20)) == "20 new corrections"
    assert reason(replace(QUIET, corrections=19)) is None
    assert reason(now=NOW + 5 * DAY) == "7 days since the last one"
    assert reason(drift=DRIFT) == "drift: refusals rose from 10.0% to 40.0%"


def test_who_plans_nothing_gets_nothing():
    facts = replace(QUIET, corrections=10_000)
    assert reason(facts, RetrainingPlan(), DRIFT, NOW + 1000 * DAY) is None


@pytest.mark.parametrize("change", [{"live": None}, {"busy": True}])
def test_nothing_begins_before_the_first_bundle_or_beside_another(change):
    assert reason(replace(QUIET, corrections=99, **change), drift=DRIFT) is None


def test_there_is_a_pause_after_every_retraining():
    facts = replace(QUIET, ended_at=NOW, corrections=20)
    assert reason(facts, now=NOW + PAUSE - timedelta(seconds=1)) is None
    assert reason(facts, now=NOW + PAUSE) == "20 new corrections"


def test_one_that_failed_is_repeated_after_longer_and_longer_pauses():
    facts = replace(QUIET, ended_at=NOW, outcome="failed", failures=3, corrections=20)
    assert reason(facts, now=NOW + 8 * PAUSE - timedelta(seconds=1)) is None
    assert reason(facts, now=NOW + 8 * PAUSE) == "20 new corrections"
    many = replace(facts, failures=10_000)
    assert reason(many, now=NOW + 29 * DAY) is None
    assert reason(many, now=NOW + 30 * DAY) == "20 new corrections"


def test_drift_that_training_does_not_mend_is_tried_more_and_more_seldom():
    facts = replace(QUIET, ended_at=NOW, judged_at=NOW, outcome="unchanged", fruitless=2)
    plan = replace(PLAN, every_days=0)
    assert reason(facts, plan, DRIFT, NOW + 4 * DRIFT_PAUSE - timedelta(seconds=1)) is None
    assert reason(facts, plan, DRIFT, NOW + 4 * DRIFT_PAUSE) is not None
    # New corrections are something new to learn from, so they do not wait.
    assert reason(replace(facts, corrections=20), plan, DRIFT, NOW + PAUSE) == "20 new corrections"


def test_the_same_data_again_waits_for_its_day_and_no_longer():
    facts = replace(QUIET, ended_at=NOW, judged_at=NOW, outcome="unchanged", fruitless=50)
    assert reason(facts, now=NOW + 7 * DAY - timedelta(seconds=1)) is None
    assert reason(facts, now=NOW + 7 * DAY) == "7 days since the last one"


def past(database, corrections):
    with database.session() as session:
        bundles = Bundles(session)
        bundles.add("b1", data_fingerprint="f", metrics={}, outcome="trained")
        bundles.promote("b1", by="ann", reason="first")
    with database.session() as session:
        Examples(session).add(
            Example(f"q{i}", "refund", None, "zh", source="correction") for i in range(corrections)
        )


def look(database, now):
    with database.session(read_only=True) as session:
        return look_at_schedule(PLAN, now, session)


def test_a_due_one_is_queued_once_however_many_look(database):
    past(database, 20)
    now = datetime.now(UTC) + DAY
    dues = [look(database, now) for _ in range(4)]
    together = threading.Barrier(len(dues))
    queued = []

    def queue(due):
        together.wait()
        with database.session() as session:
            queued.append(enqueue_due(due, session))

    threads = [threading.Thread(target=queue, args=(due,)) for due in dues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (job,) = [each for each in queued if each is not None]
    assert job.payload["reason"] == "20 new corrections"
    assert look(database, now) is None


def test_one_that_was_decided_before_another_ended_is_not_queued(database):
    past(database, 20)
    late = look(database, datetime.now(UTC) + DAY)
    with database.session() as session:
        job = enqueue_due(late, session)
        Jobs(session).claim("w", 60)
        Jobs(session).finish(job.id, "w", {"outcome": "unchanged"})
        assert enqueue_due(late, session) is None
        assert [each.kind for each in Jobs(session).list()] == [RETRAIN]
