"""What can go wrong at the web's door, and the one place that turns errors into responses.

KefuError
├── TextTooLongError        413  shorten it
├── UnusableTextError       422  nothing in it to answer
├── TooManyRequestsError    429  wait
├── WrongConversationError  403  the token opens another conversation
└── ForeignRequestError     403  another site's page sent it with this browser's cookie
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from bot.errors import MessageTooLongError
from bot.logs import logger
from storage.errors import InputError, KefuError, PermissionDeniedError

_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
_DATABASE_DETAIL = (
    "the database cannot do this now (it is full, read-only, busy or out of reach): "
    "nothing was changed; try again, and look at the disk and `kefu doctor` if it lasts"
)


class TextTooLongError(MessageTooLongError):
    """A message is longer than the shop accepts."""

    status_code = 413


class UnusableTextError(InputError):
    """A message holds nothing that could be answered."""

    status_code = 422
    code = "empty_text"


class TooManyRequestsError(KefuError):
    """Too many attempts in a short time."""

    status_code = 429
    code = "too_many_requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        """`retry_after` is in seconds."""
        super().__init__(detail)
        self.retry_after = retry_after


class WrongConversationError(PermissionDeniedError):
    """The token opens another conversation, or this one on another site."""

    code = "wrong_conversation"


class ForeignRequestError(PermissionDeniedError):
    """A page of another site sent a request that this browser's cookie would have signed."""

    code = "foreign_request"


def error_response(
    request: Request,
    status: int,
    code: str,
    detail: str,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """`{error, detail}`; below /v1 the shape that OpenAI's clients read."""
    content: dict[str, Any] = {"error": code, "detail": detail}
    if request.url.path.startswith("/v1/"):
        content = {"error": {"message": detail, "type": code, "code": code, "param": None}}
    return JSONResponse(content, status, headers)


def install_error_handlers(app: FastAPI) -> None:
    """Give every error of this app its status and its one line."""
    app.add_exception_handler(KefuError, _on_kefu_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.add_exception_handler(Exception, _on_crash)


async def _on_kefu_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KefuError)  # noqa: S101 (registered for this class)
    headers: dict[str, str] = {}
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after)
    if error.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return error_response(request, error.status_code, error.code, str(error), headers)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this class)
    code = _CODES.get(error.status_code, "http_error")
    headers = dict(error.headers or {})
    return error_response(request, error.status_code, code, str(error.detail), headers)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this class)
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return error_response(request, 400, "bad_json", "the body is not valid JSON")
    return error_response(request, 422, "invalid", describe(problems))


def describe(problems: Sequence[dict[str, Any]]) -> str:
    """One line that names each field and what is wrong with it, without repeating its value."""
    lines = []
    for problem in problems[:5]:
        where = ".".join(str(part) for part in problem["loc"]) or "request"
        lines.append(f"{where}: {problem['msg']}")
    return "; ".join(lines)


async def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    kind = type(error).__name__
    logger("web").error("database_error", path=request.url.path, kind=kind)
    return error_response(request, 503, "storage_unavailable", _DATABASE_DETAIL)


async def _on_crash(request: Request, error: Exception) -> JSONResponse:
    kind = type(error).__name__
    logger("web").error("crash", path=request.url.path, kind=kind)
    detail = "something went wrong on our side; it is in the server's log"
    return error_response(request, 500, "internal", detail)
