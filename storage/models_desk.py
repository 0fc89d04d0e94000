"""Tables of the operators' desk: stored files, canned replies, ratings, used nonces."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, RowId


class StoredFileRow(Base):
    """A file of a customer's; it belongs to their message of the same external id.

    The content is in the database, so that erasing a customer, a backup and a second server all
    see it without being told.
    """

    __tablename__ = "stored_file"
    __table_args__ = (UniqueConstraint("conversation_id", "external_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    external_id: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes]
    created_at: Mapped[datetime]


class CannedReplyRow(Base):
    """A wording that operators use again and again, per language."""

    __tablename__ = "canned_reply"
    __table_args__ = (UniqueConstraint("title"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    title: Mapped[str]
    texts: Mapped[dict[str, Any]]
    editor: Mapped[str]
    updated_at: Mapped[datetime]


class RatingRow(Base):
    """What a customer thought of a whole conversation, from 1 to 5."""

    __tablename__ = "rating"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    score: Mapped[int]
    comment: Mapped[str | None]
    created_at: Mapped[datetime]


class UsedNonceRow(Base):
    """A nonce that must not be used again before it expires."""

    __tablename__ = "used_nonce"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
