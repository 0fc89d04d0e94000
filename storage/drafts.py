"""Drafts on show: what a chat already sees of a reply that is not recorded yet."""

from __future__ import annotations

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from storage.base import table_of, utc_now
from storage.database import insert_or_ignore
from storage.models import MessageRow, OutboxRow, ShownDraftRow
from storage.types import DeliveryStatus, ShownDraft

_drafts = table_of(ShownDraftRow)


class Drafts:
    """The drafts of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def show(self, draft: ShownDraft) -> None:
        """The chat sees the beginning of the reply to this message."""
        values = {
            "message_id": draft.message_id,
            "target": draft.target,
            "external_ref": draft.external_ref,
            "created_at": utc_now(),
        }
        self._session.execute(insert_or_ignore(self._session, _drafts).values(values))

    def of_message(self, message_id: int | None) -> ShownDraft | None:
        """The draft of the reply to this message."""
        row = self._session.get(ShownDraftRow, message_id) if message_id is not None else None
        return None if row is None else _draft(row)

    def drop(self, message_id: int) -> None:
        """It became the reply, or was taken from the chat."""
        self._session.execute(delete(_drafts).where(_drafts.c.message_id == message_id))

    def left_over(self) -> list[ShownDraft]:
        """Drafts whose reply is recorded and waits for no delivery: a crash left them behind."""
        waiting = (DeliveryStatus.PENDING.value, DeliveryStatus.SENDING.value)
        answered = exists().where(MessageRow.reply_to == ShownDraftRow.message_id)
        to_come = exists().where(
            MessageRow.reply_to == ShownDraftRow.message_id,
            OutboxRow.message_id == MessageRow.id,
            OutboxRow.status.in_(waiting),
        )
        query = select(ShownDraftRow).where(answered, ~to_come)
        return [_draft(row) for row in self._session.scalars(query)]


def _draft(row: ShownDraftRow) -> ShownDraft:
    return ShownDraft(row.message_id, row.target, row.external_ref)
