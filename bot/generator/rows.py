"""Rows of tables, as what they say: `Express: time 1 day` of its row and the header above it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.generator.readings import Reading
from bot.generator.tokens import Token, read
from bot.generator.units import has_words

_RULE = re.compile(r"[\s|:+-]*")


def cells(line: str) -> list[str]:
    """The cells of a row."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def is_rule(line: str) -> bool:
    """Whether a line only draws a table."""
    return _RULE.fullmatch(line) is not None


def row_readings(header: Sequence[str], row: Sequence[str]) -> list[Reading]:
    """What each cell says of the row's first one, with its column's name wherever it is needed."""
    names, values = _named(header, row)
    if len(values) < 2:
        return []
    label, of_label = _words(values[0]), _words(names[0])
    found = []
    for column in range(1, len(values)):
        for said in _cell(names, values, column):
            found.append(Reading(said, column, column, bare=True))
            names_of_it = (label, label + of_label, of_label + label)
            found += [Reading(whole + said, column, column) for whole in names_of_it]
    return found


def _cell(names: Sequence[str], values: Sequence[str], column: int) -> Iterator[tuple[Token, ...]]:
    name, value = _words(names[column]), _words(values[column])
    yield name + value
    yield value + name
    if name and _is_only(values, column):
        yield value


def _is_only(values: Sequence[str], column: int) -> bool:
    """Whether no other cell of the row could be taken for this one."""
    kinds = [_kinds(_words(value)) for value in values]
    return all(not kinds[column] & each for n, each in enumerate(kinds) if n not in (0, column))


def _kinds(tokens: Sequence[Token]) -> frozenset[str]:
    found = {f"{t.figure.kind} {t.figure.unit}" for t in tokens if t.figure}
    return frozenset(found or {"words"})


def _named(header: Sequence[str], row: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names and values, of a table with a header or of one whose cells bring their names."""
    if len(header) == len(row):
        return list(header), list(row)
    pairs = [re.split(r"[:：]\s*", cell, maxsplit=1) for cell in row]
    return [p[0] if len(p) == 2 else "" for p in pairs], [p[-1] for p in pairs]


def _words(text: str) -> tuple[Token, ...]:
    tokens = tuple(token for token in read(text) if token.kind != "break")
    return tokens if has_words(tokens) else ()
