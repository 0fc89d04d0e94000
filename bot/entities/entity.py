"""Something recognised in a message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """What it means, where it stands in the text, and how logs show it.

    `kind` is order, phone, email, address, date (YYYY-MM-DD), amount (`199.00 CNY`) or product
    (its number in the catalogue); `masked` is given where the value is personal.
    """

    kind: str
    value: str
    start: int
    end: int
    masked: str | None = None

    @property
    def shown(self) -> str:
        """The value for logs and traces."""
        return self.value if self.masked is None else self.masked
