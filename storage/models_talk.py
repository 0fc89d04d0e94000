"""Tables of conversations: customers, messages, deliveries, feedback, the review queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.base import Base, RowId


class CustomerRow(Base):
    """Somebody who writes on a channel; without an external id, an unnamed visitor.

    `attributes` are what the company's own server said of them.
    """

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("channel", "external_id"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    channel: Mapped[str]
    external_id: Mapped[str | None]
    attributes: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class ConversationRow(Base):
    """One customer's conversation; `last_seq` is the seq of its newest message."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index(None, "customer_id"),
        Index(None, "updated_at"),
        Index(None, "status", "updated_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    status: Mapped[str]
    epoch: Mapped[int]
    last_seq: Mapped[int]
    language: Mapped[str | None]
    state: Mapped[dict[str, Any]]
    waiting_since: Mapped[datetime | None]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    unreachable_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    customer: Mapped[CustomerRow] = relationship(lazy="raise")


class MessageRow(Base):
    """One message; a reply names the message it answers, and no two replies name the same."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "external_id"),
        UniqueConstraint("reply_to"),
        Index(None, "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    seq: Mapped[int]
    role: Mapped[str]
    text: Mapped[str]
    masked_text: Mapped[str]
    language: Mapped[str | None]
    created_at: Mapped[datetime]
    external_id: Mapped[str | None]
    reply_to: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    decision: Mapped[str | None]
    intent: Mapped[str | None]
    template_id: Mapped[int | None] = mapped_column(ForeignKey("template.id"))
    template_revision: Mapped[int | None]
    confidence: Mapped[float | None]
    citations: Mapped[list[Any] | None]
    quick_replies: Mapped[list[Any] | None]
    bundle: Mapped[str | None]
    trace: Mapped[dict[str, Any] | None]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class OutboxRow(Base):
    """A message to be pushed to an outside channel, once."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index(None, "channel", "status", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    channel: Mapped[str]
    target: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    external_ref: Mapped[str | None]
    error: Mapped[str | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class FeedbackRow(Base):
    """What the customer thought of one reply: +1 or -1."""

    __tablename__ = "feedback"
    __table_args__ = (CheckConstraint("value IN (-1, 1)", name="value"),)

    message_id: Mapped[int] = mapped_column(
        ForeignKey("message.id"), primary_key=True, autoincrement=False
    )
    value: Mapped[int]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]


class ReviewItemRow(Base):
    """A customer's question that waits for a person's decision; `kinds` says what brought it.

    `proposal` is what a person answered; `document` names the knowledge that a decision made.
    """

    __tablename__ = "review_item"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index(
            "ix_review_item_open",
            "id",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    kinds: Mapped[list[Any]]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    question: Mapped[str]
    language: Mapped[str | None]
    guess: Mapped[str | None]
    proposal: Mapped[str | None]
    status: Mapped[str]
    intent: Mapped[str | None]
    document: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
