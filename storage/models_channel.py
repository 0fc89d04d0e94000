"""Tables of what channels show and carry: attachments, drafts on show, the operators' group."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, RowId


class AttachmentRow(Base):
    """A file that a customer sent with a message: where the channel keeps it, not the file."""

    __tablename__ = "attachment"
    __table_args__ = (Index(None, "message_id"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    kind: Mapped[str]
    reference: Mapped[str]
    name: Mapped[str | None]
    mime: Mapped[str | None]
    size: Mapped[int | None]


class ShownDraftRow(Base):
    """The beginning of a reply that a chat can already see; `message_id` is what it answers."""

    __tablename__ = "shown_draft"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("message.id"), primary_key=True, autoincrement=False
    )
    target: Mapped[str]
    external_ref: Mapped[str]
    created_at: Mapped[datetime]


class DeskThreadRow(Base):
    """How far a conversation is shown in the operators' group, and the card it stands on."""

    __tablename__ = "desk_thread"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    card: Mapped[str]
    epoch: Mapped[int]
    status: Mapped[str]
    seq: Mapped[int]


class DeskPostRow(Base):
    """A message in the operators' group, and the conversation that a reply to it belongs to."""

    __tablename__ = "desk_post"
    __table_args__ = (Index(None, "conversation_id"),)

    reference: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
