"""What an action is: something a template's intent lets happen, with the form's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from finetune.templating import Value
from retrieval.types import Encoder
from storage.types import NewServiceRequest

HANDOFF_ACTION = "handoff"
"""A template with this action is never sent: its intent fetches a person."""


class ActionStatus(StrEnum):
    """How an action ended.

    `refused` is also what is said of an order that does not exist: nobody learns which it is.
    `nothing` leaves the answer to the template's own wording.
    """

    DONE = "done"
    REFUSED = "refused"
    LOCKED = "locked"
    NOTHING = "nothing"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What an action is given. `message_id` makes it repeatable: the same one, the same effect."""

    action: str
    slots: Mapping[str, str]
    language: str
    message_id: int
    text: str
    at: datetime
    budget: str | None = None
    encoder: Encoder | None = None


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What came of it: values for the wording, and what is stored with the reply.

    `failed_order` is the key of the order whose proof of ownership failed.
    """

    status: ActionStatus
    values: Mapping[str, Value] = field(default_factory=dict)
    request: NewServiceRequest | None = None
    failed_order: str | None = None


class Action(Protocol):
    """Looks something up, or asks for something to be done."""

    @property
    def variables(self) -> frozenset[str]:
        """The values that its result can have."""
        ...

    @property
    def offered(self) -> bool:
        """Whether the template's wording answers by itself and the action is offered beside it."""
        ...

    async def run(self, call: ActionCall) -> ActionResult:
        """Do it; whatever fails outside is told by the status, never raised."""
        ...


Actions = Mapping[str, Action]
"""Every action that this process can run, by the name that templates use."""

FindAction = Callable[[str], Action | None]
