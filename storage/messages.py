"""Rows of conversations and messages, to and from the records that cross borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from storage.base import table_of
from storage.models import ConversationRow, CustomerRow, MessageRow
from storage.types import (
    Citation,
    Conversation,
    ConversationStatus,
    Message,
    NewMessage,
    NewReply,
    QuickReply,
    Role,
)

customers = table_of(CustomerRow)
conversations = table_of(ConversationRow)
messages = table_of(MessageRow)

MESSAGE_COLUMNS = [messages.c[each.name] for each in fields(Message)]
CONVERSATION_COLUMNS = [
    conversations.c[name]
    for name in (
        "id", "channel", "customer_id", "status", "epoch", "language", "state", "created_at",
        "unreachable_since",
    )
]  # fmt: skip

_ROLE = [column.name for column in MESSAGE_COLUMNS].index("role")
_ROLES = {role.value: role for role in Role}


def message_from(row: Row[*tuple[Any, ...]]) -> Message:
    """The record of a row of `MESSAGE_COLUMNS`, in their order: twenty of them in every turn."""
    *values, citations, buttons, bundle, trace = row
    values[_ROLE] = _ROLES[values[_ROLE]]
    values += (
        tuple([Citation(**cited) for cited in citations]) if citations else (),
        tuple([QuickReply(**button) for button in buttons]) if buttons else (),
        bundle,
        trace or {},
    )
    return Message(*values)


def conversation_from(row: Row[*tuple[Any, ...]]) -> Conversation:
    """The record of a row that has `CONVERSATION_COLUMNS`."""
    return Conversation(
        id=row.id,
        channel=row.channel,
        customer_id=row.customer_id,
        status=ConversationStatus(row.status),
        epoch=row.epoch,
        language=row.language,
        state=row.state,
        created_at=row.created_at,
        unreachable_since=row.unreachable_since,
    )


def customer_message_values(new: NewMessage, seq: int, now: datetime) -> dict[str, Any]:
    """The columns of a customer's message."""
    return {
        "conversation_id": new.conversation_id,
        "seq": seq,
        "role": Role.CUSTOMER.value,
        "text": new.text,
        "masked_text": new.masked_text,
        "language": new.language,
        "created_at": now,
        "external_id": new.external_id,
    }


def reply_values(
    reply: NewReply, *, reply_to: int, conversation_id: str, seq: int, now: datetime
) -> dict[str, Any]:
    """The columns of the bot's reply to one message."""
    return {
        "conversation_id": conversation_id,
        "seq": seq,
        "role": Role.BOT.value,
        "text": reply.text,
        "masked_text": reply.masked_text,
        "language": reply.language,
        "created_at": now,
        "reply_to": reply_to,
        "decision": reply.decision,
        "intent": reply.intent,
        "template_id": reply.template_id,
        "template_revision": reply.template_revision,
        "confidence": reply.confidence,
        "citations": _plain(reply.citations),
        "quick_replies": _plain(reply.quick_replies),
        "bundle": reply.bundle,
        "trace": reply.trace or None,
    }


def _plain(parts: Sequence[Citation | QuickReply]) -> list[dict[str, Any]] | None:
    return [asdict(part) for part in parts] or None
