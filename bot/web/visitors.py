"""A visitor's token: which conversation it opens, for which visitor, on which site, how long."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from bot.web.signing import BadTokenError, derived_key, read, sign


@dataclass(frozen=True, slots=True)
class Visit:
    """What a token says.

    `visitor` stays the same over renewals and new conversations; `origin` is the site that the
    chat is embedded in, None for our own page and for programs.
    """

    conversation: str
    visitor: str
    origin: str | None
    expires: int


class VisitorTokens:
    """Signs and reads the tokens of one home."""

    def __init__(self, secret: bytes, hours: float) -> None:
        """A token is good for `hours`; it can be renewed while it is."""
        self._key = derived_key(secret, "visitor")
        self._seconds = hours * 3600

    def issue(self, conversation: str, origin: str | None, visitor: str | None = None) -> str:
        """A token for a conversation; a visitor is made unless one is named."""
        claims = {
            "sub": visitor or secrets.token_hex(8),
            "con": conversation,
            "org": origin,
            "exp": int(time.time() + self._seconds),
        }
        return sign(claims, self._key)

    def read(self, token: str) -> Visit:
        """What a token says; BadTokenError or ExpiredTokenError if it says nothing to us."""
        claims = read(token, self._key)
        try:
            origin = None if claims["org"] is None else str(claims["org"])
            return Visit(str(claims["con"]), str(claims["sub"]), origin, int(claims["exp"]))
        except KeyError as error:
            raise BadTokenError("expected a conversation's token, found another kind") from error
