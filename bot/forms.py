"""Questions that a form asks one after another. There are no forms yet."""

from __future__ import annotations

from bot.types import Decision, Understanding
from storage.types import Turn


def continue_form(understanding: Understanding, turn: Turn) -> Decision | None:
    """What the form being filled wants to do; None when no form is being filled."""
    del understanding, turn
    return None
