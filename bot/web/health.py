"""What machines ask: is it alive, can it answer, how does it do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from bot.web.state import WebDep

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process is up; says nothing about the database or the models."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready; `problems` says why."}})
async def ready(web: WebDep) -> JSONResponse:
    """Whether customers are answered now."""
    readiness = await web.services.ready()
    content: dict[str, Any] = asdict(readiness)
    return JSONResponse(content, 200 if readiness.ready else 503)


@router.get("/metrics", response_class=Response)
async def metrics(web: WebDep) -> Response:
    """Counters in Prometheus' text format."""
    return Response(web.metrics.text(), media_type=CONTENT_TYPE_LATEST)
