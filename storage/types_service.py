"""Records of service requests and of proofs of ownership."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewServiceRequest:
    """What staff shall do; stored in the commit of the reply that promises it."""

    kind: str
    reference: str
    order_number: str | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A request as staff see it; `status` is open, done or rejected."""

    id: int
    kind: str
    reference: str
    conversation_id: str
    message_id: int
    order_number: str | None
    details: dict[str, Any]
    status: str
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Failures:
    """How often a proof of ownership failed lately, by who tried and by what was tried."""

    customer: int
    order: int
