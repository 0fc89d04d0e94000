"""The searches that staff tried, for a look back at what was found when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from storage.base import table_of, utc_now
from storage.models import SearchTestRow
from storage.types import SearchTest

KEPT = 500
"""So many tests are kept; each new one drops the oldest beyond."""

_tests = table_of(SearchTestRow)


class SearchTests:
    """The search tests of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(self, *, actor: str, query: str, hits: Sequence[dict[str, Any]]) -> int:
        """Keep a search; the query must be masked. Its number is returned."""
        row = SearchTestRow(at=utc_now(), actor=actor, query=query, hits=list(hits))
        self._session.add(row)
        self._session.flush()
        newest = select(_tests.c.id).order_by(_tests.c.id.desc()).limit(KEPT).subquery()
        oldest_kept = select(func.min(newest.c.id)).scalar_subquery()
        self._session.execute(delete(_tests).where(_tests.c.id < oldest_kept))
        return row.id

    def recent(self, limit: int = 50) -> list[SearchTest]:
        """The newest first."""
        query = select(SearchTestRow).order_by(SearchTestRow.id.desc()).limit(limit)
        return [
            SearchTest(row.id, row.at, row.actor, row.query, tuple(row.hits))
            for row in self._session.scalars(query)
        ]
