"""Headers that browsers obey, and the check that a cookie was not used by a foreign page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def page_policy(framed_by: str = "'none'") -> str:
    """A content security policy for a page of ours, which `framed_by` may frame."""
    return f"{_OWN_FILES_ONLY}; frame-ancestors {framed_by}"


class BodyLimitMiddleware:
    """Refuses a body that is too long, announced or not, without keeping it."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        """Wrap `app`; `limit_of` says how many bytes a path takes."""
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = self._limit_of(request.url.path)
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            response = error_response(request, 413, "too_large", _too_large(limit))
            await response(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        await self._app(scope, counted, send)


def _too_large(limit: int) -> str:
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
