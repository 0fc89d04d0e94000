"""Retraining and promoting beside customers, with real processes that are killed in the middle."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import structlog
from sqlalchemy import text

from benchmarks.harness import ROOT, environment
from benchmarks.promotions import add_admin, measure
from benchmarks.server import serving
from bot.cli import execute
from bot.commands.working import KINDS, NICENESS
from finetune.manifest import verify_for_serving
from storage.bundles import Bundles
from storage.database import Database, sqlite_url
from storage.jobs import Jobs
from storage.retraining import RETRAIN
from storage.types import JobStatus
from tests.e2e.test_crash import ANSWERS, FORMS

LONGEST_SECONDS = 120


@pytest.fixture(autouse=True)
def _logging_as_before():
    """A command sends the log to the stderr of its time, which ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home that answers four questions, with two bundles."""
    folder = tmp_path_factory.mktemp("jobs")
    with (folder / "history.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("question", "answer"))
        writer.writerows(
            (form.format(question), answer)
            for question, answer in ANSWERS.items()
            for form in FORMS
        )
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KEFU_")]:
            patch.delenv(name)
        at = ["--home", str(folder / "home")]
        assert execute(["import", "history", str(folder / "history.csv"), *at]) == 0
        assert execute(["retrain", *at]) == 0
        assert execute(["retrain", "--force", *at]) == 0
        yield folder / "home"


@pytest.fixture
def database(home):
    database = Database(sqlite_url(home / "kefu.db"))
    yield database
    database.dispose()


def enqueue(database):
    with database.session() as session:
        return Jobs(session).enqueue(RETRAIN, {"encoder": None, "force": True}).id


def read(database, unit):
    with database.session(read_only=True) as session:
        return unit(session)


@contextmanager
def worker(home):
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "--home", str(home), "worker", "--once"],
        cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for_training(database, process, job_id):
    """Until the job has told of a first step, which is in the middle of its work."""
    until = time.monotonic() + LONGEST_SECONDS
    while not (job := read(database, lambda s: Jobs(s).get(job_id))).detail:
        assert time.monotonic() < until, job
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.02)
    assert job.status is JobStatus.RUNNING


def live(database):
    return read(database, lambda session: Bundles(session).live_id())


def test_a_worker_killed_in_the_middle_leaves_the_home_whole(home, database, capsys):
    champion, job_id = live(database), enqueue(database)
    with worker(home) as process:
        wait_for_training(database, process, job_id)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= NICENESS
        process.kill()
    # Its lease is held still: nobody may take the job while the worker could be alive.
    assert not read(database, lambda session: Jobs(session).waiting(KINDS))
    assert live(database) == champion
    assert execute(["ask", "退货要多久", "--json", "--home", str(home)]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert (reply["bundle"], reply["reply"]) == (champion, ANSWERS["退货要多久"])
    with database.session() as session:
        session.execute(text("UPDATE job SET lease_until = created_at"))
    assert read(database, lambda session: Jobs(session).waiting(KINDS))
    with worker(home) as process:
        assert process.wait(LONGEST_SECONDS) == 0
    job = read(database, lambda session: Jobs(session).get(job_id))
    assert (job.status, job.attempts, job.error) == (JobStatus.DONE, 2, None)
    assert job.result["outcome"] == "promoted", job.result
    assert {"bundle", "reasons", "report", "seconds"} <= set(job.result)
    assert live(database) == job.result["bundle"]
    known = {each.id for each in read(database, lambda session: Bundles(session).list())}
    assert {path.name for path in (home / "bundles").iterdir()} == known
    verify_for_serving(home / "bundles" / live(database), home / "encoders")
    assert not list((home / "encoders").glob(".*"))


def test_a_worker_that_is_told_to_end_gives_its_job_back(home, database):
    champion, job_id = live(database), enqueue(database)
    with worker(home) as process:
        wait_for_training(database, process, job_id)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST_SECONDS) == 130
    job = read(database, lambda session: Jobs(session).get(job_id))
    assert (job.status, job.owner, job.attempts) == (JobStatus.QUEUED, None, 0)
    assert live(database) == champion
    with database.session() as session:
        assert Jobs(session).cancel(job_id, by="tests").status is JobStatus.CANCELLED


def test_promotions_under_the_eyes_of_customers(home, tmp_path):
    token = add_admin(home)
    with serving(home, log=tmp_path / "log") as server:
        found = asyncio.run(
            measure(
                server.address, server.process.pid, home, token, changes=3, customers=5, pace=0.5
            )
        )
    assert found.failed == ()
    assert (found.lost, found.doubled) == (0, 0)
    assert found.identical
    assert found.bundles == 2
    assert found.turns > 5
    assert max(found.rollback_seconds) < 5
