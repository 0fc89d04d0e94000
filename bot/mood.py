"""How a customer feels. No bundle carries a mood head yet."""

from __future__ import annotations

ANGRY = "angry"


def find_mood(text: str) -> str | None:
    """The customer's mood, or None when it is unknown."""
    del text
    return None
