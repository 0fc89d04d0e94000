"""How much one customer may write: a note once, then silence until they slow down."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

REMEMBERED = 20_000


class Verdict(Enum):
    """What to do with one more message."""

    TAKE = auto()
    WARN = auto()
    IGNORE = auto()


@dataclass(slots=True)
class _Customer:
    taken: deque[tuple[datetime, str]] = field(default_factory=deque)
    warned: datetime | None = None


class Throttle:
    """Counts by the time at which a message was written, not at which it was read.

    So what somebody wrote over a night in which the bot was down is all answered. A message that
    is delivered again does not count again.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        """At most `limit` messages within `seconds`."""
        self._limit = limit
        self._window = timedelta(seconds=seconds)
        self._customers: OrderedDict[str, _Customer] = OrderedDict()

    def judge(self, customer: str, external_id: str, written: datetime) -> Verdict:
        """Whether this message is one too many, and whether its writer knows that already."""
        known = self._customers.setdefault(customer, _Customer())
        self._customers.move_to_end(customer)
        while len(self._customers) > REMEMBERED:
            self._customers.popitem(last=False)
        if any(each == external_id for _, each in known.taken):
            return Verdict.TAKE
        while known.taken and known.taken[0][0] <= written - self._window:
            known.taken.popleft()
        if len(known.taken) < self._limit:
            known.taken.append((written, external_id))
            return Verdict.TAKE
        if known.warned is not None and known.warned > written - self._window:
            return Verdict.IGNORE
        known.warned = written
        return Verdict.WARN
