"""The customers' API: begin a conversation, write, read, listen, ask for a person, thumb."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session

from bot.types import Incoming
from bot.web.auth import CustomerToken, OwnConversation, address_of, own_conversation
from bot.web.errors import TextTooLongError, UnusableTextError
from bot.web.origins import embedding_origin
from bot.web.schemas import (
    ErrorOut,
    FeedbackIn,
    HistoryOut,
    MessageIn,
    MessageOut,
    NewConversationIn,
    NewConversationOut,
    Out,
    ReplyOut,
    message_out,
    reply_out,
)
from bot.web.showing import shown, standing
from bot.web.signing import BadTokenError, ExpiredTokenError
from bot.web.sse import conversation_events, start_turn, streamed_reply
from bot.web.state import Web, WebDep
from bot.web.text import clean_text
from storage.conversations import Conversations
from storage.errors import InputError
from storage.queue import OperatorQueue
from storage.types import Message, Role, Standing

CHANNEL = "web"
PAGE = 200
MAX_ID = 2**63 - 1

Seq = Annotated[int, Query(ge=0, le=MAX_ID)]
RowId = Annotated[int, Path(ge=1, le=MAX_ID)]


def errors(*statuses: int, model: type[Out] = ErrorOut) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its OpenAPI description."""
    return {status: {"model": model, "description": _MEANING[status]} for status in statuses}


_MEANING = {
    400: "The body cannot be read as JSON.",
    401: "No token was sent.",
    403: "The token belongs to another conversation or site.",
    404: "There is no such conversation or message.",
    409: "The present state of things forbids it.",
    413: "The text or the body is too long.",
    415: "The file is neither a picture nor a PDF.",
    422: "A field is missing or cannot be used.",
    429: "Too many attempts; Retry-After says how long to wait.",
    503: "The server or its database cannot do this now.",
}
OWN = errors(401, 403, 404, 422, 503)

router = APIRouter(prefix="/api", tags=["customers"])


@router.post("/conversations", status_code=201, responses=errors(400, 403, 413, 422, 429, 503))
async def begin(
    request: Request,
    web: WebDep,
    credentials: CustomerToken,
    body: NewConversationIn | None = None,
) -> NewConversationOut:
    """Begin a conversation; the token opens it, on the site that it was asked for from.

    With the token of an earlier conversation the visitor stays the same, and so do their limits.
    """
    origin = embedding_origin(request, web.services.settings.allowed_origins)
    visitor = _visitor(web, credentials, origin)
    if visitor is None:
        web.limits.count_new_visitor(address_of(request))
    else:
        web.limits.count(visitor, address_of(request))
    language = body.language if body else None
    conversation = await web.services.work.run(
        lambda session: Conversations(session).create(CHANNEL, language=language)
    )
    token = web.visitors.issue(conversation.id, origin, visitor)
    return NewConversationOut(conversation=conversation.id, token=token)


def _visitor(web: Web, credentials: CustomerToken, origin: str | None) -> str | None:
    if credentials is None:
        return None
    try:
        visit = web.visitors.read(credentials.credentials)
    except (BadTokenError, ExpiredTokenError):
        return None
    return visit.visitor if visit.origin == origin else None


@router.post(
    "/conversations/{conversation_id}/messages",
    response_model=ReplyOut,
    responses=OWN | errors(400, 409, 413, 429) | {200: {"content": {"text/event-stream": {}}}},
)
async def write(
    request: Request, web: WebDep, owned: OwnConversation, body: MessageIn
) -> ReplyOut | StreamingResponse:
    """Send a message and get its reply; the same `id` again gets the same reply.

    With `Accept: text/event-stream` the reply comes as events: `draft` for each piece that is
    shown already, then one `message`. A turn goes on when the client hangs up.
    """
    web.limits.count(owned.visit.visitor, address_of(request))
    conversation = owned.conversation
    incoming = Incoming(
        channel=conversation.channel,
        conversation_id=conversation.id,
        external_id=body.id,
        text=checked_text(body.text, web.services.settings.max_message_chars),
        payload=body.payload,
    )
    if "text/event-stream" in request.headers.get("accept", ""):
        events = await streamed_reply(web, incoming)
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)
    return reply_out(await start_turn(web, incoming))


def checked_text(text: str, limit: int) -> str:
    """The text as it may be stored; an error if it is too long, or nothing is left of it."""
    if len(text) > limit:
        raise TextTooLongError(len(text), limit)
    cleaned = clean_text(text)
    if not cleaned:
        raise UnusableTextError("expected a message in `text`, found nothing readable in it")
    return cleaned


@router.get("/conversations/{conversation_id}/messages", responses=OWN)
async def history(web: WebDep, owned: OwnConversation, after: Seq = 0) -> HistoryOut:
    """The messages after `after`, oldest first, at most 200 at a time."""
    conversation_id = owned.conversation.id

    def read(session: Session) -> tuple[list[MessageOut], Standing]:
        found = Conversations(session).messages_after(conversation_id, after, limit=PAGE + 1)
        now = OperatorQueue(session).standing(conversation_id)
        return shown(session, conversation_id, found, epoch=now.epoch), now

    messages, now = await web.services.work.read(read)
    return HistoryOut(
        conversation=conversation_id,
        **standing(web, now).model_dump(),
        messages=messages[:PAGE],
        more=len(messages) > PAGE,
    )


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=EventSourceResponse,
    responses=OWN,
)
async def listen(
    web: WebDep,
    owned: OwnConversation,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: message, draft, retract, typing, status.

    Only messages carry an id, their seq; with `Last-Event-ID` the ones after it come first. A
    `draft` is a piece of a reply that a later `message` replaces or a `retract` withdraws.
    """
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else 0
    async for event in conversation_events(web, owned.conversation.id, min(after, MAX_ID)):
        yield event


@router.post("/conversations/{conversation_id}/handoff", responses=OWN | errors(409, 429))
async def ask_for_person(request: Request, web: WebDep, owned: OwnConversation) -> MessageOut:
    """Ask for a person: the conversation is queued, and the bot stays silent once it is taken."""
    web.limits.count(owned.visit.visitor, address_of(request))
    note = await web.services.handoff.request(owned.conversation.id)
    return message_out(note)


@router.post("/messages/{message_id}/feedback", status_code=204, responses=OWN | errors(400, 413))
async def thumb(
    request: Request, web: WebDep, message_id: RowId, credentials: CustomerToken, body: FeedbackIn
) -> Response:
    """Say whether a reply helped; saying it again replaces what was said."""
    message = await web.services.work.read(
        lambda session: Conversations(session).message(message_id)
    )
    token = credentials.credentials if credentials else None
    await own_conversation(request, web, message.conversation_id, token)
    await web.services.work.run(lambda session: _store_thumb(session, message, body))
    return Response(status_code=204)


def _store_thumb(session: Session, message: Message, body: FeedbackIn) -> None:
    if message.role is not Role.BOT:
        raise InputError("only a reply of the bot can be judged")
    reason = clean_text(body.reason) if body.reason else None
    Conversations(session).add_feedback(message.id, 1 if body.value == "up" else -1, reason)
