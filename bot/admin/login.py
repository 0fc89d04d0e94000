"""Log in and out, see who one is, and hand out API tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from bot.admin.schemas import LoginIn, NewTokenOut, StaffOut, TokenIn, TokenOut
from bot.web.auth import (
    SESSION_COOKIE,
    SESSION_SECONDS,
    Operator,
    StaffCookie,
    address_of,
    check_password,
    new_token,
    token_hash,
)
from bot.web.conversations import RowId, errors
from bot.web.security import refuse_foreign_page
from bot.web.state import WebDep
from storage.errors import NotFoundError, UnauthorizedError
from storage.staff import StaffAccounts
from storage.types import Staff

SESSION_LABEL = "session"

login_router = APIRouter(prefix="/api/admin", tags=["staff"])
router = APIRouter()


@login_router.post("/login", responses=errors(400, 401, 403, 422, 429, 503))
async def login(request: Request, response: Response, web: WebDep, body: LoginIn) -> StaffOut:
    """Log in: sets a cookie for twelve hours."""
    refuse_foreign_page(request)
    address = address_of(request)
    web.logins.count(address, body.name)
    staff, hashed = await web.services.work.read(lambda session: _account(session, body.name))
    fits = await check_password(body.password.get_secret_value(), hashed)
    if staff is None or not fits:
        raise UnauthorizedError("wrong name or password")
    web.logins.forgive(address, body.name)
    token = new_token()
    expires = datetime.now(UTC) + timedelta(seconds=SESSION_SECONDS)
    await web.services.work.run(
        lambda session: StaffAccounts(session).add_token(
            staff.id, token_hash(token), SESSION_LABEL, expires
        )
    )
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return StaffOut.model_validate(staff)


def _account(session: Session, name: str) -> tuple[Staff | None, str | None]:
    accounts = StaffAccounts(session)
    return accounts.get_by_name(name), accounts.password_hash(name)


@router.get("/me")
async def who_am_i(staff: Operator) -> StaffOut:
    """The account that this request runs under."""
    return StaffOut.model_validate(staff)


@router.post("/logout", status_code=204)
async def logout(response: Response, web: WebDep, _staff: Operator, cookie: StaffCookie) -> None:
    """End the session of the cookie."""
    if cookie:
        hashed = token_hash(cookie)
        await web.services.work.run(lambda session: StaffAccounts(session).revoke_token(hashed))
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")


@router.post("/tokens", status_code=201)
async def make_token(web: WebDep, staff: Operator, body: TokenIn) -> NewTokenOut:
    """Make an API token for oneself; it is shown this once."""
    token = new_token()
    expires = datetime.now(UTC) + timedelta(days=body.days) if body.days else None
    await web.services.work.run(
        lambda session: StaffAccounts(session).add_token(
            staff.id, token_hash(token), body.label, expires
        )
    )
    return NewTokenOut(token=token, label=body.label, expires_at=expires)


@router.get("/tokens")
async def tokens(web: WebDep, staff: Operator) -> list[TokenOut]:
    """One's own API tokens and sessions, without their secrets."""
    found = await web.services.work.read(
        lambda session: StaffAccounts(session).list_tokens(staff.id)
    )
    return [TokenOut.model_validate(token) for token in found]


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(web: WebDep, staff: Operator, token_id: RowId) -> Response:
    """Make one of one's own tokens worthless."""

    def unit(session: Session) -> None:
        accounts = StaffAccounts(session)
        if token_id not in {token.id for token in accounts.list_tokens(staff.id)}:
            raise NotFoundError("you have no token of this id")
        accounts.revoke_token_by_id(token_id)

    await web.services.work.run(unit)
    return Response(status_code=204)
