"""Actions that a template can call, such as an order look-up. None are registered yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.types import Understanding

HANDOFF_ACTION = "handoff"
"""A template with this action is never sent: its intent fetches a person."""


class Action(Protocol):
    """Looks something up and fills the template's slots."""

    async def run(self, understanding: Understanding) -> Mapping[str, str]:
        """Values for the slots of the template that named this action."""
        ...


def find_action(name: str | None) -> Action | None:
    """The action of this name; None when there is none, and the template stands alone."""
    del name
    return None
