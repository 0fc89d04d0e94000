"""The worker: does queued jobs in a process of its own, so that answering customers stays quick."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.commands.erasing import clean_files, erase_old
from bot.commands.lock import TRAINING_LOCK, HomeInUseError, only_one
from bot.commands.options import open_database
from bot.commands.output import document, say
from bot.commands.training import as_document, train_home
from bot.logs import logger
from bot.schedule import (
    RETENTION,
    enqueue_due,
    enqueue_retention,
    is_retention_due,
    look_at_schedule,
)
from bot.settings import Settings
from finetune.settings import EncoderChoice
from finetune.shop import RetrainingPlan, load_shop
from storage.database import Database
from storage.errors import ConflictError, KefuError
from storage.jobs import Jobs
from storage.retraining import RETRAIN
from storage.types import Job

KINDS = (RETRAIN, RETENTION)
LEASE_SECONDS = 60.0
BEAT_SECONDS = 5.0
LOOK_SECONDS = 2.0
SCHEDULE_SECONDS = 300.0
NICENESS = 10
"""How much the system prefers the serving process: 0 is equal, 19 the most."""


class JobStoppedError(KefuError):
    """The job was cancelled, or its lease went to another worker: end at this step."""

    code = "job_stopped"


def work(settings: Settings, *, once: bool) -> None:
    """Do job after job until told to stop; with `once`, only what is queued now."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    owner = f"{socket.gethostname()}:{os.getpid()}"
    with open_database(settings) as database:
        # What a server has queued is all that a worker with `once` is there for.
        schedule = None if once else Schedule(settings)
        while True:
            if schedule is not None:
                schedule.look(database)
            with database.session() as session:
                job = Jobs(session).claim(owner, LEASE_SECONDS, kinds=KINDS)
            if job is not None:
                _do(settings, database, owner, job)
            elif once:
                return
            else:
                time.sleep(LOOK_SECONDS)


class Schedule:
    """Queues what the shop's folder asks for, looking every few minutes."""

    def __init__(self, settings: Settings) -> None:
        """Read the plan; a shop folder that cannot be used is refused here, not at night."""
        shop = None if settings.shop is None else load_shop(settings.shop)
        self.plan = RetrainingPlan() if shop is None else shop.retraining
        self.retention_days = 0 if shop is None else shop.retention_days
        self._next = datetime.min.replace(tzinfo=UTC)

    def is_time(self, now: datetime) -> bool:
        """Whether to look; if so, the next time is some minutes away."""
        if not (self.plan.is_on or self.retention_days) or now < self._next:
            return False
        self._next = now + timedelta(seconds=SCHEDULE_SECONDS)
        return True

    def look(self, database: Database) -> None:
        """Queue what is due."""
        now = datetime.now(UTC)
        if not self.is_time(now):
            return
        with database.session(read_only=True) as session:
            due = look_at_schedule(self.plan, now, session)
            erases = is_retention_due(self.retention_days, now, session)
        with database.session() as session:
            if due is not None:
                enqueue_due(due, session)
            if erases:
                enqueue_retention(self.retention_days, session)


def _do(settings: Settings, database: Database, owner: str, job: Job) -> None:
    say(f"kefu: job {job.id} ({job.kind}) begins")
    try:
        with _beating(database, owner, job) as progress:
            end, told = _attempt(settings, database, owner, job, progress)
    except KeyboardInterrupt:
        _write_end(database, lambda jobs: jobs.release(job.id, owner))
        say(f"kefu: job {job.id} ({job.kind}) goes back into the queue")
        raise
    _write_end(database, end)
    say(f"kefu: job {job.id} ({job.kind}) {told}")


_End = Callable[[Jobs], None]


def _attempt(
    settings: Settings, database: Database, owner: str, job: Job, progress: _Beat
) -> tuple[_End, str]:
    """Do the job; gives what to write down at its end, and the same in words."""
    try:
        result = _WORK[job.kind](settings, database, job.payload, progress)
    except JobStoppedError:
        return lambda jobs: jobs.stop(job.id, owner), "was stopped"
    except KefuError as failure:
        error = str(failure)
    except Exception as failure:  # noqa: BLE001
        # The job is over either way; what broke is kept with it and told in the log.
        logger("jobs").error("job_failed", job=job.id, exc_info=failure)
        error = f"{type(failure).__name__}: {failure}"
    else:
        return lambda jobs: jobs.finish(job.id, owner, result), "is done"
    return lambda jobs: jobs.fail(job.id, owner, error), f"failed: {error}"


def _write_end(database: Database, end: _End) -> None:
    try:
        with database.session() as session:
            end(Jobs(session))
    except ConflictError as error:
        # The lease ran out meanwhile: whoever has the job now says how it ends.
        logger("jobs").warning("job_lost", reason=str(error))


def _retrain(
    settings: Settings, database: Database, payload: dict[str, Any], progress: _Beat
) -> dict[str, Any]:
    with _turn_to_train(settings, progress):
        outcome = train_home(
            settings,
            database,
            choice=_choice(payload),
            force=bool(payload.get("force")),
            progress=progress,
        )
    return as_document(outcome)


def _erase_old(
    settings: Settings, database: Database, payload: dict[str, Any], progress: _Beat
) -> dict[str, Any]:
    progress("erasing old conversations", 0.0)
    erased = erase_old(database, int(payload["days"]))
    clean_files(settings, database)
    return document(erased)


_WORK = {RETRAIN: _retrain, RETENTION: _erase_old}


@contextmanager
def _turn_to_train(settings: Settings, progress: _Beat) -> Iterator[None]:
    """Hold the lock of trainings, once whoever trains by hand is done."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(only_one(settings.home, TRAINING_LOCK))
                break
            except HomeInUseError:
                progress("waiting for another retraining", 0.0)
                time.sleep(LOOK_SECONDS)
        yield


def _choice(payload: dict[str, Any]) -> EncoderChoice | None:
    encoder, tuning, int8 = (payload.get(name) for name in ("encoder", "tuning", "int8"))
    if encoder is None and tuning is None and int8 is None:
        return None
    return EncoderChoice(encoder, tuning, int8)


class _Beat:
    """Keeps what a job last said about itself, for the thread that writes it down."""

    def __init__(self) -> None:
        self.detail = ""
        self.share = 0.0
        self.stopped = False
        self.ended = False
        self.news = threading.Event()

    def __call__(self, step: str, share: float) -> None:
        if self.stopped:
            raise JobStoppedError("the job was cancelled, or another worker has it")
        if step != self.detail:
            self.news.set()
        self.detail, self.share = step, share

    def end(self) -> None:
        self.ended = True
        self.news.set()


@contextmanager
def _beating(database: Database, owner: str, job: Job) -> Iterator[_Beat]:
    """Renew the lease now and then, also while the job is silent for minutes."""
    beat = _Beat()

    def renew() -> None:
        while True:
            beat.news.wait(BEAT_SECONDS)
            beat.news.clear()
            if beat.ended:
                return
            try:
                with database.session() as session:
                    wanted = Jobs(session).heartbeat(job.id, owner, beat.share, beat.detail)
            except ConflictError as error:
                logger("jobs").warning("job_lost", reason=str(error))
                wanted = False
            except KefuError as error:
                logger("jobs").warning("lease_not_renewed", job=job.id, reason=str(error))
                continue
            beat.stopped = beat.stopped or not wanted

    thread = threading.Thread(target=renew, name="kefu-lease", daemon=True)
    thread.start()
    try:
        yield beat
    finally:
        beat.end()
        thread.join()
