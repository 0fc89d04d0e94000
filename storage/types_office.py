"""Records of the office: staff, jobs, the audit log, erasures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class StaffRole(StrEnum):
    """What a member of staff may do; an admin may do all that an operator may."""

    OPERATOR = "operator"
    ADMIN = "admin"


class JobStatus(StrEnum):
    """State of a background job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff account."""

    id: int
    name: str
    role: StaffRole
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StaffToken:
    """A log-in or an API token of a member of staff, without its secret."""

    id: int
    staff_id: int
    label: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """A background job and how far it is, from 0 to 1."""

    id: int
    kind: str
    status: JobStatus
    payload: dict[str, Any]
    progress: float
    detail: str
    result: dict[str, Any] | None
    created_at: datetime
    error: str | None = None
    owner: str | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log: who did what to what, and why."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each kind an erasure removed, and which bundles it marked."""

    customers: int = 0
    conversations: int = 0
    messages: int = 0
    examples: int = 0
    golden: int = 0
    feedback: int = 0
    review_items: int = 0
    deliveries: int = 0
    passages: int = 0
    bundles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchTest:
    """A search that a member of staff tried; `hits` are the best of it as they were then."""

    id: int
    at: datetime
    actor: str
    query: str
    hits: tuple[dict[str, Any], ...]
