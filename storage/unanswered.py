"""Questions that the bot said it had no answer for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from storage.models import MessageRow
from storage.types import Role, Unanswered

_NO_ANSWER = "no_answer"


def unanswered_questions(
    session: Session, *, since: datetime | None = None, limit: int = 2000
) -> list[Unanswered]:
    """The newest first, masked; a question that broke on our side is not among them."""
    asked, reply = aliased(MessageRow), aliased(MessageRow)
    query = (
        select(asked.id, asked.masked_text, asked.language, asked.created_at, reply.trace)
        .join(reply, reply.reply_to == asked.id)
        .where(reply.decision == _NO_ANSWER, asked.role == Role.CUSTOMER.value)
        .order_by(asked.id.desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(asked.created_at >= since)
    return [
        Unanswered(row.id, row.masked_text, row.language, row.created_at)
        for row in session.execute(query)
        if not str((row.trace or {}).get("reason", "")).startswith("error:")
    ]
