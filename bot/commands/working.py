"""Doing queued jobs, in a process of their own so that answering customers stays quick."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bot.commands.options import open_database
from bot.commands.output import say
from bot.commands.training import retrain_home
from bot.logs import logger
from bot.services import Services
from bot.settings import Settings
from finetune.settings import EncoderChoice
from storage.database import Database
from storage.errors import KefuError
from storage.jobs import Jobs
from storage.types import Job, JobStatus

KINDS = ("retrain",)
LEASE_SECONDS = 60.0
BEAT_SECONDS = 15.0
LOOK_SECONDS = 2.0
CLOSING_SECONDS = 10.0


def work(settings: Settings, *, once: bool) -> None:
    """Do job after job until told to stop; with `once`, only what is queued now."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    with open_database(settings) as database:
        while True:
            with database.session() as session:
                job = Jobs(session).claim(owner, LEASE_SECONDS, kinds=KINDS)
            if job is not None:
                _do(settings, database, owner, job)
            elif once:
                return
            else:
                time.sleep(LOOK_SECONDS)


def _do(settings: Settings, database: Database, owner: str, job: Job) -> None:
    say(f"kefu: job {job.id} ({job.kind}) begins")
    with _beating(database, owner, job) as progress:
        try:
            result, error = _retrain(settings, database, job.payload, progress), ""
        except KefuError as failure:
            result, error = {}, str(failure)
        except Exception as failure:  # noqa: BLE001
            # The job is over either way; what broke is kept with it and told in the log.
            logger("jobs").error("job_failed", job=job.id, exc_info=failure)
            result, error = {}, f"{type(failure).__name__}: {failure}"
    with database.session() as session:
        if error:
            Jobs(session).fail(job.id, owner, error)
        else:
            Jobs(session).finish(job.id, owner, result)
    say(f"kefu: job {job.id} ({job.kind}) {'failed: ' + error if error else 'is done'}")


def _retrain(
    settings: Settings, database: Database, payload: dict[str, Any], progress: _Beat
) -> dict[str, Any]:
    outcome = retrain_home(
        settings,
        database,
        choice=_choice(payload),
        force=bool(payload.get("force")),
        progress=progress,
    )
    return {
        "outcome": outcome.outcome,
        "bundle": outcome.bundle,
        "reasons": list(outcome.reasons),
        "seconds": outcome.seconds,
    }


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

    def __call__(self, step: str, share: float) -> None:
        self.detail, self.share = step, share


@contextmanager
def _beating(database: Database, owner: str, job: Job) -> Iterator[_Beat]:
    """Renew the lease now and then, also while the job is silent for minutes."""
    beat, ended = _Beat(), threading.Event()

    def renew() -> None:
        while not ended.wait(BEAT_SECONDS):
            try:
                with database.session() as session:
                    Jobs(session).heartbeat(job.id, owner, beat.share, beat.detail)
            except KefuError as error:
                logger("jobs").warning("lease_not_renewed", job=job.id, reason=str(error))

    thread = threading.Thread(target=renew, name="kefu-lease", daemon=True)
    thread.start()
    try:
        yield beat
    finally:
        ended.set()
        thread.join()


async def watch_jobs(services: Services) -> None:
    """Start a worker process whenever a job is queued, and end it with the server."""
    while True:
        jobs = await services.work.read(lambda session: Jobs(session).list(len(KINDS)))
        if any(job.status is JobStatus.QUEUED for job in jobs):
            await _work_beside(services.settings)
        await asyncio.sleep(LOOK_SECONDS)


async def _work_beside(settings: Settings) -> None:
    arguments = ["-m", "bot.cli", "--home", str(settings.home), "worker", "--once"]
    environment = dict(os.environ)
    if settings.shop is not None:
        environment["KEFU_SHOP"] = str(settings.shop)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        code = await process.wait()
        if code:
            logger("jobs").error("worker_failed", code=code)
    finally:
        if process.returncode is None:
            process.terminate()
            await _ended(process.wait, process.kill)


async def _ended(wait: Callable[[], Any], kill: Callable[[], None]) -> None:
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            await wait()
    except TimeoutError:
        kill()
        await wait()
