"""Records of the office: staff, jobs, the audit log, erasures."""

from __future__ import annotations

from dataclasses import dataclass, fields
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
    CANCELLED = "cancelled"


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
    cancelled_by: str | None = None
    """Who asked for its end; a running one ends at its next step."""
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetrainingFacts:
    """What a schedule needs to know of the past.

    `ended_at` is when the last retraining ended, and `outcome` what came of it: promoted,
    unchanged or refused, which are verdicts, or failed or cancelled. `judged_at` is when the last
    one with a verdict began, `corrections` is how many came in since. `failures` counts the
    latest ones in a row without a verdict, `fruitless` those that promoted nothing.
    """

    live: str | None
    busy: bool
    ended_at: datetime | None
    outcome: str | None
    judged_at: datetime | None
    failures: int
    fruitless: int
    corrections: int


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
    """How many rows of each kind an erasure removed, and which bundles and adapters it marked.

    `documents` are written by staff, in answer to erased questions: their text stays.
    """

    customers: int = 0
    conversations: int = 0
    messages: int = 0
    examples: int = 0
    golden: int = 0
    feedback: int = 0
    review_items: int = 0
    deliveries: int = 0
    files: int = 0
    ratings: int = 0
    service_requests: int = 0
    verification_failures: int = 0
    passages: int = 0
    bundles: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    def __add__(self, other: Erased) -> Erased:
        """Both erasures together."""
        both = {
            each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)
        }
        for name in ("bundles", "adapters", "documents"):
            both[name] = tuple(dict.fromkeys(both[name]))
        return Erased(**both)


@dataclass(frozen=True, slots=True)
class SearchTest:
    """A search that a member of staff tried; `hits` are the best of it as they were then."""

    id: int
    at: datetime
    actor: str
    query: str
    hits: tuple[dict[str, Any], ...]
