"""Customers' files."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.base import storable, table_of, utc_now
from storage.database import insert_or_ignore
from storage.errors import ConflictError, NotFoundError
from storage.models import AttachmentRow
from storage.types import Attachment

MAX_PER_CONVERSATION = 50

_attachments = table_of(AttachmentRow)
_COLUMNS = [
    _attachments.c[name]
    for name in ("id", "conversation_id", "external_id", "name", "media_type", "size")
]


class Attachments:
    """The files of one session; a file is stored before the message that it belongs to."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(self, attachment: Attachment, content: bytes) -> Attachment:
        """Store a file; the same conversation and external id again gives the stored one.

        Raises ConflictError when the conversation has too many files.
        """
        owned = _attachments.c.conversation_id == attachment.conversation_id
        count = self._session.scalar(select(func.count()).select_from(_attachments).where(owned))
        known = self._of_message(attachment)
        if known is not None:
            return known
        if (count or 0) >= MAX_PER_CONVERSATION:
            raise ConflictError(f"a conversation may have {MAX_PER_CONVERSATION} files")
        values = {name: getattr(attachment, name) for name in (c.name for c in _COLUMNS)}
        insert = insert_or_ignore(self._session, _attachments).values(
            **values, content=content, created_at=utc_now()
        )
        self._session.execute(insert)
        return self._of_message(attachment) or attachment

    def _of_message(self, wanted: Attachment) -> Attachment | None:
        query = select(*_COLUMNS).where(
            _attachments.c.conversation_id == wanted.conversation_id,
            _attachments.c.external_id == storable(wanted.external_id),
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else Attachment(*row)

    def of_messages(
        self, conversation_id: str, external_ids: Collection[str]
    ) -> dict[str, Attachment]:
        """The files of a conversation's messages, by the messages' external ids."""
        if not external_ids:
            return {}
        query = select(*_COLUMNS).where(
            _attachments.c.conversation_id == conversation_id,
            _attachments.c.external_id.in_(external_ids),
        )
        found = [Attachment(*row) for row in self._session.execute(query)]
        return {attachment.external_id: attachment for attachment in found}

    def get(self, attachment_id: str) -> tuple[Attachment, bytes]:
        """A file and its content."""
        query = select(*_COLUMNS, _attachments.c.content).where(_attachments.c.id == attachment_id)
        row = self._session.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("there is no such file")
        *values, content = row
        return Attachment(*values), bytes(content)
