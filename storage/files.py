"""Files of conversations: what customers and people send each other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from storage.base import storable, table_of, utc_now
from storage.database import insert_or_ignore
from storage.errors import ConflictError, NotFoundError
from storage.models import StoredFileRow
from storage.types import StoredFile

MAX_PER_CONVERSATION = 50

_files = table_of(StoredFileRow)
_COLUMNS = [
    _files.c[name]
    for name in ("id", "conversation_id", "external_id", "name", "media_type", "size")
]


class StoredFiles:
    """The files of one session; a file is stored before the message that it belongs to."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(self, file: StoredFile, content: bytes) -> StoredFile:
        """Store a file; the same conversation and external id again gives the stored one.

        Raises ConflictError when the conversation has too many files.
        """
        owned = _files.c.conversation_id == file.conversation_id
        count = self._session.scalar(select(func.count()).select_from(_files).where(owned))
        known = self._known(file)
        if known is not None:
            return known
        if (count or 0) >= MAX_PER_CONVERSATION:
            raise ConflictError(f"a conversation may have {MAX_PER_CONVERSATION} files")
        values = {name: getattr(file, name) for name in (c.name for c in _COLUMNS)}
        insert = insert_or_ignore(self._session, _files).values(
            **values, content=content, created_at=utc_now()
        )
        self._session.execute(insert)
        return self._known(file) or file

    def _known(self, wanted: StoredFile) -> StoredFile | None:
        query = select(*_COLUMNS).where(
            _files.c.conversation_id == wanted.conversation_id,
            _files.c.external_id == storable(wanted.external_id),
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else StoredFile(*row)

    def of_messages(
        self, conversation_id: str, external_ids: Collection[str]
    ) -> dict[str, StoredFile]:
        """The files of a conversation's messages, by the messages' external ids."""
        if not external_ids:
            return {}
        query = select(*_COLUMNS).where(
            _files.c.conversation_id == conversation_id,
            _files.c.external_id.in_(external_ids),
        )
        found = [StoredFile(*row) for row in self._session.execute(query)]
        return {file.external_id: file for file in found}

    def of_message(self, conversation_id: str, external_id: str) -> tuple[StoredFile, bytes] | None:
        """The file of one message, with its content; None for a message of words."""
        query = select(*_COLUMNS, _files.c.content).where(
            _files.c.conversation_id == conversation_id,
            _files.c.external_id == storable(external_id),
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else _with_content(row)

    def get(self, file_id: str) -> tuple[StoredFile, bytes]:
        """A file and its content."""
        query = select(*_COLUMNS, _files.c.content).where(_files.c.id == file_id)
        row = self._session.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("there is no such file")
        return _with_content(row)


def _with_content(row: Row[*tuple[Any, ...]]) -> tuple[StoredFile, bytes]:
    *values, content = row
    return StoredFile(*values), bytes(content)
