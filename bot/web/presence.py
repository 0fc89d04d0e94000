"""Which operators are at their desk: those whose page asked for news a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 45.0


class Presence:
    """Remembers when each operator's page was last heard of."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody is there yet."""
        self._clock = clock
        self._seen: dict[int, float] = {}

    def note(self, staff_id: int) -> None:
        """Remember that this operator's page is open."""
        self._seen[staff_id] = self._clock()

    @property
    def count(self) -> int:
        """How many operators are there now."""
        since = self._clock() - SECONDS
        self._seen = {staff: at for staff, at in self._seen.items() if at > since}
        return len(self._seen)
