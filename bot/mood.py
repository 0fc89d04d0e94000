"""How a customer feels: what the live bundle's mood head says of a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class MoodGuesser(Protocol):
    """Guesses how customers feel."""

    def predict(self, texts: Sequence[str]) -> list[str]:
        """One of MOODS per text."""
        ...


def find_mood(head: MoodGuesser | None, text: str) -> str | None:
    """The customer's mood, or None when the bundle has no head."""
    return None if head is None else head.predict([text])[0]
