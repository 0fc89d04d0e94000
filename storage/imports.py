"""Which content of which file was imported, so that the same file twice changes nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage.base import utc_now
from storage.models import ImportRow


class Imports:
    """The imports of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def seen(self, kind: str, name: str, content_hash: str) -> bool:
        """Whether the last import under this name had this content."""
        query = (
            select(ImportRow.content_hash)
            .where(ImportRow.kind == kind, ImportRow.name == name)
            .order_by(ImportRow.id.desc())
            .limit(1)
        )
        return self._session.scalar(query) == content_hash

    def record(self, kind: str, name: str, content_hash: str, report: dict[str, Any]) -> None:
        """Remember that this content was imported, and what came of it."""
        values = {
            "kind": kind,
            "name": name,
            "content_hash": content_hash,
            "report": report,
            "created_at": utc_now(),
        }
        self._session.execute(insert(ImportRow).values(values))
