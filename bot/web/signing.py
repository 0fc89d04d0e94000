"""Signed tokens: JSON Web Tokens (RFC 7519) with HMAC-SHA256 and nothing else.

One algorithm, fixed here and never taken from the token, leaves no choice to whoever forges one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from storage.errors import UnauthorizedError

MAX_TOKEN_CHARS = 8192
_LEEWAY_SECONDS = 30


class BadTokenError(UnauthorizedError):
    """A token that was not signed by the key, or is no token at all."""

    code = "bad_token"


class ExpiredTokenError(UnauthorizedError):
    """A token whose time is over."""

    code = "token_expired"


def derived_key(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose, so that a token for another purpose is worthless here."""
    return hmac.new(secret, purpose.encode(), hashlib.sha256).digest()


def sign(claims: Mapping[str, Any], key: bytes) -> str:
    """The token that says `claims`; `exp` in it is seconds since 1970."""
    head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    body = _encode(json.dumps(dict(claims), separators=(",", ":"), ensure_ascii=False).encode())
    return f"{head}.{body}.{_encode(_signature(f'{head}.{body}', key))}"


def read(token: str, key: bytes, *, now: float | None = None) -> dict[str, Any]:
    """The claims of a token; BadTokenError if it is not ours, ExpiredTokenError if it is old."""
    signed, _, signature = token.rpartition(".")
    head, _, body = signed.partition(".")
    if len(token) > MAX_TOKEN_CHARS or not token.isascii():
        raise BadTokenError("expected a signed token, found something else")
    if not hmac.compare_digest(_encode(_signature(signed, key)), signature):
        raise BadTokenError("this token was not signed by the key that is expected here")
    claims, kind = _json(body), _json(head)
    if kind.get("alg") != "HS256":
        raise BadTokenError('expected a token with "alg": "HS256"')
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or isinstance(expires, bool):
        raise BadTokenError("expected a token with `exp`, the second in which it expires")
    if expires < (time.time() if now is None else now) - _LEEWAY_SECONDS:
        raise ExpiredTokenError("this token has expired")
    return claims


def _signature(text: str, key: bytes) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _json(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error) as error:
        raise BadTokenError("expected a signed token, found something else") from error
    if not isinstance(found, dict):
        raise BadTokenError("expected a token of claims, found something else")
    return found
