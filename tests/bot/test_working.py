"""What a worker does besides training: hear of a cancellation, keep its lease, follow the plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import update

from bot.commands.working import SCHEDULE_SECONDS, JobStoppedError, Schedule, _beating, _do
from bot.schedule import RETENTION, enqueue_retention, is_retention_due
from bot.settings import Settings
from finetune.errors import ShopFolderError
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.examples import Examples
from storage.jobs import Jobs
from storage.messages import conversations
from storage.types import Example, JobStatus


def begin(database):
    with database.session() as session:
        Jobs(session).enqueue("retrain")
        return Jobs(session).claim("w", 60)


def go_on(progress):
    """Tell of step after step, as a training does, until told to stop."""
    for step in count():
        progress(f"step {step}", 0.5)


def test_a_cancelled_job_ends_at_a_step(sqlite_database):
    job = begin(sqlite_database)
    with sqlite_database.session() as session:
        Jobs(session).cancel(job.id, by="ann")
    with pytest.raises(JobStoppedError), _beating(sqlite_database, "w", job) as progress:
        go_on(progress)


def test_a_job_that_another_worker_has_ends_at_a_step(sqlite_database):
    job = begin(sqlite_database)
    with pytest.raises(JobStoppedError), _beating(sqlite_database, "other", job) as progress:
        go_on(progress)


def test_a_step_is_in_the_database_at_once(sqlite_database):
    job = begin(sqlite_database)
    with _beating(sqlite_database, "w", job) as progress:
        progress("training", 0.5)
        while True:
            with sqlite_database.session(read_only=True) as session:
                found = Jobs(session).get(job.id)
            if found.detail:
                break
    assert (found.detail, found.progress, found.status) == ("training", 0.5, JobStatus.RUNNING)


def shop(tmp_path, plan):
    (tmp_path / "shop.toml").write_text(f'name = "Shop"\n[retraining]\n{plan}\n', encoding="utf-8")
    return Settings(home=tmp_path / "home", shop=tmp_path)


def test_the_plan_of_the_shop_is_followed(sqlite_database, tmp_path):
    with sqlite_database.session() as session:
        Bundles(session).add(
            "b1", data_fingerprint="f", metrics={}, outcome="trained",
            created_at=datetime.now(UTC) - timedelta(days=1),
        )  # fmt: skip
        Bundles(session).promote("b1", by="ann", reason="first")
        Examples(session).add([Example("q", "refund", None, "zh", source="correction")])
    Schedule(shop(tmp_path, "after_corrections = 2")).look(sqlite_database)
    with sqlite_database.session() as session:
        assert Jobs(session).list() == []
    schedule = Schedule(shop(tmp_path, "after_corrections = 1"))
    schedule.look(sqlite_database)
    schedule.look(sqlite_database)
    with sqlite_database.session() as session:
        (job,) = Jobs(session).list()
    assert job.payload["reason"] == "1 new corrections"


def test_looks_are_minutes_apart_and_none_without_a_plan(tmp_path):
    now = datetime.now(UTC)
    schedule = Schedule(shop(tmp_path, "every_days = 1"))
    assert schedule.is_time(now)
    assert not schedule.is_time(now + timedelta(seconds=SCHEDULE_SECONDS - 1))
    assert schedule.is_time(now + timedelta(seconds=SCHEDULE_SECONDS))
    assert not Schedule(Settings(home=tmp_path)).is_time(now)


def test_what_is_older_than_the_shop_keeps_is_erased_once_a_day(sqlite_database, tmp_path):
    now = datetime.now(UTC)
    with sqlite_database.session() as session:
        for name, days in (("old", 40), ("new", 1)):
            Conversations(session).create("web", conversation_id=name)
            session.execute(
                update(conversations)
                .where(conversations.c.id == name)
                .values(updated_at=now - timedelta(days=days))
            )
    (tmp_path / "shop.toml").write_text('name = "Shop"\nretention_days = 30\n', encoding="utf-8")
    settings = Settings(home=tmp_path / "home", shop=tmp_path)
    settings.prepare_home()
    Schedule(settings).look(sqlite_database)
    with sqlite_database.session() as session:
        job = Jobs(session).claim("w", 60)
    assert (job.kind, job.payload) == (RETENTION, {"days": 30})
    _do(settings, sqlite_database, "w", job)
    with sqlite_database.session() as session:
        done = Jobs(session).get(job.id)
        assert (done.status, done.result["conversations"]) == (JobStatus.DONE, 1)
        assert not is_retention_due(30, now + timedelta(hours=23), session)
        assert is_retention_due(30, now + timedelta(hours=25), session)
        assert not is_retention_due(0, now + timedelta(hours=25), session)
        assert enqueue_retention(30, session) is not None
    with sqlite_database.session() as session:
        assert enqueue_retention(30, session) is None, "one waits already"


def test_a_plan_that_makes_no_sense_is_refused_at_the_start(tmp_path):
    with pytest.raises(ShopFolderError, match="every_days"):
        Schedule(shop(tmp_path, "every_days = -1"))
