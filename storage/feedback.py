"""Thumbs up and down on replies, and what customers thought of whole conversations."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.base import table_of, utc_now
from storage.database import insert_or_ignore
from storage.errors import InputError
from storage.models import FeedbackRow, RatingRow
from storage.turns import add_review_item
from storage.types import Message, Role

THUMBS_DOWN = "thumbs_down"

_feedback = table_of(FeedbackRow)
_ratings = table_of(RatingRow)


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
        add_review_item(session, reply.reply_to, kind=THUMBS_DOWN, guess=reply.intent)


def save_rating(session: Session, conversation_id: str, score: int, comment: str | None) -> None:
    """Keep one opinion of the whole conversation, the newest, from 1 to 5."""
    if not 1 <= score <= 5:
        raise InputError(f"expected a rating from 1 to 5, found {score}")
    values = {"score": score, "comment": comment, "created_at": utc_now()}
    insert = insert_or_ignore(session, _ratings).values(conversation_id=conversation_id, **values)
    if session.execute(insert.returning(_ratings.c.score)).one_or_none() is None:
        same = _ratings.c.conversation_id == conversation_id
        session.execute(update(_ratings).where(same).values(values))
