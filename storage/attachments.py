"""Files that customers sent, by the channel's own reference."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.models import AttachmentRow
from storage.types import Attachment


class Attachments:
    """The attachments of one session; `Conversations.receive` stores them with their message."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def of_message(self, message_id: int) -> list[Attachment]:
        """What came with this message."""
        query = (
            select(AttachmentRow)
            .where(AttachmentRow.message_id == message_id)
            .order_by(AttachmentRow.id)
        )
        return [
            Attachment(row.kind, row.reference, row.name, row.mime, row.size)
            for row in self._session.scalars(query)
        ]
