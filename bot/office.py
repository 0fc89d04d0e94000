"""When people are there to answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """From when to when, on which days (Monday = 0), in which time zone."""

    opens: time = time.min
    closes: time = time.max
    days: frozenset[int] = field(default_factory=lambda: frozenset(range(7)))
    time_zone: str = "UTC"

    def are_open(self, moment: datetime) -> bool:
        """Whether somebody is there at this moment; hours may run past midnight."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        clock, day = local.time(), local.weekday()
        if self.opens <= self.closes:
            return day in self.days and self.opens <= clock < self.closes
        if clock >= self.opens:
            return day in self.days
        return clock < self.closes and (day - 1) % 7 in self.days
