"""What a sentence and a passage are cut into before they are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.generator.figures import Figure, find_figures, spelled
from bot.generator.wordings import reworded
from finetune.facts import plain

# `and` joins two statements only before a verb or a new subject: not in "laptops and tablets".
_AND = (
    r"\band\b(?=\s+(?:is|are|was|were|has|have|can|cannot|may|must|will|would|should|do|does|did|it|they|we"
    r"|you|there|then|not|costs?|takes?|comes?|needs?|includes?|ships?|weighs?|holds?|runs?|works?"
    r"|lasts?|charges?|contains?|starts?|ends?|opens?|closes?|receives?|gets?|applies|covers?)\b)"
)
_SPLIT = re.compile(
    r"[,、;；:：|。!?()（）\n]+(?!\d)|\.(?=\s|$)|\s[-–—]\s"
    r"|(?<=\S)(?:而且|并且|但是|但|而|不过|同时(?=还|也|请)|且)"
    rf"|{_AND}|\b(?:but|while|whereas|then|yet|so)\b"
)
_BLANK = "\u25a0"


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch between two marks: its spelled text, content words without figures, figures."""

    text: str
    words: tuple[str, ...]
    figures: tuple[Figure, ...]
    phrases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A clause of a passage with the one before it in its sentence, which may hold its subject.

    `context` is what came before those two and may still be meant.
    """

    clause: Clause
    before: Clause
    context: tuple[Clause, ...]
    sentence: str
    conditions: tuple[Clause, ...]

    @property
    def text(self) -> str:
        """The words of the window."""
        return f"{self.before.text} {self.clause.text}"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of the window."""
        return (*self.before.figures, *self.clause.figures)


@dataclass(frozen=True, slots=True)
class Part:
    """A figure with the words around it, and the clauses before that are meant as well.

    `source` is the clause it is a part of, `others` the figures beside it, `after` the clauses that
    follow up to the next figure of its kind.
    """

    figure: Figure
    own: Clause
    before: tuple[Clause, ...]
    source: Clause
    others: tuple[Figure, ...]
    after: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage as sentences are held against it; `head` is its title and headings."""

    text: str
    windows: tuple[Window, ...]
    head: Clause
    parts: tuple[Part, ...] = ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures of the passage and its headings."""
        found = (figure for window in self.windows for figure in window.clause.figures)
        return (*found, *self.head.figures)


NO_CLAUSE = Clause("", (), ())


def one_spelling(text: str) -> str:
    """The text as clauses and figures are read from it."""
    # Items of a list share what is said of them, so the mark between them splits nothing.
    return reworded(spelled(plain(text.replace("、", " 与 "))))


def split_clauses(text: str) -> list[str]:
    """The text between marks; those inside a date or a number split nothing."""
    masked = text
    for figure in find_figures(text):
        blank = _BLANK * (figure.end - figure.start)
        masked = masked[: figure.start] + blank + masked[figure.end :]
    edges = [0, *(edge for mark in _SPLIT.finditer(masked) for edge in mark.span()), len(text)]
    return [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if text[a:b].strip()]
