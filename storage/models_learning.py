"""Tables of what the bot learns from and what came of it, bundles and adapters among it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.base import Base, RowId


class TemplateRow(Base):
    """An answer template at its newest revision; `editor` is who made that revision."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("name"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    name: Mapped[str]
    texts: Mapped[dict[str, Any]]
    slots: Mapped[list[Any]]
    action: Mapped[str | None]
    results: Mapped[dict[str, Any] | None]
    protected: Mapped[bool]
    origin: Mapped[str]
    revision: Mapped[int]
    editor: Mapped[str]
    retired_by: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TemplateRevisionRow(Base):
    """How a template read at one revision; kept for ever, since messages point to it."""

    __tablename__ = "template_revision"

    template_id: Mapped[int] = mapped_column(
        ForeignKey("template.id"), primary_key=True, autoincrement=False
    )
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    texts: Mapped[dict[str, Any]]
    slots: Mapped[list[Any]]
    action: Mapped[str | None]
    results: Mapped[dict[str, Any] | None]
    protected: Mapped[bool]
    editor: Mapped[str]
    created_at: Mapped[datetime]


class TemplateTextRow(Base):
    """A wording, by the key of its normalised text, and the one template that it stands for."""

    __tablename__ = "template_text"
    __table_args__ = (Index(None, "template_id"),)

    text_key: Mapped[str] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"))


class ExampleRow(Base):
    """A labelled question; `identity` is the hash of what it said when it came in."""

    __tablename__ = "example"
    __table_args__ = (
        UniqueConstraint("identity"),
        Index(None, "question_key"),
        Index(None, "source"),
        Index(None, "customer_id"),
        Index(None, "message_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    identity: Mapped[str]
    question: Mapped[str]
    question_key: Mapped[str]
    intent: Mapped[str | None]
    answer: Mapped[str | None]
    language: Mapped[str]
    source: Mapped[str]
    weight: Mapped[float]
    origin: Mapped[str]
    line: Mapped[int | None]
    golden: Mapped[bool]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    created_at: Mapped[datetime]


class DocumentRow(Base):
    """A source of knowledge with its whole text, which citations point into."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("name"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    name: Mapped[str]
    title: Mapped[str]
    content_hash: Mapped[str]
    language: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PassageRow(Base):
    """A stretch of a document that search can find."""

    __tablename__ = "passage"
    __table_args__ = (Index(None, "document_id"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    heading: Mapped[str]
    text: Mapped[str]
    start: Mapped[int]
    end: Mapped[int]
    language: Mapped[str]
    questions: Mapped[list[Any]]
    tags: Mapped[list[Any] | None]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]

    document: Mapped[DocumentRow] = relationship(lazy="raise")


class AttachedQuestionRow(Base):
    """A question by which a passage shall be found, beside those that its document names.

    It holds on to words of the document (`quote`), not to a passage: that is cut anew whenever
    the document changes. A `removed` one stays, so that no import brings it back.
    """

    __tablename__ = "attached_question"
    __table_args__ = (
        UniqueConstraint("document", "question_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    document: Mapped[str]
    quote: Mapped[str]
    question: Mapped[str]
    question_key: Mapped[str] = mapped_column(index=True)
    source: Mapped[str]
    origin: Mapped[str]
    removed: Mapped[bool]
    created_at: Mapped[datetime]


class PassageChangeRow(Base):
    """One entry of the change log; the passage itself may be gone, so nothing references it."""

    __tablename__ = "passage_change"

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    passage_id: Mapped[int]
    deleted: Mapped[bool]
    created_at: Mapped[datetime]


class KnowledgeStateRow(Base):
    """The one row whose lock orders all changes of knowledge, and the revision they reached."""

    __tablename__ = "knowledge_state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]


class ImportRow(Base):
    """A file that was imported: which content, when, and what came of it."""

    __tablename__ = "import_record"
    __table_args__ = (Index(None, "kind", "name"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    kind: Mapped[str]
    name: Mapped[str]
    content_hash: Mapped[str]
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class BundleRow(Base):
    """A trained bundle; `supersedes` is the one that was live before it, for rollback."""

    __tablename__ = "bundle"

    id: Mapped[str] = mapped_column(primary_key=True)
    data_fingerprint: Mapped[str]
    metrics: Mapped[dict[str, Any]]
    outcome: Mapped[str]
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("bundle.id"))
    promoted_at: Mapped[datetime | None]
    erased_since: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LiveBundleRow(Base):
    """The one row that says which bundle is live."""

    __tablename__ = "live_bundle"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bundle_id: Mapped[str | None] = mapped_column(ForeignKey("bundle.id"))
    changed_at: Mapped[datetime | None]


class AdapterRow(Base):
    """A fine-tuned adapter of a chat model; `messages` are the ids of what it was trained on."""

    __tablename__ = "adapter"

    id: Mapped[str] = mapped_column(primary_key=True)
    base: Mapped[str]
    data_fingerprint: Mapped[str]
    messages: Mapped[list[Any]]
    metrics: Mapped[dict[str, Any]]
    outcome: Mapped[str]
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("adapter.id"))
    promoted_at: Mapped[datetime | None]
    erased_since: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LiveAdapterRow(Base):
    """The one row that says which adapter is live; none means the chat model as it came."""

    __tablename__ = "live_adapter"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    adapter_id: Mapped[str | None] = mapped_column(ForeignKey("adapter.id"))
    changed_at: Mapped[datetime | None]
