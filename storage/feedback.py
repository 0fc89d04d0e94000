"""Thumbs up and down on replies, and what customers thought of whole conversations."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.base import table_of, utc_now
from storage.database import insert_or_ignore
from storage.errors import InputError
from storage.messages import conversations, messages
from storage.models import FeedbackRow, RatingRow
from storage.signals import add_review_item
from storage.types import Message, PassageVotes, ReviewKind, Role

_GROUNDED = "grounded"

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
        add_review_item(session, reply.reply_to, kind=ReviewKind.THUMBS_DOWN, guess=reply.intent)


def save_rating(session: Session, conversation_id: str, score: int, comment: str | None) -> None:
    """Keep one opinion of the whole conversation, the newest, from 1 to 5."""
    if not 1 <= score <= 5:
        raise InputError(f"expected a rating from 1 to 5, found {score}")
    values = {"score": score, "comment": comment, "created_at": utc_now()}
    insert = insert_or_ignore(session, _ratings).values(conversation_id=conversation_id, **values)
    if session.execute(insert.returning(_ratings.c.score)).one_or_none() is None:
        same = _ratings.c.conversation_id == conversation_id
        session.execute(update(_ratings).where(same).values(values))


def feedback_stamp(session: Session) -> str:
    """Something that moves whenever an opinion comes, changes or goes."""
    query = select(func.count(), func.max(_feedback.c.created_at), func.sum(_feedback.c.value))
    count, newest, total = session.execute(query).one()
    return f"{count}:{newest}:{total}"


def passage_votes(session: Session) -> list[PassageVotes]:
    """What customers thought of replies that quote documents, by the evidence they quote.

    One customer has one vote on one piece of evidence, the newest: nobody moves the ranking
    alone by asking the same again.
    """
    query = (
        select(messages.c.citations, _feedback.c.value, conversations.c.customer_id)
        .join(_feedback, _feedback.c.message_id == messages.c.id)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .where(messages.c.decision == _GROUNDED)
        .order_by(_feedback.c.created_at)
    )
    voted: defaultdict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in session.execute(query):
        for cited in row.citations or []:
            voted[cited["document"], cited["text"]][row.customer_id] = row.value
    return [
        PassageVotes(
            document,
            text,
            up=sum(value > 0 for value in values.values()),
            down=sum(value < 0 for value in values.values()),
        )
        for (document, text), values in voted.items()
    ]
