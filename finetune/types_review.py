"""What people decide about questions in review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ThisIntent:
    """The questions belong to this intent; `oos`: no template should answer them."""

    intent: str


@dataclass(frozen=True, slots=True)
class NewIntent:
    """The questions belong to an intent that there is not yet; its wording per language."""

    name: str
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewKnowledge:
    """The questions are answered by this text, which becomes a document."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing is to be learned from the questions."""


Verdict = ThisIntent | NewIntent | NewKnowledge | Ignore


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to: how many questions, their intent, and the document made of it."""

    items: tuple[int, ...]
    decision: str
    intent: str | None = None
    document: str | None = None
