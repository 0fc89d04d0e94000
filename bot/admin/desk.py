"""The operators' desk: the queue, a conversation as it happens, canned replies, files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session

from bot.admin.conversations import known
from bot.admin.schemas_desk import CannedIn, CannedOut, DeskEntryOut, DeskOut
from bot.announce import announce_operator_typing
from bot.files import checked_file
from bot.handoff import is_open
from bot.web.attachments import FILE, FILE_BODY, AttachmentId, Line, MessageId, file_response
from bot.web.auth import ConversationId, Operator
from bot.web.conversations import MAX_ID, RowId, errors
from bot.web.schemas import MessageOut
from bot.web.showing import shown
from bot.web.sse import TO_STAFF, conversation_events
from bot.web.state import WebDep
from bot.web.text import clean_text
from storage.canned import CannedReplies
from storage.conversations import Conversations
from storage.files import StoredFiles
from storage.queue import OperatorQueue
from storage.types import CannedReply, DeskEntry

router = APIRouter()


@router.get("/desk")
async def desk(web: WebDep, staff: Operator) -> DeskOut:
    """Who waits, the longest first, and what people have; asking says that one is there."""
    web.operators.note(staff.id)

    def read(session: Session) -> tuple[list[DeskEntry], list[DeskEntry]]:
        repository = OperatorQueue(session)
        return repository.waiting(), repository.held()

    waiting, held = await web.services.work.read(read)
    return DeskOut(
        now=datetime.now(UTC),
        open=is_open(web.services.shop),
        operators=web.operators.count,
        max_attachment_bytes=web.services.settings.max_attachment_bytes,
        waiting=[DeskEntryOut.model_validate(entry) for entry in waiting],
        held=[DeskEntryOut.model_validate(entry) for entry in held],
    )


@router.get("/conversations/{conversation_id}/events", response_class=EventSourceResponse)
async def watch(
    web: WebDep,
    conversation_id: ConversationId,
    after: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What the customer's page hears, and `customer_typing`."""
    name = known(conversation_id)
    await web.services.work.read(lambda session: Conversations(session).get(name))
    seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after
    async for event in conversation_events(web, name, min(seen, MAX_ID), TO_STAFF):
        yield event


@router.post("/conversations/{conversation_id}/typing", status_code=204)
async def operator_typing(web: WebDep, conversation_id: ConversationId) -> Response:
    """The operator is writing: the customer sees it."""
    announce_operator_typing(web.services.events, known(conversation_id))
    return Response(status_code=204)


@router.post(
    "/conversations/{conversation_id}/attachments",
    status_code=201,
    responses=errors(415),
    openapi_extra=FILE_BODY,
)
async def send_file(
    request: Request,
    web: WebDep,
    staff: Operator,
    conversation_id: ConversationId,
    message: MessageId,
    name: Line,
) -> MessageOut:
    """Send the customer a picture or a PDF; the body is the file.

    `message` is the client's own id: sending the same one again sends nothing more.
    """
    limit = web.services.settings.max_attachment_bytes
    external_id = f"staff:{staff.id}:{message}"
    found = checked_file(
        known(conversation_id), external_id, name, await request.body(), limit=limit
    )
    said = await web.services.handoff.send_file(staff.id, found)
    out = await web.services.work.read(
        lambda session: shown(session, said.conversation_id, [said], epoch=1)
    )
    return out[0]


@router.get("/attachments/{attachment_id}", response_class=Response, responses=FILE)
async def open_attachment(web: WebDep, attachment_id: AttachmentId) -> Response:
    """A file of a conversation."""
    found, content = await web.services.work.read(
        lambda session: StoredFiles(session).get(attachment_id)
    )
    return file_response(found, content)


@router.get("/canned")
async def canned(web: WebDep) -> list[CannedOut]:
    """The canned replies, by title."""
    found = await web.services.work.read(lambda session: CannedReplies(session).all())
    return [CannedOut.model_validate(reply) for reply in found]


@router.post("/canned", status_code=201)
async def add_canned(web: WebDep, staff: Operator, body: CannedIn) -> CannedOut:
    """Add a canned reply; a title is used once."""
    return await _save(web, staff.name, body)


@router.put("/canned/{reply_id}")
async def change_canned(web: WebDep, staff: Operator, reply_id: RowId, body: CannedIn) -> CannedOut:
    """Change a canned reply."""
    return await _save(web, staff.name, body, reply_id)


@router.delete("/canned/{reply_id}", status_code=204)
async def remove_canned(web: WebDep, reply_id: RowId) -> Response:
    """Delete a canned reply."""
    await web.services.work.run(lambda session: CannedReplies(session).remove(reply_id))
    return Response(status_code=204)


async def _save(web: WebDep, editor: str, body: CannedIn, reply_id: int | None = None) -> CannedOut:
    texts: dict[str, str] = {language: clean_text(text) for language, text in body.texts.items()}

    def unit(session: Session) -> CannedReply:
        return CannedReplies(session).save(body.title, texts, editor, reply_id=reply_id)

    return CannedOut.model_validate(await web.services.work.run(unit))
