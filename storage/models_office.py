"""Tables of the office: staff, their tokens, background jobs, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.base import Base, RowId

_UNFINISHED = text("status IN ('queued', 'running')")


class StaffRow(Base):
    """A staff account; a removed one stays, inactive, because messages and logs name it."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("name"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    name: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[str]
    active: Mapped[bool]
    created_at: Mapped[datetime]


class StaffTokenRow(Base):
    """A log-in or an API token, by the hash of its secret."""

    __tablename__ = "staff_token"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index(None, "staff_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[str]
    label: Mapped[str]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    staff: Mapped[StaffRow] = relationship(lazy="raise")


class JobRow(Base):
    """A background job; the partial index lets one of each kind wait or run at a time."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_unfinished_kind",
            "kind",
            unique=True,
            sqlite_where=_UNFINISHED,
            postgresql_where=_UNFINISHED,
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    kind: Mapped[str]
    status: Mapped[str]
    payload: Mapped[dict[str, Any]]
    progress: Mapped[float]
    detail: Mapped[str]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    owner: Mapped[str | None]
    cancelled_by: Mapped[str | None]
    lease_seconds: Mapped[float | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class AuditRow(Base):
    """Who did what to what, and why; rows are only ever added."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "subject"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]


class SearchTestRow(Base):
    """A search that staff tried, with the best of what it found then."""

    __tablename__ = "search_test"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[RowId]
    at: Mapped[datetime]
    actor: Mapped[str]
    query: Mapped[str]
    hits: Mapped[list[Any]]


class GeneratorUsageRow(Base):
    """How many tokens the language model was given and wrote in a UTC day (`2026-11-22`)."""

    __tablename__ = "generator_usage"

    day: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[int]
