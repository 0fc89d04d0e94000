"""What puts a customer's question on the review queue."""

from __future__ import annotations

from sqlalchemy import literal, select, update
from sqlalchemy.orm import Session

from storage.base import storable, table_of, utc_now
from storage.database import insert_or_ignore
from storage.messages import messages
from storage.models import ReviewItemRow
from storage.types import REVIEW_OPEN

_reviews = table_of(ReviewItemRow)
_COLUMNS = ["message_id", "kinds", "question", "language", "guess", "proposal", "status",
            "created_at"]  # fmt: skip


def add_review_item(
    session: Session, message_id: int, *, kind: str, guess: str | None, proposal: str | None = None
) -> None:
    """Put the question of a customer's message on the review queue.

    A message has one item: another signal adds its kind, and a guess or a proposed answer where
    there was none. An item that somebody has decided stays decided.
    """
    if _add_signal(session, message_id, kind, guess, proposal):
        return
    question = select(
        messages.c.id,
        literal([kind], type_=_reviews.c.kinds.type),
        messages.c.masked_text,
        messages.c.language,
        literal(guess, type_=_reviews.c.guess.type),
        literal(proposal, type_=_reviews.c.proposal.type),
        literal(REVIEW_OPEN),
        literal(utc_now(), type_=_reviews.c.created_at.type),
    ).where(messages.c.id == message_id)
    stored = insert_or_ignore(session, _reviews).from_select(_COLUMNS, question)
    made = session.connection().execute(stored.returning(_reviews.c.id)).one_or_none()
    if made is None:
        # Another session was quicker.
        _add_signal(session, message_id, kind, guess, proposal)


def _add_signal(
    session: Session, message_id: int, kind: str, guess: str | None, proposal: str | None
) -> bool:
    """Add to the item of a message; whether it has one."""
    known = select(_reviews).where(_reviews.c.message_id == message_id).with_for_update()
    row = session.connection().execute(known).one_or_none()
    if row is None:
        return False
    if row.status != REVIEW_OPEN:
        return True
    values = {
        "kinds": [*row.kinds, *({kind} - set(row.kinds))],
        "guess": row.guess or guess,
        "proposal": row.proposal or (None if proposal is None else storable(proposal)),
    }
    session.connection().execute(update(_reviews).where(_reviews.c.id == row.id).values(values))
    return True
