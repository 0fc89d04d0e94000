"""A retraining that an admin asked for: queued once, and told about while it runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from aiogram.exceptions import AiogramError
from aiogram.methods import EditMessageText, SendMessage
from sqlalchemy.orm import Session

from bot.services import Services
from bot.telegram.formatting import clean, split
from bot.telegram.pace import Pace
from bot.telegram.requests import Requests, is_same
from bot.telegram.updates import Commanded
from bot.telegram.wording_staff import say
from storage.jobs import Jobs
from storage.types import Job, JobStatus

KIND = "retrain"
_ASKED = "asked_in_telegram"
_LANGUAGE = "language"
_RUNNING = (JobStatus.QUEUED, JobStatus.RUNNING)
_RECENT = 50


class Retraining:
    """Queues jobs and follows their rows, wherever they are done."""

    def __init__(self, services: Services, requests: Requests, pace: Pace) -> None:
        """Follow nothing yet."""
        self._work = services.work
        self._requests = requests
        self._pace = pace

    async def start(self, deed: Commanded, language: str) -> None:
        """Queue a job, or follow the one that is under way; the same message queues one."""

        def unit(session: Session) -> Job:
            jobs = [job for job in Jobs(session).list(_RECENT) if job.kind == KIND]
            for job in jobs:
                if job.payload.get(_ASKED) == deed.external_id or job.status in _RUNNING:
                    return job
            payload = {_ASKED: deed.external_id, _LANGUAGE: language}
            return Jobs(session).enqueue(KIND, payload)

        job = await self._work.run(unit)
        self._requests.spawn(self._follow(job, deed.sender.chat_id, language))

    async def resume(self) -> None:
        """Follow what was asked for here and is not at its end."""
        jobs = await self._work.read(lambda session: Jobs(session).list(_RECENT))
        for job in jobs:
            asked = str(job.payload.get(_ASKED, ""))
            if job.status in _RUNNING and asked:
                chat_id, language = int(asked.partition(":")[0]), str(job.payload[_LANGUAGE])
                self._requests.spawn(self._follow(job, chat_id, language))

    async def _follow(self, job: Job, chat_id: int, language: str) -> None:
        """One message that shows how far it is, edited now and then, and one with the verdict."""
        method = SendMessage(chat_id=chat_id, text=progress(job, language))
        sent = await self._requests.send(method)
        told, edited = method.text, time.monotonic()
        while job.status in _RUNNING:
            await asyncio.sleep(self._pace.look)
            job = await self._work.read(partial(_job, job.id))
            text = progress(job, language)
            if text != told and time.monotonic() - edited >= self._pace.edit:
                await self._edit(chat_id, sent.message_id, text)
                told, edited = text, time.monotonic()
        for text in verdict(job, language):
            await self._requests.send(SendMessage(chat_id=chat_id, text=text))

    async def _edit(self, chat_id: int, message_id: int, text: str) -> None:
        method = EditMessageText(chat_id=chat_id, message_id=message_id, text=text)
        try:
            await self._requests.send(method, tries=1)
        except AiogramError as error:
            if not is_same(error):
                self._requests.complain(method, error)


def _job(job_id: int, session: Session) -> Job:
    return Jobs(session).get(job_id)


def progress(job: Job, language: str) -> str:
    """How far the job is, as a bar of ten blocks and what it does now."""
    if job.status is JobStatus.QUEUED:
        return say("retrain_queued", language)
    full = round(job.progress * 10)
    bar = "█" * full + "░" * (10 - full)
    told = say("retrain_running", language, bar=bar, percent=round(job.progress * 100))
    return "\n".join(filter(None, (told, clean(job.detail))))


def verdict(job: Job, language: str) -> Sequence[str]:
    """What came of it, with the reasons of the gate."""
    result = job.result or {}
    if job.status is JobStatus.FAILED or result.get("outcome") not in _OUTCOMES:
        return split(clean(say("retrain_failed", language, error=job.error or "?")))
    told = say(
        f"retrain_{result['outcome']}",
        language,
        bundle=result.get("bundle") or "-",
        seconds=round(result.get("seconds", 0)),
    )
    reasons = [f"• {reason}" for reason in result.get("reasons", ())]
    return split(clean("\n".join((told, *reasons))))


_OUTCOMES = ("promoted", "unchanged", "refused")
