"""The web app: every route, and what holds for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from bot.admin.router import login_router
from bot.admin.router import router as admin_router
from bot.services import Services, open_services
from bot.settings import Settings
from bot.web import (
    attachments,
    citations,
    conversations,
    health,
    hook,
    openai_compat,
    shop,
    visiting,
)
from bot.web.errors import install_error_handlers
from bot.web.metrics import Metrics, MetricsMiddleware
from bot.web.pages import install_pages
from bot.web.security import MAX_BODY_BYTES, BodyLimitMiddleware, SecurityHeadersMiddleware
from bot.web.state import Web, web_of
from bot.webhook import Webhook
from retrieval.readers import MAX_BYTES

_LARGER_BODIES = {"/api/admin/knowledge/files": MAX_BYTES}

_CONVERSATIONS = ("/api/conversations/", "/api/admin/conversations/")

_DESCRIPTION = """
Customers: `POST /api/conversations` gives a token; send it as `Authorization: Bearer` with every
request about that conversation. No token at all is 401; an unknown conversation is 404; another
conversation's token is 403.

Staff: `/api/admin` and `/v1` want a staff member's API token as `Authorization: Bearer`, or the
cookie of `POST /api/admin/login`.

Every error is `{error, detail}`: a word for programs, a line for people.
"""


_ROUTERS = (
    conversations.router,
    visiting.router,
    attachments.router,
    citations.router,
    shop.router,
    openai_compat.router,
    login_router,
    admin_router,
    health.router,
)


def create_app(services: Services, webhook: Webhook | None = None) -> FastAPI:
    """The app over services that somebody else opens and closes.

    With a `webhook` it also serves the path to which a messenger posts updates.
    """
    app = _over(services, (*_ROUTERS, hook.router) if webhook else _ROUTERS)
    install_pages(app)
    app.state.webhook = webhook
    return app


def create_webhook_app(services: Services, webhook: Webhook) -> FastAPI:
    """The webhook's path and the health checks, for a process that serves a messenger alone."""
    app = _over(services, (health.router, hook.router))
    app.state.webhook = webhook
    return app


def _over(services: Services, routers: tuple[APIRouter, ...]) -> FastAPI:

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await web_of(app).close()

    metrics = Metrics()
    app = _build(lifespan, metrics, services.settings, routers)
    app.state.web = Web(services, metrics)
    return app


def create_app_from_settings(settings: Settings) -> FastAPI:
    """The app that opens its own services when it starts, and closes them when it ends."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            await services.recover()
            app.state.web = Web(services, metrics)
            try:
                yield
            finally:
                await web_of(app).close()

    app = _build(lifespan, metrics, settings, _ROUTERS)
    install_pages(app)
    return app


def _build(
    lifespan: object, metrics: Metrics, settings: Settings, routers: tuple[APIRouter, ...]
) -> FastAPI:
    app = FastAPI(
        title="Kefu",
        description=_DESCRIPTION,
        version="0.1.0",
        lifespan=lifespan,  # type: ignore[arg-type]
        docs_url=None,
        redoc_url=None,
        # FastAPI's own log records carry validation input and exception text.
        telemetry={"logs": False},
        generate_unique_id_function=_operation_id,
    )
    install_error_handlers(app)
    for router in routers:
        app.include_router(router)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.allowed_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            expose_headers=["Retry-After"],
        )

    def body_limit(path: str) -> int:
        if path.startswith(_CONVERSATIONS) and path.endswith("/attachments"):
            return settings.max_attachment_bytes
        return _LARGER_BODIES.get(path, MAX_BODY_BYTES)

    app.add_middleware(BodyLimitMiddleware, limit_of=body_limit)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
