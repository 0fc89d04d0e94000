"""Every staff route, behind one door that refuses by default."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from bot.admin import (
    attaching,
    conversations,
    desk,
    insight,
    knowledge,
    learning,
    login,
    requests,
    review,
    searching,
    stats,
    users,
)
from bot.admin.login import login_router
from bot.web.auth import require_staff
from bot.web.conversations import errors
from storage.types import StaffRole

router = APIRouter(
    prefix="/api/admin",
    tags=["staff"],
    dependencies=[Depends(require_staff(StaffRole.OPERATOR))],
    responses=errors(400, 401, 403, 404, 409, 413, 422, 503),
)
# `attaching` goes before `knowledge`, whose documents may be of any name.
_PARTS = (
    login, conversations, desk, learning, review, insight, attaching, knowledge, searching,
    requests, stats, users,
)  # fmt: skip
for _part in _PARTS:
    router.include_router(_part.router)

__all__ = ["login_router", "router"]
