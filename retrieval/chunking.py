"""Cuts a document into passages: long enough to answer, short enough to quote."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.language import detect_language
from retrieval.sentences import split_sentences
from retrieval.types import ParsedDocument, Section
from storage.types import UNLABELLED, Labels, NewPassage

SHORTEST = 300
LONGEST = 600

# A sentence or table row longer than this is no sentence: it is cut after a clause, or anywhere.
LONGEST_SENTENCE = 2000

_CLAUSE_END = re.compile(r"[,，、：:;|]|\s")

Span = tuple[int, int]


def chunk(document: ParsedDocument, labels: Labels = UNLABELLED) -> list[NewPassage]:
    """Passages of whole sentences and table rows, each within one section, in reading order.

    A section is divided evenly, at ends of paragraphs where that fits; only a section shorter
    than `SHORTEST` or a sentence longer than `LONGEST` makes a passage of another length. A
    passage has the labels of its section and document, and those given for the import.
    """
    outer = document.labels.within(labels)
    return [
        _passage(document, section, outer, start, end)
        for section in document.sections
        for start, end in _spans(document.text, section)
    ]


def _passage(
    document: ParsedDocument, section: Section, outer: Labels, start: int, end: int
) -> NewPassage:
    text = document.text[start:end]
    return NewPassage(
        text=text,
        heading=section.heading,
        start=start,
        end=end,
        language=detect_language(text) or document.language,
        questions=section.questions,
        labels=section.labels.within(outer),
    )


def _spans(text: str, section: Section) -> list[Span]:
    sentences = [
        part
        for start, end in split_sentences(text[section.start : section.end])
        for part in _bounded(text, section.start + start, section.start + end)
    ]
    return _merge_tail(list(_packed(text, sentences))) if sentences else []


def _bounded(text: str, start: int, end: int) -> Iterator[Span]:
    longest = LONGEST if end - start > LONGEST_SENTENCE else LONGEST_SENTENCE
    while end - start > longest:
        ends = [
            match.end() for match in _CLAUSE_END.finditer(text, start + SHORTEST, start + LONGEST)
        ]
        cut = ends[-1] if ends else start + LONGEST
        yield start, start + len(text[start:cut].rstrip())
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _packed(text: str, sentences: list[Span]) -> Iterator[Span]:
    """Sentences put together until the passage is full, or long enough at a paragraph's end."""
    start, end = sentences[0]
    for following_start, following_end in sentences[1:]:
        full = following_end - start > LONGEST
        pause = end - start >= SHORTEST and "\n\n" in text[end:following_start]
        if full or pause:
            yield start, end
            start = following_start
        end = following_end
    yield start, end


def _merge_tail(spans: list[Span]) -> list[Span]:
    """The rest of a section joins the passage before it where both fit into one."""
    if len(spans) > 1:
        (start, _), (last, end) = spans[-2:]
        if end - last < SHORTEST and end - start <= LONGEST:
            return [*spans[:-2], (start, end)]
    return spans
