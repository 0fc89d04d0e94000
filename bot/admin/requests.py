"""What customers asked staff to do: returns, cancellations, changed addresses, invoices."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from bot.admin.schemas import RequestDecisionIn, ServiceRequestOut
from bot.web.auth import Operator
from bot.web.conversations import RowId
from bot.web.state import WebDep
from storage.service import ServiceRequests

router = APIRouter(prefix="/requests")

Limit = Annotated[int, Query(ge=1, le=500)]
Status = Literal["open", "done", "rejected", "all"]


@router.get("")
async def requests(
    web: WebDep, status: Status = "open", limit: Limit = 50
) -> list[ServiceRequestOut]:
    """Service requests, oldest first."""
    wanted = None if status == "all" else status
    found = await web.services.work.read(
        lambda session: ServiceRequests(session).list(status=wanted, limit=limit)
    )
    return [ServiceRequestOut.model_validate(each) for each in found]


@router.post("/{request_id}")
async def close_request(
    web: WebDep, staff: Operator, request_id: RowId, body: RequestDecisionIn
) -> ServiceRequestOut:
    """Close a request as done or rejected."""
    decided = await web.services.work.run(
        lambda session: ServiceRequests(session).decide(request_id, body.status, by=staff.name)
    )
    return ServiceRequestOut.model_validate(decided)
