"""The audit log: who did what to what, and why."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage.base import utc_now
from storage.models import AuditRow
from storage.types import AuditEntry


class AuditLog:
    """Entries are added and read, never changed."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(
        self, *, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None
    ) -> None:
        """Write that `actor` did `action` to `subject`."""
        values = {
            "at": utc_now(),
            "actor": actor,
            "action": action,
            "subject": subject,
            "detail": detail or {},
        }
        self._session.execute(insert(AuditRow).values(values))

    def recent(self, limit: int = 50, *, subject: str | None = None) -> list[AuditEntry]:
        """The newest entries first, of all subjects or of one."""
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(AuditRow.subject == subject)
        return [_entry(row) for row in self._session.scalars(query)]


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=row.detail,
    )
