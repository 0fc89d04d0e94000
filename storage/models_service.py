"""Tables of what actions leave behind: requests for staff, failed proofs of ownership."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, RowId


class ServiceRequestRow(Base):
    """What a verified customer asked staff to do with an order, once per message and kind."""

    __tablename__ = "service_request"
    __table_args__ = (
        UniqueConstraint("message_id", "kind"),
        Index(None, "conversation_id"),
        Index(None, "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    kind: Mapped[str]
    reference: Mapped[str]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    order_number: Mapped[str | None]
    details: Mapped[dict[str, Any]]
    status: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class VerificationFailureRow(Base):
    """One failed attempt to prove that an order is one's own; `order_key` is a hash."""

    __tablename__ = "verification_failure"
    __table_args__ = (
        Index(None, "conversation_id"),
        Index(None, "customer_id", "created_at"),
        Index(None, "order_key", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    order_key: Mapped[str]
    created_at: Mapped[datetime]
