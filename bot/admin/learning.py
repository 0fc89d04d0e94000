"""Bundles, retraining and jobs."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session

from bot.admin.schemas import (
    BundleOut,
    JobOut,
    PromoteIn,
    RetrainIn,
)
from bot.web.auth import Admin
from bot.web.conversations import RowId
from bot.web.state import Web, WebDep
from finetune.errors import BundleDamagedError
from finetune.manifest import verify_for_serving
from storage.bundles import Bundles
from storage.errors import ConflictError
from storage.jobs import Jobs
from storage.retraining import RETRAIN
from storage.types import BundleRecord

router = APIRouter()

BundleId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


@router.get("/bundles")
async def bundles(web: WebDep) -> list[BundleOut]:
    """Every bundle that was made, newest first, and which one is live."""
    found = await web.services.work.read(lambda session: Bundles(session).list())
    return [BundleOut.model_validate(bundle) for bundle in found]


@router.post("/bundles/rollback")
async def rollback(web: WebDep, staff: Admin) -> BundleOut:
    """Make the bundle live that was so before."""

    def unit(session: Session) -> BundleRecord:
        return Bundles(session).roll_back(previous.id, by=staff.name)

    previous = await web.services.work.read(lambda session: Bundles(session).to_roll_back_to())
    await _check_files(web, previous)
    return BundleOut.model_validate(await web.services.work.run(unit))


@router.post("/bundles/{bundle_id}/promote")
async def promote(web: WebDep, staff: Admin, bundle_id: BundleId, body: PromoteIn) -> BundleOut:
    """Make a bundle live; running servers pick it up by themselves."""

    def unit(session: Session) -> BundleRecord:
        repository = Bundles(session)
        repository.promote(bundle_id, by=staff.name, reason=body.reason, override=body.override)
        return repository.get(bundle_id)

    wanted = await web.services.work.read(lambda session: Bundles(session).get(bundle_id))
    await _check_files(web, wanted)
    return BundleOut.model_validate(await web.services.work.run(unit))


async def _check_files(web: Web, bundle: BundleRecord) -> None:
    """Refuse a bundle that no server could load; what is refused here is the request's fault."""
    bundle.must_have_files()
    settings = web.services.settings
    folder = settings.bundles_dir / bundle.id
    try:
        await asyncio.to_thread(verify_for_serving, folder, settings.encoders_dir)
    except BundleDamagedError as error:
        raise ConflictError(str(error)) from error


@router.post("/retrain", status_code=202)
async def retrain(web: WebDep, _staff: Admin, body: RetrainIn) -> JobOut:
    """Queue a retraining; a worker does it."""
    payload = body.model_dump()
    job = await web.services.work.run(lambda session: Jobs(session).enqueue(RETRAIN, payload))
    return JobOut.model_validate(job)


@router.get("/jobs")
async def jobs(web: WebDep) -> list[JobOut]:
    """Background jobs, newest first."""
    found = await web.services.work.read(lambda session: Jobs(session).list())
    return [JobOut.model_validate(job) for job in found]


@router.get("/jobs/{job_id}")
async def job(web: WebDep, job_id: RowId) -> JobOut:
    """One background job."""
    found = await web.services.work.read(lambda session: Jobs(session).get(job_id))
    return JobOut.model_validate(found)


@router.post("/jobs/{job_id}/cancel")
async def cancel_job(web: WebDep, staff: Admin, job_id: RowId) -> JobOut:
    """End a job that waits; a running one ends at its next step."""
    cancelled = await web.services.work.run(
        lambda session: Jobs(session).cancel(job_id, by=staff.name)
    )
    return JobOut.model_validate(cancelled)
