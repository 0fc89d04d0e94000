"""What a message names, such as an order number. None are recognised yet."""

from __future__ import annotations

from bot.types import Entity


def find_entities(text: str) -> tuple[Entity, ...]:
    """The entities in a message, in order of appearance."""
    del text
    return ()
