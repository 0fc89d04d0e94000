"""A daily budget for a generator that costs money or a GPU's time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence

from bot.generator.base import Generator, Piece
from retrieval.types import Hit

_DAY_SECONDS = 86_400


class BudgetedGenerator:
    """Writes with `costly` until the day's budget is spent, then with `free`; UTC days."""

    def __init__(
        self,
        costly: Generator,
        free: Generator,
        per_day: int,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`per_day` replies may be written by `costly`; a reply counts when it begins."""
        self._costly, self._free = costly, free
        self._per_day, self._clock = per_day, clock
        self._day, self._spent = 0, 0

    def write(self, question: str, hits: Sequence[Hit], language: str) -> AsyncIterator[Piece]:
        """The pieces of a reply, by whichever generator the budget allows."""
        chosen = self._costly if self._take() else self._free
        return chosen.write(question, hits, language)

    def _take(self) -> bool:
        day = int(self._clock() // _DAY_SECONDS)
        if day != self._day:
            self._day, self._spent = day, 0
        if self._spent >= self._per_day:
            return False
        self._spent += 1
        return True
