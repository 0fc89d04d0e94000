"""The operators' side of a conversation: list, read, take, answer, give back, close."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from bot.admin.schemas import ConversationOut, SayIn, StatusIn
from bot.admin.schemas_desk import ConversationDetailOut, DeskEntryOut, TraceOut
from bot.web.auth import ConversationId, Operator
from bot.web.conversations import Seq
from bot.web.schemas import MessageOut, message_out
from bot.web.showing import shown
from bot.web.state import WebDep
from storage.conversations import Conversations
from storage.errors import NotFoundError
from storage.queue import OperatorQueue
from storage.types import Conversation, ConversationStatus, DeskEntry, Message, Role

router = APIRouter(prefix="/conversations")

Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("")
async def recent(
    web: WebDep, status: ConversationStatus | None = None, limit: Limit = 50
) -> list[ConversationOut]:
    """The conversations that moved last, newest first."""
    found = await web.services.work.read(
        lambda session: Conversations(session).list_recent(limit=limit, status=status)
    )
    return [ConversationOut.model_validate(conversation) for conversation in found]


@router.get("/{conversation_id}")
async def read(
    web: WebDep, conversation_id: ConversationId, after: Seq = 0
) -> ConversationDetailOut:
    """A conversation, its messages after `after`, and in short why the bot said what it said."""

    def unit(session: Session) -> tuple[Conversation, DeskEntry, list[Message], list[MessageOut]]:
        conversations = Conversations(session)
        found = conversations.get(known(conversation_id))
        messages = conversations.messages_after(found.id, after, limit=200)
        entry = OperatorQueue(session).entry(found.id)
        out = shown(session, found.id, messages, epoch=found.epoch)
        return found, entry, messages, out

    conversation, entry, messages, out = await web.services.work.read(unit)
    return ConversationDetailOut(
        conversation=ConversationOut.model_validate(conversation),
        entry=DeskEntryOut.model_validate(entry),
        messages=out,
        traces={
            message.seq: TraceOut.of(message) for message in messages if message.role is Role.BOT
        },
    )


@router.post("/{conversation_id}/status")
async def move(
    web: WebDep, staff: Operator, conversation_id: ConversationId, body: StatusIn
) -> ConversationOut:
    """Take the conversation over, give it back to the bot, or close it."""
    handoff = web.services.handoff
    conversation_id = known(conversation_id)
    if body.move == "take":
        moved = await handoff.take(conversation_id, staff.id)
    elif body.move == "give_back":
        moved = await handoff.give_back(conversation_id)
    else:
        moved = await handoff.close(conversation_id)
    return ConversationOut.model_validate(moved)


@router.post("/{conversation_id}/messages", status_code=201)
async def say(
    web: WebDep, staff: Operator, conversation_id: ConversationId, body: SayIn
) -> MessageOut:
    """Write to the customer."""
    said = await web.services.handoff.say(known(conversation_id), staff.id, body.text)
    return message_out(said)


def known(conversation_id: str) -> str:
    """The id, unless no conversation can have it."""
    if not conversation_id.isascii() or not conversation_id.isprintable():
        raise NotFoundError("there is no such conversation")
    return conversation_id
