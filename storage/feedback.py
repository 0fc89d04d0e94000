"""Thumbs up and down on replies."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.base import table_of, utc_now
from storage.database import insert_or_ignore
from storage.errors import InputError
from storage.models import FeedbackRow
from storage.signals import add_review_item
from storage.types import Message, ReviewKind, Role

_feedback = table_of(FeedbackRow)


def save_feedback(session: Session, reply: Message, value: int, reason: str | None) -> None:
    """Keep one opinion per reply, the newest; a thumb down puts the question up for review."""
    if value not in {-1, 1}:
        raise InputError(f"expected feedback of 1 or -1, found {value}")
    if reply.role is Role.CUSTOMER:
        raise InputError(f"message {reply.id} is the customer's own; give feedback on a reply")
    values = {"value": value, "reason": reason, "created_at": utc_now()}
    insert = insert_or_ignore(session, _feedback).values(message_id=reply.id, **values)
    if session.execute(insert.returning(_feedback.c.message_id)).one_or_none() is None:
        session.execute(update(_feedback).where(_feedback.c.message_id == reply.id).values(values))
    if value == -1 and reply.reply_to is not None:
        add_review_item(session, reply.reply_to, kind=ReviewKind.THUMBS_DOWN, guess=reply.intent)
