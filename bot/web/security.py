"""Headers that browsers obey, and the check that a cookie was not used by a foreign page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.errors import ForeignRequestError, error_response

MAX_BODY_BYTES = 1_000_000
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

_OWN_FILES_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def page_policy(framed_by: str | None = "'none'") -> str:
    """A content security policy for a page of ours; `framed_by` None lets any site frame it."""
    return (
        _OWN_FILES_ONLY if framed_by is None else f"{_OWN_FILES_ONLY}; frame-ancestors {framed_by}"
    )


def chat_policy(allowed_origins: Sequence[str]) -> str:
    """The chat page's policy: framed by the allowed origins, or by any site if none is named.

    The page holds no cookie and can do nothing for the page around it, so being framed is
    harmless; naming the shop's own site keeps others from wearing its bot.
    """
    return page_policy(" ".join(("'self'", *allowed_origins)) if allowed_origins else None)


class BodyLimitMiddleware:
    """Refuses a body of more than `limit` bytes, announced or not, without keeping it.

    `larger` names the paths that may have more.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        """Wrap `app`."""
        self._app = app
        self._limit = limit
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        request = Request(scope)
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            response = error_response(request, 413, "too_large", _detail(limit))
            await response(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, _detail(limit))
            return message

        await self._app(scope, counted, send)


def _detail(limit: int) -> str:
    return f"a request body may have {limit} bytes, this one has more"


class SecurityHeadersMiddleware:
    """Adds the headers that hold for every response, unless a route has set its own."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _headers_for(scope["path"]).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def _headers_for(path: str) -> Mapping[str, str]:
    common = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Content-Security-Policy": page_policy(),
    }
    if path.startswith(("/api/", "/v1/")):
        common["Cache-Control"] = "no-store"
    return common


def refuse_foreign_page(request: Request) -> None:
    """ForeignRequestError if a page of another site made this unsafe request.

    Browsers say so themselves in Sec-Fetch-Site, older ones in Origin, and no page can forge
    either; a client that sends neither is no browser and carries nobody's cookie unknowingly.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    elif origin is not None:
        foreign = _host_of(origin) != request.headers.get("host")
    else:
        foreign = False
    if foreign:
        raise ForeignRequestError(
            "this request came from a page of another site; send an API token instead of the cookie"
        )


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None
