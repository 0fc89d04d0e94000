"""Messages to push to outside channels: each is sent once, or shown as uncertain."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from storage.base import utc_now
from storage.errors import NotFoundError
from storage.models import OutboxRow
from storage.types import Delivery, DeliveryStatus


class Outbox:
    """The deliveries of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def due(self, channel: str, limit: int = 50) -> list[Delivery]:
        """The deliveries that wait and may be tried now, in the order they were written."""
        query = (
            select(OutboxRow)
            .where(
                OutboxRow.channel == channel,
                OutboxRow.status == DeliveryStatus.PENDING.value,
                OutboxRow.due_at <= utc_now(),
            )
            .order_by(OutboxRow.id)
            .limit(limit)
        )
        return [_delivery(row) for row in self._session.scalars(query)]

    def get(self, delivery_id: int) -> Delivery:
        """The delivery of this id."""
        row = self._session.get(OutboxRow, delivery_id, populate_existing=True)
        if row is None:
            raise NotFoundError(f"there is no delivery {delivery_id}")
        return _delivery(row)

    def claim(self, delivery_id: int) -> bool:
        """Take a waiting delivery for sending.

        False if somebody else took it, or if an earlier one to the same target is under way:
        what is written to a chat arrives in that order, however many processes send.
        """
        earlier = aliased(OutboxRow)
        under_way = exists().where(
            earlier.channel == OutboxRow.channel,
            earlier.target == OutboxRow.target,
            earlier.id < OutboxRow.id,
            earlier.status.in_((DeliveryStatus.PENDING.value, DeliveryStatus.SENDING.value)),
        )
        taken = (
            update(OutboxRow)
            .where(
                OutboxRow.id == delivery_id,
                OutboxRow.status == DeliveryStatus.PENDING.value,
                ~under_way,
            )
            .values(
                status=DeliveryStatus.SENDING.value,
                attempts=OutboxRow.attempts + 1,
                updated_at=utc_now(),
            )
            .returning(OutboxRow.id)
            .execution_options(synchronize_session=False)
        )
        return self._session.scalar(taken) is not None

    def sent(self, delivery_id: int, external_ref: str | None = None) -> None:
        """It arrived; `external_ref` is the channel's own id of the message."""
        self._settle(delivery_id, DeliveryStatus.SENT, external_ref=external_ref, error=None)

    def failed(
        self, delivery_id: int, error: str, *, retry: bool, after_seconds: float = 0.0
    ) -> None:
        """It certainly did not arrive: try again after a while, or give it up."""
        status = DeliveryStatus.PENDING if retry else DeliveryStatus.FAILED
        due = utc_now() + timedelta(seconds=after_seconds)
        self._settle(delivery_id, status, error=error, due_at=due)

    def uncertain(self, delivery_id: int, error: str) -> None:
        """It may have arrived: it is shown as such and not repeated."""
        self._settle(delivery_id, DeliveryStatus.UNCERTAIN, error=error)

    def recover(self, channel: str) -> int:
        """Mark what a crash left in sending as uncertain, and say how many there were."""
        left = (
            update(OutboxRow)
            .where(OutboxRow.channel == channel, OutboxRow.status == DeliveryStatus.SENDING.value)
            .values(
                status=DeliveryStatus.UNCERTAIN.value,
                error="the process stopped while sending",
                updated_at=utc_now(),
            )
            .returning(OutboxRow.id)
            .execution_options(synchronize_session=False)
        )
        return len(self._session.scalars(left).all())

    def _settle(self, delivery_id: int, status: DeliveryStatus, **values: object) -> None:
        settled = (
            update(OutboxRow)
            .where(OutboxRow.id == delivery_id)
            .values(status=status.value, updated_at=utc_now(), **values)
            .returning(OutboxRow.id)
            .execution_options(synchronize_session=False)
        )
        if self._session.scalar(settled) is None:
            raise NotFoundError(f"there is no delivery {delivery_id}")


def _delivery(row: OutboxRow) -> Delivery:
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        channel=row.channel,
        target=row.target,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        external_ref=row.external_ref,
        error=row.error,
    )
