"""Requests that customers leave for staff, and failed proofs that an order is one's own."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from storage.base import table_of, utc_now
from storage.database import insert_or_ignore
from storage.errors import ConflictError, NotFoundError
from storage.models import ServiceRequestRow, VerificationFailureRow
from storage.types import Conversation, Failures, NewServiceRequest, ServiceRequest

OPEN = "open"

_requests = table_of(ServiceRequestRow)
_failures = table_of(VerificationFailureRow)
_COLUMNS = [_requests.c[each.name] for each in fields(ServiceRequest)]


class ServiceRequests:
    """The requests of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(self, conversation_id: str, message_id: int, new: NewServiceRequest) -> None:
        """Store a request once per message and kind."""
        values = {
            **asdict(new),
            "details": dict(new.details),
            "conversation_id": conversation_id,
            "message_id": message_id,
            "status": OPEN,
            "created_at": utc_now(),
        }
        self._session.execute(insert_or_ignore(self._session, _requests).values(values))

    def list(self, *, status: str | None = OPEN, limit: int = 50) -> list[ServiceRequest]:
        """Requests, oldest first; those of any status if None is asked for."""
        query = select(*_COLUMNS).order_by(_requests.c.id).limit(limit)
        if status is not None:
            query = query.where(_requests.c.status == status)
        return [ServiceRequest(*row) for row in self._session.execute(query)]

    def decide(self, request_id: int, status: str, *, by: str) -> ServiceRequest:
        """Close an open request as done or rejected; raises if it is unknown or closed."""
        query = (
            update(_requests)
            .where(_requests.c.id == request_id, _requests.c.status == OPEN)
            .values(status=status, decided_by=by, decided_at=utc_now())
            .returning(*_COLUMNS)
        )
        row = self._session.execute(query).one_or_none()
        if row is not None:
            return ServiceRequest(*row)
        known = select(_requests.c.status).where(_requests.c.id == request_id)
        found = self._session.scalar(known)
        if found is None:
            raise NotFoundError(f"there is no request {request_id}")
        raise ConflictError(f"request {request_id} is {found} already")


class VerificationFailures:
    """The failed proofs of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(self, conversation: Conversation, order_key: str) -> None:
        """Count one failure against the customer and the order that was tried."""
        values = {
            "customer_id": conversation.customer_id,
            "conversation_id": conversation.id,
            "order_key": order_key,
            "created_at": utc_now(),
        }
        self._session.execute(insert(_failures).values(values))

    def count(self, customer_id: int, order_key: str, *, within: timedelta) -> Failures:
        """Failures of this customer, and of anybody on this order, in the time before now."""
        since = utc_now() - within
        recent = select(func.count()).where(_failures.c.created_at > since)
        query = select(
            recent.where(_failures.c.customer_id == customer_id).scalar_subquery(),
            recent.where(_failures.c.order_key == order_key).scalar_subquery(),
        )
        return Failures(*self._session.execute(query).one())
