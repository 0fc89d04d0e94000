"""Files of a conversation: the customer's taken in, and all of them given back."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from bot.files import checked_file
from bot.web.auth import CustomerToken, OwnConversation, address_of, own_conversation
from bot.web.conversations import OWN, errors
from bot.web.schemas import AttachmentOut, single_line
from bot.web.state import WebDep
from storage.errors import ConflictError
from storage.files import StoredFiles
from storage.types import ConversationStatus, StoredFile

router = APIRouter(prefix="/api", tags=["customers"])

AttachmentId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
Line = Annotated[str, Query(min_length=1, max_length=255), AfterValidator(single_line)]
MessageId = Annotated[str, Query(min_length=1, max_length=128), AfterValidator(single_line)]
FILE_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file."}
}


@router.post(
    "/conversations/{conversation_id}/attachments",
    status_code=201,
    responses=OWN | errors(409, 413, 415, 429),
    openapi_extra=FILE_BODY,
)
async def attach(
    request: Request, web: WebDep, owned: OwnConversation, message: MessageId, name: Line
) -> AttachmentOut:
    """Store a picture or a PDF for the person who answers; the body is the file.

    `message` is the client's id of the message that is sent next and shows the file. Files are
    taken while a person is asked for or has the conversation.
    """
    conversation = owned.conversation
    if conversation.status not in (ConversationStatus.WAITING, ConversationStatus.PERSON):
        raise ConflictError("files go to a person: ask for one first")
    web.limits.count(owned.visit.visitor, address_of(request))
    limit = web.services.settings.max_attachment_bytes
    found = checked_file(conversation.id, message, name, await request.body(), limit=limit)
    stored = await web.services.work.run(
        lambda session: StoredFiles(session).add(found.file, found.content)
    )
    return AttachmentOut.model_validate(stored)


@router.get("/attachments/{attachment_id}", response_class=Response, responses=OWN | FILE)
async def download(
    request: Request, web: WebDep, attachment_id: AttachmentId, credentials: CustomerToken
) -> Response:
    """A file of one's own conversation."""
    attachment, content = await web.services.work.read(
        lambda session: StoredFiles(session).get(attachment_id)
    )
    token = credentials.credentials if credentials else None
    await own_conversation(request, web, attachment.conversation_id, token)
    return file_response(attachment, content)


def file_response(attachment: StoredFile, content: bytes) -> Response:
    """A file that the browser saves and never shows as a page of ours."""
    disposition = f"attachment; filename*=UTF-8''{quote(attachment.name)}"
    return Response(
        content,
        media_type=attachment.media_type,
        headers={
            "Content-Disposition": disposition,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
