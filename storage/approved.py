"""Conversations in which a person stands behind an answer: what a chat model can learn from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.base import chunks, table_of
from storage.messages import MESSAGE_COLUMNS, message_from, messages
from storage.models import FeedbackRow, ReviewItemRow
from storage.types import REVIEW_REJECTED, Message, Role

_feedback = table_of(FeedbackRow)
_reviews = table_of(ReviewItemRow)
_GROUNDED = "grounded"


class Approvals:
    """What one session finds approved; nothing is written."""

    def __init__(self, session: Session) -> None:
        """Read within this session."""
        self._session = session

    def conversations(self) -> Iterator[list[Message]]:
        """The messages, in order, of each conversation with an operator or a liked reply."""
        liked = select(_feedback.c.message_id).where(_feedback.c.value == 1)
        wanted = select(messages.c.conversation_id).where(
            or_(messages.c.role == Role.OPERATOR.value, messages.c.id.in_(liked))
        )
        query = (
            select(*MESSAGE_COLUMNS)
            .where(messages.c.conversation_id.in_(wanted))
            .order_by(messages.c.conversation_id, messages.c.seq)
        )
        found = map(message_from, self._session.execute(query))
        for _, told in groupby(found, key=lambda message: message.conversation_id):
            yield list(told)

    def liked(self) -> frozenset[int]:
        """Grounded replies that got a thumb up, by message id."""
        query = (
            select(_feedback.c.message_id)
            .join(messages, messages.c.id == _feedback.c.message_id)
            .where(_feedback.c.value == 1, messages.c.decision == _GROUNDED)
        )
        return frozenset(self._session.scalars(query))

    def disliked(self) -> frozenset[int]:
        """Replies that got a thumb down, by message id."""
        query = select(_feedback.c.message_id).where(_feedback.c.value == -1)
        return frozenset(self._session.scalars(query))

    def rejected(self) -> frozenset[int]:
        """Questions from which nothing is to be learned, as a review decided, by message id."""
        query = select(_reviews.c.message_id).where(_reviews.c.status == REVIEW_REJECTED)
        return frozenset(self._session.scalars(query))

    def erased(self, ids: Collection[int]) -> frozenset[int]:
        """Which of these messages are there no more."""
        there: set[int] = set()
        for some in chunks(sorted(ids)):
            there |= set(
                self._session.scalars(select(messages.c.id).where(messages.c.id.in_(some)))
            )
        return frozenset(ids) - there
