"""A circuit breaker: what keeps failing is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row; after `rest` seconds one call may try again."""

    def __init__(
        self, *, failures: int = 5, rest: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin closed."""
        self._limit, self._rest, self._clock = failures, rest, clock
        self._failed = 0
        self._until = 0.0

    def allows(self) -> bool:
        """Whether a call may be made now; the one trial call is taken by asking."""
        if self._failed < self._limit:
            return True
        if self._clock() < self._until:
            return False
        self._until = self._clock() + self._rest
        return True

    def succeeded(self) -> None:
        """The other side answered."""
        self._failed = 0

    def failed(self) -> None:
        """The other side did not answer, or not sensibly."""
        self._failed += 1
        if self._failed >= self._limit:
            self._until = self._clock() + self._rest
