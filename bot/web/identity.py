"""Who a visitor is, as the company's own server says it in a signed token."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.web.signing import BadTokenError, read
from storage.errors import PermissionDeniedError
from storage.identity import identify, use_nonce

LONGEST_SECONDS = 3600
"""An identity is signed for one use: a token that lives longer than this is refused."""
MAX_ATTRIBUTES = 20
MAX_CHARS = 200
_RESERVED = frozenset(("sub", "exp", "iat", "nbf", "jti", "iss", "aud"))


class ReplayedIdentityError(PermissionDeniedError):
    """The nonce of an identity was used before."""

    code = "identity_replayed"


class IdentityNotConfiguredError(PermissionDeniedError):
    """No secret is set that identities could be signed with."""

    code = "identity_not_configured"


@dataclass(frozen=True, slots=True)
class Identity:
    """A customer as their company knows them."""

    customer: str
    nonce: str
    expires_at: datetime
    attributes: dict[str, Any] = field(default_factory=dict)


def read_identity(token: str, secret: str, *, now: float | None = None) -> Identity:
    """What a signed identity says.

    A JSON Web Token (HS256) with `sub`, the customer's id; `exp`, at most an hour ahead; `jti`, a
    nonce that is used once. Every other claim that is a text, a number or a truth value is an
    attribute of the customer, e.g. name, level.
    """
    claims = read(token, secret.encode(), now=now)
    customer, nonce = claims.get("sub"), claims.get("jti")
    for name, value in (("sub", customer), ("jti", nonce)):
        if not isinstance(value, str) or not 0 < len(value) <= MAX_CHARS or not value.isprintable():
            raise BadTokenError(f"expected an identity with `{name}`, a text of one line")
    expires = float(claims["exp"])
    if expires > (time.time() if now is None else now) + LONGEST_SECONDS:
        raise BadTokenError("expected an identity whose `exp` is at most an hour ahead")
    attributes = {
        name[:MAX_CHARS]: value[:MAX_CHARS] if isinstance(value, str) else value
        for name, value in claims.items()
        if name not in _RESERVED and isinstance(value, str | int | float | bool)
    }
    if len(attributes) > MAX_ATTRIBUTES:
        raise BadTokenError(f"expected at most {MAX_ATTRIBUTES} attributes")
    expires_at = datetime.fromtimestamp(expires, UTC)
    return Identity(str(customer), str(nonce), expires_at, attributes)


def apply_identity(session: Session, conversation_id: str, identity: Identity) -> None:
    """Give the conversation to its customer; ReplayedIdentityError if the nonce was used."""
    if not use_nonce(session, identity.nonce, identity.expires_at):
        raise ReplayedIdentityError("this identity was used before: sign a new one")
    identify(session, conversation_id, identity.customer, identity.attributes)
