"""The review queue: questions that wait for a person's decision."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.audit import AuditLog
from storage.base import chunks, utc_now
from storage.errors import ConflictError, InputError, NotFoundError
from storage.examples import Examples
from storage.models import ConversationRow, MessageRow, ReviewItemRow
from storage.types import (
    REVIEW_ACCEPTED,
    REVIEW_OPEN,
    REVIEW_REJECTED,
    SOURCE_CORRECTION,
    Example,
    ReviewItem,
)


class ReviewQueue:
    """The review queue of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def open(self, limit: int = 50) -> list[ReviewItem]:
        """The items nobody has decided, oldest first."""
        query = (
            select(ReviewItemRow)
            .where(ReviewItemRow.status == REVIEW_OPEN)
            .order_by(ReviewItemRow.id)
            .limit(limit)
        )
        return [_item(row) for row in self._session.scalars(query)]

    def newest(self, limit: int) -> list[ReviewItem]:
        """The newest items nobody has decided, in the order of their ids."""
        query = (
            select(ReviewItemRow)
            .where(ReviewItemRow.status == REVIEW_OPEN)
            .order_by(ReviewItemRow.id.desc())
            .limit(limit)
        )
        return [_item(row) for row in self._session.scalars(query)][::-1]

    def count(self) -> int:
        """How many items nobody has decided."""
        query = select(func.count()).where(ReviewItemRow.status == REVIEW_OPEN)
        return int(self._session.scalar(query) or 0)

    def get(self, item_id: int) -> ReviewItem:
        """The item of this id, decided or not."""
        row = self._session.get(ReviewItemRow, item_id)
        if row is None:
            raise NotFoundError(f"there is no review item {item_id}")
        return _item(row)

    def decide(
        self,
        item_ids: Sequence[int],
        decision: str,
        intent: str | None = None,
        *,
        document: str | None = None,
        by: str = "staff",
    ) -> list[Example]:
        """Accept items with the right intent, which become corrections, or reject them.

        Gives the corrections. `document` names the knowledge that answers the questions. Raises
        ConflictError, with nothing decided, if one of the items was decided already.
        """
        if decision not in {REVIEW_ACCEPTED, REVIEW_REJECTED}:
            raise InputError(f"expected the decision accepted or rejected, found {decision!r}")
        if decision == REVIEW_ACCEPTED and not intent:
            raise InputError("expected the right intent with an accepted item, found none")
        rows = self._open_rows(item_ids)
        for row in rows:
            row.status = decision
            row.intent = intent
            row.document = document
            row.decided_by = by
            row.decided_at = utc_now()
        self._session.flush()
        corrections = self._corrections(rows) if decision == REVIEW_ACCEPTED else []
        Examples(self._session).add(corrections)
        self._write_down(rows, decision, intent, document, by)
        return corrections

    def _open_rows(self, item_ids: Sequence[int]) -> list[ReviewItemRow]:
        wanted = sorted(set(item_ids))
        found: dict[int, ReviewItemRow] = {}
        for some in chunks(wanted):
            query = select(ReviewItemRow).where(ReviewItemRow.id.in_(some)).with_for_update()
            found.update((row.id, row) for row in self._session.scalars(query))
        for item_id in wanted:
            if item_id not in found:
                raise NotFoundError(f"there is no review item {item_id}")
            if found[item_id].status != REVIEW_OPEN:
                raise ConflictError(f"review item {item_id} was {found[item_id].status} already")
        return [found[item_id] for item_id in wanted]

    def _corrections(self, rows: Sequence[ReviewItemRow]) -> list[Example]:
        askers: dict[int, tuple[int, str | None]] = {}
        for some in chunks(row.message_id for row in rows):
            query = (
                select(MessageRow.id, ConversationRow.customer_id, ConversationRow.language)
                .join(MessageRow, MessageRow.conversation_id == ConversationRow.id)
                .where(MessageRow.id.in_(some))
            )
            askers.update((row[0], (row[1], row[2])) for row in self._session.execute(query))
        return [
            Example(
                question=row.question,
                intent=row.intent,
                answer=None,
                language=row.language or askers[row.message_id][1] or "",
                source=SOURCE_CORRECTION,
                origin=f"review:{row.id}",
                customer_id=askers[row.message_id][0],
                message_id=row.message_id,
            )
            for row in rows
        ]

    def _write_down(
        self,
        rows: Sequence[ReviewItemRow],
        decision: str,
        intent: str | None,
        document: str | None,
        by: str,
    ) -> None:
        detail = (
            {"intent": intent} if document is None else {"intent": intent, "by_knowledge": True}
        )
        for row in rows:
            AuditLog(self._session).add(
                actor=by, action=f"review.{decision}", subject=f"review:{row.id}", detail=detail
            )


def _item(row: ReviewItemRow) -> ReviewItem:
    return ReviewItem(
        id=row.id,
        kinds=tuple(row.kinds),
        message_id=row.message_id,
        question=row.question,
        language=row.language,
        guess=row.guess,
        created_at=row.created_at,
        status=row.status,
        proposal=row.proposal,
    )
