"""The review queue: questions that wait for a person's decision."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.audit import AuditLog
from storage.base import utc_now
from storage.errors import ConflictError, InputError, NotFoundError
from storage.examples import Examples
from storage.models import ConversationRow, MessageRow, ReviewItemRow
from storage.types import SOURCE_CORRECTION, Example, ReviewItem

_OPEN = "open"
_ACCEPTED = "accepted"
_REJECTED = "rejected"


class ReviewQueue:
    """The review queue of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def open(self, limit: int = 50) -> list[ReviewItem]:
        """The items nobody has decided, oldest first."""
        query = (
            select(ReviewItemRow)
            .where(ReviewItemRow.status == _OPEN)
            .order_by(ReviewItemRow.id)
            .limit(limit)
        )
        return [_item(row) for row in self._session.scalars(query)]

    def get(self, item_id: int) -> ReviewItem:
        """The item of this id, decided or not."""
        return _item(self._row(item_id))

    def decide(
        self, item_id: int, decision: str, intent: str | None = None, *, by: str = "staff"
    ) -> ReviewItem:
        """Accept an item with the right intent, which becomes a correction, or reject it."""
        if decision not in {_ACCEPTED, _REJECTED}:
            raise InputError(f"expected the decision accepted or rejected, found {decision!r}")
        if decision == _ACCEPTED and not intent:
            raise InputError("expected the right intent with an accepted item, found none")
        row = self._row(item_id, lock=True)
        if row.status != _OPEN:
            raise ConflictError(f"review item {item_id} was {row.status} already")
        row.status = decision
        row.intent = intent
        row.decided_by = by
        row.decided_at = utc_now()
        self._session.flush()
        if decision == _ACCEPTED:
            self._correct(row)
        AuditLog(self._session).add(
            actor=by,
            action=f"review.{decision}",
            subject=f"review:{item_id}",
            detail={"intent": intent},
        )
        return _item(row)

    def _correct(self, row: ReviewItemRow) -> None:
        asked = (
            select(ConversationRow.customer_id, ConversationRow.language)
            .join(MessageRow, MessageRow.conversation_id == ConversationRow.id)
            .where(MessageRow.id == row.message_id)
        )
        customer_id, spoken = self._session.execute(asked).one()
        correction = Example(
            question=row.question,
            intent=row.intent,
            answer=None,
            language=row.language or spoken or "",
            source=SOURCE_CORRECTION,
            origin=f"review:{row.id}",
            customer_id=customer_id,
            message_id=row.message_id,
        )
        Examples(self._session).add([correction])

    def _row(self, item_id: int, *, lock: bool = False) -> ReviewItemRow:
        row = self._session.get(ReviewItemRow, item_id, with_for_update=lock)
        if row is None:
            raise NotFoundError(f"there is no review item {item_id}")
        return row


def _item(row: ReviewItemRow) -> ReviewItem:
    return ReviewItem(
        id=row.id,
        kind=row.kind,
        message_id=row.message_id,
        question=row.question,
        language=row.language,
        guess=row.guess,
        created_at=row.created_at,
        status=row.status,
    )
