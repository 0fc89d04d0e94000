"""Bundles, retraining and jobs."""

from __future__ import annotations

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
from bot.web.state import WebDep
from storage.bundles import Bundles
from storage.errors import ConflictError
from storage.jobs import Jobs
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
        repository = Bundles(session)
        previous = repository.previous()
        if previous is None:
            raise ConflictError("there is no earlier bundle to go back to")
        repository.promote(previous.id, by=staff.name, reason="rollback", override=True)
        return repository.get(previous.id)

    return BundleOut.model_validate(await web.services.work.run(unit))


@router.post("/bundles/{bundle_id}/promote")
async def promote(web: WebDep, staff: Admin, bundle_id: BundleId, body: PromoteIn) -> BundleOut:
    """Make a bundle live; running servers pick it up by themselves."""

    def unit(session: Session) -> BundleRecord:
        repository = Bundles(session)
        repository.promote(bundle_id, by=staff.name, reason=body.reason, override=body.override)
        return repository.get(bundle_id)

    return BundleOut.model_validate(await web.services.work.run(unit))


@router.post("/retrain", status_code=202)
async def retrain(web: WebDep, _staff: Admin, body: RetrainIn) -> JobOut:
    """Queue a retraining; a worker does it."""
    payload = body.model_dump()
    job = await web.services.work.run(lambda session: Jobs(session).enqueue("retrain", payload))
    return JobOut.model_validate(job)


@router.get("/jobs")
async def jobs(web: WebDep) -> list[JobOut]:
    """Background jobs, newest first."""
    found = await web.services.work.read(lambda session: Jobs(session).list())
    return [JobOut.model_validate(job) for job in found]
