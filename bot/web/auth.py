"""Who is asking: a customer by their conversation's token, staff by an API token or a cookie."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from bot.web.errors import WrongConversationError
from bot.web.origins import embedding_origin
from bot.web.security import refuse_foreign_page
from bot.web.signing import BadTokenError
from bot.web.state import Web, WebDep
from bot.web.visitors import Visit
from storage.conversations import Conversations
from storage.errors import NotFoundError, PermissionDeniedError, UnauthorizedError
from storage.staff import StaffAccounts
from storage.types import Conversation, Staff, StaffRole

SESSION_COOKIE = "kefu_session"
SESSION_SECONDS = 12 * 3600

customer_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="customerToken",
    description="The token that POST /api/conversations gave.",
)
staff_bearer = HTTPBearer(
    auto_error=False, scheme_name="staffToken", description="A staff member's API token."
)
staff_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="staffSession",
    description="The cookie that POST /api/admin/login sets.",
)

CustomerToken = Annotated[HTTPAuthorizationCredentials | None, Security(customer_bearer)]
StaffToken = Annotated[HTTPAuthorizationCredentials | None, Security(staff_bearer)]
StaffCookie = Annotated[str | None, Security(staff_cookie)]

ConversationId = Annotated[str, Path(min_length=1, max_length=64)]


def new_token() -> str:
    """256 random bits, as text that fits a header."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the database keeps of a token; it is random, so a plain hash cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Owned:
    """A customer's own conversation, and the visit that their token speaks of."""

    conversation: Conversation
    visit: Visit


async def own_conversation(
    request: Request, web: Web, conversation_id: str, token: str | None
) -> Owned:
    """The conversation that `token` opens: 401 without one, 404 unknown, 403 another's token.

    A token is good on the site that it was given to, and nowhere else.
    """
    if not conversation_id.isascii() or not conversation_id.isprintable():
        raise NotFoundError("there is no such conversation")
    if not token:
        raise UnauthorizedError(
            "expected the conversation's token as `Authorization: Bearer <token>`, found none"
        )
    origin = embedding_origin(request, web.services.settings.allowed_origins)
    conversation = await web.services.work.read(
        lambda session: Conversations(session).get(conversation_id)
    )
    try:
        visit = web.visitors.read(token)
    except BadTokenError as error:
        raise WrongConversationError("this token does not belong to this conversation") from error
    if visit.conversation != conversation_id:
        raise WrongConversationError("this token does not belong to this conversation")
    if visit.origin != origin:
        raise WrongConversationError("this token belongs to the chat on another site")
    return Owned(conversation, visit)


async def require_customer(
    request: Request, conversation_id: ConversationId, web: WebDep, credentials: CustomerToken
) -> Owned:
    """The customer's own conversation, named in the path."""
    token = credentials.credentials if credentials else None
    return await own_conversation(request, web, conversation_id, token)


OwnConversation = Annotated[Owned, Depends(require_customer)]


def address_of(request: Request) -> str:
    """Where a request comes from; behind a trusted proxy, what that proxy says."""
    return request.client.host if request.client else ""


async def current_staff(
    request: Request, web: WebDep, credentials: StaffToken, cookie: StaffCookie
) -> Staff:
    """The member of staff who asks; a cookie counts only for requests of our own pages."""
    token = credentials.credentials if credentials else cookie
    if not token:
        raise UnauthorizedError(
            "staff only: log in, or send an API token as `Authorization: Bearer <token>`"
        )
    if credentials is None:
        refuse_foreign_page(request)
    hashed = token_hash(token)
    staff = await web.services.work.read(lambda session: StaffAccounts(session).by_token(hashed))
    if staff is None:
        raise UnauthorizedError("this token is not known, or has expired: log in again")
    return staff


CurrentStaff = Annotated[Staff, Depends(current_staff)]


def require_staff(role: StaffRole) -> Callable[[Staff], Awaitable[Staff]]:
    """A dependency that lets staff of at least this role through."""

    async def check(staff: CurrentStaff) -> Staff:
        if role is StaffRole.ADMIN and staff.role is not StaffRole.ADMIN:
            raise PermissionDeniedError(f"this needs the role {role}, and you are {staff.role}")
        return staff

    return check


Operator = Annotated[Staff, Depends(require_staff(StaffRole.OPERATOR))]
Admin = Annotated[Staff, Depends(require_staff(StaffRole.ADMIN))]


def _hash(password: str) -> str:
    return PasswordHash.recommended().hash(password)


def _matches(password: str, hashed: str) -> bool:
    try:
        return PasswordHash.recommended().verify(password, hashed)
    except UnknownHashError:
        # An account that a channel vouches for has no password.
        return False


async def hash_password(password: str) -> str:
    """Argon2, in a thread because it is slow on purpose."""
    return await asyncio.to_thread(_hash, password)


async def check_password(password: str, hashed: str | None) -> bool:
    """Whether the password fits; without a hash it takes as long, and the answer is no."""
    if hashed is None:
        await asyncio.to_thread(_hash, password)
        return False
    return await asyncio.to_thread(_matches, password, hashed)
