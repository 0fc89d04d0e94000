"""Who a visitor turned out to be, said by the company's own server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from storage.base import table_of, utc_now
from storage.database import insert_or_ignore
from storage.errors import ConflictError, NotFoundError
from storage.messages import conversations, customers
from storage.models import ExampleRow, UsedNonceRow, VerificationFailureRow

_nonces = table_of(UsedNonceRow)
_examples = table_of(ExampleRow)
_attempts = table_of(VerificationFailureRow)


def use_nonce(session: Session, nonce: str, expires_at: datetime) -> bool:
    """Whether this nonce is used for the first time; expired ones are forgotten."""
    session.execute(delete(_nonces).where(_nonces.c.expires_at < utc_now()))
    insert = insert_or_ignore(session, _nonces).values(nonce=nonce, expires_at=expires_at)
    return session.execute(insert.returning(_nonces.c.nonce)).one_or_none() is not None


def identify(
    session: Session, conversation_id: str, external_id: str, attributes: Mapping[str, Any]
) -> int:
    """Give a conversation to the customer of this external id; returns the customer.

    An unnamed visitor becomes that customer, with all their conversations. Raises ConflictError
    if the conversation belongs to another named customer.
    """
    query = (
        select(conversations.c.channel, customers.c.id, customers.c.external_id)
        .join(customers, customers.c.id == conversations.c.customer_id)
        .where(conversations.c.id == conversation_id)
        .with_for_update()
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no conversation {conversation_id!r}")
    if row.external_id not in (None, external_id):
        raise ConflictError("this conversation belongs to another customer: begin a new one")
    customer = _named(session, row.channel, external_id)
    session.execute(
        update(customers).where(customers.c.id == customer).values(attributes=dict(attributes))
    )
    if customer != row.id:
        for table in (conversations, _examples, _attempts):
            session.execute(
                update(table).where(table.c.customer_id == row.id).values(customer_id=customer)
            )
        session.execute(delete(customers).where(customers.c.id == row.id))
    return customer


def _named(session: Session, channel: str, external_id: str) -> int:
    values = {"channel": channel, "external_id": external_id, "created_at": utc_now()}
    session.execute(insert_or_ignore(session, customers).values(values))
    known = select(customers.c.id).where(
        customers.c.channel == channel, customers.c.external_id == external_id
    )
    return int(session.scalars(known).one())
