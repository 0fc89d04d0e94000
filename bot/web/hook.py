"""The path to which Telegram posts updates."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.webhook import PATH, Webhook
from storage.errors import NotFoundError, PermissionDeniedError

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105

router = APIRouter()


@router.post(PATH, include_in_schema=False)
async def update(request: Request) -> Response:
    """Take one update: stored when this answers 200, and posted again by Telegram otherwise."""
    webhook = getattr(request.app.state, "webhook", None)
    if not isinstance(webhook, Webhook):
        raise NotFoundError("no webhook is configured: set KEFU_TELEGRAM_WEBHOOK")
    if not webhook.knows(request.headers.get(SECRET_HEADER, "")):
        raise PermissionDeniedError("this path is for Telegram alone")
    await webhook.take(await request.body())
    return Response()
