"""Which sites may embed the chat, and which site a request comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request

from bot.web.security import page_policy
from storage.errors import PermissionDeniedError

ORIGIN_HEADER = "Kefu-Origin"
"""The chat page says here which site it is embedded in: its own requests come from our origin.

A page cannot lie about that for long: the browser shows the frame only inside the site that it
named (frame-ancestors).
"""

LOOPBACK = ("http://localhost:*", "http://127.0.0.1:*")
"""Who may embed where no origin is named: a page on the same machine, for trying it out."""

_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(?::\d{1,5})?|https?://\[[0-9a-f:.]+\](?::\d{1,5})?")


class OriginNotAllowedError(PermissionDeniedError):
    """A site that is not on the list wants to embed the chat."""

    code = "origin_not_allowed"


def is_allowed(origin: str, allowed: Sequence[str]) -> bool:
    """Whether this site may embed the chat.

    An entry is an origin; its port may be `*`, and its host may begin with `*.`, which stands
    for every host below that one.
    """
    return _ORIGIN.fullmatch(origin.lower()) is not None and any(
        _fits(origin.lower(), entry.lower().rstrip("/")) for entry in allowed or LOOPBACK
    )


def _fits(origin: str, entry: str) -> bool:
    if "*" not in entry:
        return origin == entry
    pattern = (
        re.escape(entry).replace(r":\*", r"(?::\d{1,5})?").replace(r"//\*\.", r"//[a-z0-9.-]+\.")
    )
    return re.fullmatch(pattern, origin) is not None


def chat_policy(allowed: Sequence[str], origin: str | None = None) -> str:
    """The chat page's policy: framed by the one site that asked for it, else by those allowed."""
    ancestors = allowed or LOOPBACK if origin is None else (origin,)
    return page_policy(" ".join(("'self'", *ancestors)))


def embedding_origin(request: Request, allowed: Sequence[str]) -> str | None:
    """The site that this request is made for; None for our own page and for programs.

    Raises OriginNotAllowedError for a site that may not embed the chat.
    """
    origin = request.headers.get(ORIGIN_HEADER) or _foreign(request)
    if origin is not None and not is_allowed(origin, allowed):
        raise OriginNotAllowedError(
            "this site may not embed the chat: add its origin to KEFU_ALLOWED_ORIGINS"
        )
    return origin


def _foreign(request: Request) -> str | None:
    """The Origin header where it names another site than ours."""
    origin = request.headers.get("origin")
    if origin is None or request.headers.get("sec-fetch-site") in ("same-origin", "none"):
        return None
    try:
        own = urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        own = False
    return None if own else origin
