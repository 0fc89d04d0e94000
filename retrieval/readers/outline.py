"""Builds a document's text and its sections while a reader goes through a file."""

from __future__ import annotations

from retrieval.language import detect_language
from retrieval.types import ParsedDocument, Section
from storage.types import UNLABELLED, Labels

_SAMPLE = 4000


class Outline:
    """The text read so far, and the headings that the next text stands under.

    A heading of the top level before everything else is the document's title, not a part of it.
    Headings are part of the text, between the sections.
    """

    def __init__(self) -> None:
        self.title = ""
        self.labels = UNLABELLED
        self._parts: list[str] = []
        self._length = 0
        self._path: list[tuple[int, str]] = []
        self._sections: list[Section] = []
        self._open: Section | None = None

    def heading(self, level: int, text: str) -> None:
        """What follows stands under this heading, until one of the same or a higher level."""
        self._open = None
        if level == 1 and not self._parts:
            self.title = text
            self._append(text)
            return
        self._path = [(depth, above) for depth, above in self._path if depth < level]
        self._path.append((level, text))
        self._append(text)

    def block(self, text: str) -> None:
        """A paragraph: a blank line stands before it."""
        self._put(text, "\n\n")

    def line(self, text: str) -> None:
        """A list item or a table row: only a line break stands before it."""
        self._put(text, "\n")

    def section(
        self,
        heading: str,
        text: str,
        questions: tuple[str, ...] = (),
        labels: Labels = UNLABELLED,
    ) -> None:
        """A section of its own under one heading, with the questions that it answers."""
        self._open = None
        self._append(heading)
        start, end = self._append(text, "\n")
        self._sections.append(Section(heading, start, end, questions, labels))

    def build(self, name: str, fallback_title: str) -> ParsedDocument:
        """The finished document; one of headings alone becomes one section of all its text."""
        text = "".join(self._parts)
        sections = tuple(self._sections) or (Section("", 0, len(text)),)
        return ParsedDocument(
            name=name,
            title=self.title or fallback_title,
            text=text,
            sections=sections,
            language=detect_language(text[:_SAMPLE]) or ("en" if text.isascii() else "zh"),
            labels=self.labels,
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no text at all."""
        return not any(part.strip() for part in self._parts)

    def _put(self, text: str, gap: str) -> None:
        if not text.strip():
            return
        start, end = self._append(text, gap)
        if self._open is None:
            heading = " > ".join(title for _, title in self._path)
            asked = self._path[-1][1] if self._path else ""
            questions = (asked,) if asked.endswith(("?", "？")) else ()
            self._open = Section(heading, start, end, questions)
            self._sections.append(self._open)
            return
        self._open = Section(self._open.heading, self._open.start, end, self._open.questions)
        self._sections[-1] = self._open

    def _append(self, text: str, gap: str = "\n\n") -> tuple[int, int]:
        text = text.strip()
        if self._parts:
            self._parts.append(gap)
            self._length += len(gap)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return start, self._length


def table_row(headers: list[str], cells: list[str]) -> str:
    """One line per row that reads without its table: `Size: M | Chest: 96 cm`."""
    if len(headers) != len(cells):
        return " | ".join(cell for cell in cells if cell)
    named = zip(headers, cells, strict=True)
    return " | ".join(f"{head}: {cell}" if head else cell for head, cell in named if cell)
