"""A passage, read once for all the sentences that cite it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.generator.matching import said_keys
from bot.generator.readings import Reading, readings
from bot.generator.rows import cells, is_rule, row_readings
from bot.generator.tokens import Token, read
from bot.generator.units import Unit, units
from bot.generator.wordings import without_opening
from retrieval.sentences import is_table_row, split_sentences

_QUESTION = re.compile(r"[?？]\W*$|[吗呢]\W*$")
_EXCEPTION = re.compile(
    r"^[^,，]{1,30}(?:除外|例外)\W*$"
    r"|^(?:except|this does not apply|(?:\w+ ){1,6}(?:is|are) excluded)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)、])\s+")
_LIMITING = re.compile(
    r"[不未勿仅只除若无]|如果|的[:：]|\b(?:not|cannot|never|no|only|except|if|for|when|unless|before|after)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"^\W*(?:它|该|此|其|it|they|this|these)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """A sentence or a row of a table, as all that it says."""

    readings: tuple[Reading, ...]

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every word and figure in it."""
        return frozenset(t.key for reading in self.readings for t in reading.tokens)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage as sentences are held against it; `names` are its title and its heading."""

    statements: tuple[Statement, ...]
    names: tuple[tuple[str, ...], ...]

    @property
    def figures(self) -> frozenset[str]:
        """The figures of the passage."""
        keys = (key for statement in self.statements for key in statement.keys)
        return frozenset(key for key in keys if key.startswith("#"))


def read_evidence(text: str, names: Sequence[str]) -> Evidence:
    """The passage with this text, title and heading."""
    named = (tuple(said_keys(read(name))) for name in names)
    return Evidence(tuple(_statements(text)), tuple(name for name in named if name))


def _statements(text: str) -> Iterator[Statement]:
    header: list[str] = []
    subject: tuple[Token, ...] = ()
    sentences = _sentences(text)
    for sentence in sentences:
        if is_table_row(sentence):
            yield from _row(header, sentence)
            header = header or cells(sentence)
            continue
        header = []
        cut = units(read(without_opening(sentence)))
        if cut and not _QUESTION.search(sentence):
            meant = subject if _PRONOUN.match(sentence) else ()
            yield Statement(tuple(readings(cut, meant, alone=len(sentences) == 1)))
        subject = _subject(cut) or subject


def _sentences(text: str) -> list[str]:
    """The sentences; one that is no more than an exception belongs to the one before it."""
    found: list[str] = []
    text = _with_intros(text)
    for start, end in split_sentences(text):
        sentence = text[start:end]
        if found and _EXCEPTION.search(sentence) and not is_table_row(sentence):
            found[-1] = f"{found[-1].rstrip('。.!！ ')}, {sentence}"
        else:
            found.append(sentence)
    return found


def _with_intros(text: str) -> str:
    """The text without bullets, each item of a list behind the intro that limits it."""
    lines = []
    intro = ""
    for line in text.splitlines():
        item = _BULLET.sub("", line)
        if item == line:
            limits = line.rstrip().endswith((":", "：")) and _LIMITING.search(line)
            intro = line.strip() if limits else ""
        lines.append(f"{intro} {item}" if intro and item != line else item)
    return "\n".join(lines)


def _row(header: Sequence[str], sentence: str) -> Iterator[Statement]:
    row = cells(sentence)
    if is_rule(sentence) or not header and ":" not in sentence and "：" not in sentence:
        return
    names = header if ":" not in sentence and "：" not in sentence else ()
    if found := row_readings(names, row):
        yield Statement(tuple(found))


def _subject(cut: Sequence[Unit]) -> tuple[Token, ...]:
    return cut[0].subject if cut else ()
