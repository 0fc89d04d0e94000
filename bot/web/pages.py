"""The pages and scripts that browsers load; none of them needs anything from elsewhere."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.web.errors import error_response
from bot.web.origins import chat_policy, is_allowed
from bot.web.state import WebDep

STATIC = Path(__file__).parent / "static"

router = APIRouter(include_in_schema=False)


class RevalidatedFiles(StaticFiles):
    """Static files that browsers keep but ask about, so that an update shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with the header that says so."""
        response = await super().get_response(path, scope)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response


def install_pages(app: FastAPI) -> None:
    """Add the pages and the static files."""
    app.include_router(router)
    app.mount("/static", RevalidatedFiles(directory=STATIC), name="static")


def _file(name: str, **headers: str) -> FileResponse:
    return FileResponse(STATIC / name, headers={"Cache-Control": "no-cache", **headers})


@router.get("/")
async def home(request: Request) -> RedirectResponse:
    """The chat page."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"chat{query}", 307)


@router.get("/chat")
async def chat(
    request: Request, web: WebDep, embed: str | None = None, origin: str = ""
) -> Response:
    """The chat, as a page of its own or inside the widget's frame on an allowed site."""
    allowed = web.services.settings.allowed_origins
    if embed is None:
        return _file("chat.html", **{"Content-Security-Policy": chat_policy(allowed)})
    if not is_allowed(origin, allowed):
        detail = "this site may not embed the chat: add its origin to KEFU_ALLOWED_ORIGINS"
        return error_response(request, 403, "origin_not_allowed", detail)
    return _file("chat.html", **{"Content-Security-Policy": chat_policy(allowed, origin)})


@router.get("/widget.js")
async def widget() -> FileResponse:
    """The script that another site's page loads."""
    return _file("widget.js", **{"Cross-Origin-Resource-Policy": "cross-origin"})


@router.get("/admin")
async def admin() -> FileResponse:
    """The staff page."""
    return _file("admin.html")


@router.get("/operator")
async def operator() -> FileResponse:
    """The operators' page."""
    return _file("operator.html")


@router.get("/docs")
async def docs() -> FileResponse:
    """The API's description, to read and to try."""
    return _file("docs.html")


@router.get("/favicon.ico")
async def favicon() -> FileResponse:
    """The icon."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")
