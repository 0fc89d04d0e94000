"""The same bot behind OpenAI's chat completions interface, for tools that speak it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from bot.types import Incoming, Reply
from bot.web.auth import Operator, require_staff
from bot.web.conversations import checked_text, errors
from bot.web.schemas import ClientId, In, Out, as_json, reply_out
from bot.web.sse import WITHDRAWN, start_turn
from bot.web.state import WebDep
from storage.conversations import Conversations
from storage.errors import InputError
from storage.types import Conversation, StaffRole

CHANNEL = "api"
MODEL = "kefu"

_staff_only = Depends(require_staff(StaffRole.OPERATOR))


class ErrorBody(Out):
    """What OpenAI's clients read of an error."""

    message: str
    type: str
    code: str
    param: str | None


class OpenAIErrorOut(Out):
    """An error in OpenAI's shape."""

    error: ErrorBody


router = APIRouter(
    prefix="/v1",
    tags=["openai"],
    dependencies=[_staff_only],
    responses=errors(400, 401, 403, 409, 413, 422, 503, model=OpenAIErrorOut),
)


class TextPart(In):
    """A part of a message that is text; other kinds of parts are passed over."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str
    text: str | None = None


class ChatMessage(In):
    """One message of the list that the client sends."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None

    def plain(self) -> str:
        """The message's text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""


class CompletionIn(In):
    """A request; what only steers a language model (temperature, …) is passed over.

    `user` names the customer: the same one goes on with the same conversation. Without it each
    call is a conversation of its own. Only the last user message is a question; Kefu keeps the
    history itself.
    """

    model: str = MODEL
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1000)]
    stream: bool = False
    user: ClientId | None = None


@router.get("/models")
async def models() -> dict[str, Any]:
    """The one model there is."""
    entry = {"id": MODEL, "object": "model", "created": 0, "owned_by": "kefu"}
    return {"object": "list", "data": [entry]}


@router.post(
    "/chat/completions",
    response_model=dict[str, Any],
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def complete(
    web: WebDep, _staff: Operator, body: CompletionIn
) -> dict[str, Any] | StreamingResponse:
    """Answer the last user message; `kefu` in the response holds what the other API gives."""
    questions = [m.plain() for m in body.messages if m.role == "user"]
    if not questions:
        raise InputError("expected a message with the role `user`, found none")
    text = checked_text(questions[-1], web.services.settings.max_message_chars)
    conversation = await web.services.work.run(lambda session: _conversation(session, body.user))
    incoming = Incoming(
        channel=CHANNEL,
        conversation_id=conversation.id,
        external_id=str(uuid.uuid4()),
        text=text,
    )
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    turn = start_turn(web, incoming, pieces)
    if not body.stream:
        return _completion(await turn)
    first = await pieces.get()
    if first is None:
        await turn
    return StreamingResponse(_chunks(turn, first, pieces), media_type="text/event-stream")


def _conversation(session: Session, user: str | None) -> Conversation:
    conversations = Conversations(session)
    found = conversations.find_for_customer(CHANNEL, user) if user else None
    return found or conversations.create(CHANNEL, external_customer_id=user)


def _completion(reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.reply}
    return {
        **_head(reply, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "kefu": reply_out(reply).model_dump(mode="json"),
    }


def _head(reply: Reply | None, kind: str) -> dict[str, Any]:
    number = reply.message if reply else uuid.uuid4().hex
    return {
        "id": f"chatcmpl-{number}",
        "object": kind,
        "created": int(time.time()),
        "model": MODEL,
    }


async def _chunks(
    turn: asyncio.Task[Reply], piece: str | None, pieces: asyncio.Queue[str | None]
) -> AsyncIterator[bytes]:
    head = _head(None, "chat.completion.chunk")

    def chunk(delta: dict[str, str], finish: str | None = None, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {as_json({**head, 'choices': [choice], **more})}\n\n".encode()

    yield chunk({"role": "assistant", "content": ""})
    shown, withdrawn = "", False
    while piece is not None:
        # This protocol takes nothing back: what follows a withdrawal is sent when it is final.
        withdrawn = withdrawn or piece == WITHDRAWN
        if not withdrawn:
            shown += piece
            yield chunk({"content": piece})
        piece = await pieces.get()
    reply = await turn
    rest = reply.reply.removeprefix(shown) if reply.reply.startswith(shown) else f"\n{reply.reply}"
    if rest.strip():
        yield chunk({"content": rest})
    yield chunk({}, "stop", kefu=reply_out(reply).model_dump(mode="json"))
    yield b"data: [DONE]\n\n"
