"""Canned replies."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.base import utc_now
from storage.errors import ConflictError, InputError, NotFoundError
from storage.models import CannedReplyRow
from storage.types import CannedReply


class CannedReplies:
    """The canned replies of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def all(self) -> list[CannedReply]:
        """Every canned reply, by title."""
        rows = self._session.scalars(select(CannedReplyRow).order_by(CannedReplyRow.title))
        return [_reply(row) for row in rows]

    def save(
        self, title: str, texts: Mapping[str, str], editor: str, *, reply_id: int | None = None
    ) -> CannedReply:
        """Add a reply, or change the one of this id; two of one title are refused."""
        kept = {language: text for language, text in texts.items() if text.strip()}
        if not title.strip() or not kept:
            raise InputError("expected a title and a text in at least one language, found none")
        same = select(CannedReplyRow).where(CannedReplyRow.title == title)
        other = self._session.scalar(same)
        if other is not None and other.id != reply_id:
            raise ConflictError(f"there is a canned reply {title!r} already; choose another title")
        row = CannedReplyRow() if reply_id is None else self._session.get(CannedReplyRow, reply_id)
        if row is None:
            raise NotFoundError(f"there is no canned reply {reply_id}")
        row.title, row.texts, row.editor, row.updated_at = title, kept, editor, utc_now()
        self._session.add(row)
        self._session.flush()
        return _reply(row)

    def remove(self, reply_id: int) -> None:
        """Delete a reply."""
        gone = delete(CannedReplyRow).where(CannedReplyRow.id == reply_id)
        if self._session.scalar(gone.returning(CannedReplyRow.id)) is None:
            raise NotFoundError(f"there is no canned reply {reply_id}")


def _reply(row: CannedReplyRow) -> CannedReply:
    return CannedReply(row.id, row.title, dict(row.texts), row.editor, row.updated_at)
