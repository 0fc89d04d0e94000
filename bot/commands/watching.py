"""The server's side of jobs: queue what is due, and start a worker whenever something waits."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.commands.working import KINDS, LOOK_SECONDS, Schedule
from bot.logs import logger
from bot.schedule import enqueue_due, enqueue_retention, is_retention_due, look_at_schedule
from bot.services import Services
from bot.settings import Settings
from storage.errors import StorageError
from storage.jobs import Jobs

AFTER_FAILURE_SECONDS = 30.0
"""A worker that cannot even begin is not started again at once."""

CLOSING_SECONDS = 10.0


async def watch_jobs(services: Services) -> None:
    """Start a worker process whenever a job waits, and end it with the server."""
    schedule = await asyncio.to_thread(Schedule, services.settings)
    while True:
        pause = LOOK_SECONDS
        try:
            await _queue_due(services, schedule)
            if await services.work.read(lambda session: Jobs(session).waiting(KINDS)):
                code = await _work_beside(services.settings)
                pause = AFTER_FAILURE_SECONDS if code else LOOK_SECONDS
        except StorageError as error:
            logger("jobs").warning("database_unreachable", reason=str(error))
        await asyncio.sleep(pause)


async def _queue_due(services: Services, schedule: Schedule) -> None:
    now = datetime.now(UTC)
    if not schedule.is_time(now):
        return
    due = await services.work.read(partial(look_at_schedule, schedule.plan, now))
    if due is not None:
        await services.work.run(partial(enqueue_due, due))
    days = schedule.retention_days
    if await services.work.read(partial(is_retention_due, days, now)):
        await services.work.run(partial(enqueue_retention, days))


async def _work_beside(settings: Settings) -> int:
    """Let a worker do what is queued; its exit code."""
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
        return code
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
