"""What of a passage is searched: its words, and the text that stands for its meaning."""

from __future__ import annotations

from retrieval.query import weighted_tokens
from retrieval.text import Analyser
from storage.types import Passage


def frequencies(analyser: Analyser, passage: Passage) -> dict[str, float]:
    """The weighted tokens of all that a passage says, with the questions attached to it."""
    text = "\n".join([passage.title, passage.heading, passage.text, *passage.questions])
    return weighted_tokens(analyser, text)


def own_text(passage: Passage) -> str:
    """Title, heading and text, which are embedded as one; questions have vectors of their own."""
    return " ".join(part for part in (passage.title, passage.heading, passage.text) if part)
