"""How long each step of a turn took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Measures named stages in milliseconds, from its creation on."""

    def __init__(self) -> None:
        """Start the clock."""
        self._began = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of a `with` block under this name."""
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - began) * 1000
            self._stages[name] = round(self._stages.get(name, 0.0) + spent, 3)

    def read(self) -> dict[str, float]:
        """The stages so far, and the total since the beginning."""
        total = round((time.perf_counter() - self._began) * 1000, 3)
        return {**self._stages, "total": total}
