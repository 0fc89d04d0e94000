"""Staff accounts, and how much there is of everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from bot.admin.schemas import NewStaffIn, StaffOut, StatsOut
from bot.web.auth import Admin, hash_password
from bot.web.state import WebDep
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.errors import ConflictError
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.review import ReviewQueue
from storage.staff import StaffAccounts
from storage.templates import Templates
from storage.types import ConversationStatus

MOST_COUNTED = 500

router = APIRouter()

StaffName = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


@router.get("/users")
async def users(web: WebDep, _staff: Admin) -> list[StaffOut]:
    """The staff accounts."""
    found = await web.services.work.read(lambda session: StaffAccounts(session).list())
    return [StaffOut.model_validate(account) for account in found]


@router.post("/users", status_code=201)
async def add_user(web: WebDep, _staff: Admin, body: NewStaffIn) -> StaffOut:
    """Make an account."""
    hashed = await hash_password(body.password.get_secret_value())
    account = await web.services.work.run(
        lambda session: StaffAccounts(session).add(body.name, hashed, body.role)
    )
    return StaffOut.model_validate(account)


@router.delete("/users/{name}", status_code=204)
async def remove_user(web: WebDep, staff: Admin, name: StaffName) -> Response:
    """Close an account and end its sessions and tokens; one's own stays."""
    if name == staff.name:
        raise ConflictError("you cannot remove the account that you are using")
    await web.services.work.run(lambda session: StaffAccounts(session).remove(name))
    return Response(status_code=204)


@router.get("/stats")
async def stats(web: WebDep) -> StatsOut:
    """How much there is; conversations and open questions are counted up to 500."""
    return await web.services.work.read(_count)


def _count(session: Session) -> StatsOut:
    conversations = Conversations(session)
    return StatsOut(
        bundle=Bundles(session).live_id(),
        knowledge_revision=Knowledge(session).revision(),
        templates=len(Templates(session).all()),
        examples=Examples(session).count(),
        documents=len(Knowledge(session).documents()),
        open_reviews=ReviewQueue(session).count(),
        conversations={
            status: len(conversations.list_recent(limit=MOST_COUNTED, status=status))
            for status in ConversationStatus
        },
    )
