"""What the language model has cost, per day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from storage.database import insert_or_ignore
from storage.models import GeneratorUsageRow


class GeneratorUsage:
    """Counts tokens per UTC day."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def used(self, day: date) -> int:
        """Tokens booked on a day."""
        query = select(GeneratorUsageRow.tokens).where(GeneratorUsageRow.day == day.isoformat())
        return self._session.scalar(query) or 0

    def book(self, day: date, tokens: int, limit: int | None) -> bool:
        """Add tokens if the day then stays within the limit; whether it did.

        One statement compares and adds, so that two servers cannot both take the last of it.
        """
        first = {"day": day.isoformat(), "tokens": 0}
        self._session.execute(insert_or_ignore(self._session, GeneratorUsageRow).values(first))
        row = GeneratorUsageRow
        change = update(row).where(row.day == day.isoformat())
        if limit is not None:
            change = change.where(row.tokens + tokens <= limit)
        change = change.values(tokens=row.tokens + tokens)
        return self._session.execute(change.returning(row.day)).first() is not None

    def correct(self, day: date, tokens: int) -> None:
        """Change what was booked on a day by this much; a day is never below nothing."""
        row = GeneratorUsageRow
        corrected = case((row.tokens + tokens > 0, row.tokens + tokens), else_=0)
        self._session.execute(
            update(row).where(row.day == day.isoformat()).values(tokens=corrected)
        )
