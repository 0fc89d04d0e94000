"""Where sentences begin and end, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(r"[^\r\n\u2028\u2029]+")
_URL = re.compile(r"(?:https?://|www\.)[\x21-\x7e]+")
_STOP = re.compile(
    r"(?P<wide>[。！？；｡]+)|(?P<ascii>[!?]+)|(?P<dot>\.+)",
)
_CLOSING = "\"'”’）)】」』》]"
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LAST_WORD = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z0-9]+$")

# Always followed by what they abbreviate.
_TITLES = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "nos", "vs", "e.g", "i.e", "eg", "ie", "fig",
    "approx", "dept", "ext", "tel",
})  # fmt: skip
# May end a sentence: they do when a capital or a Chinese character follows.
_TAILS = frozenset({
    "etc", "inc", "ltd", "co", "corp", "jr", "sr", "a.m", "p.m", "am", "pm", "u.s", "u.k",
    "jan", "feb", "mar", "apr", "aug", "sept", "oct", "nov", "dec",
})  # fmt: skip

_LOOK_BACK = 24


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences, without the white space around them.

    A line break ends a sentence; a line that is a table row (cells divided by `|`) is one.
    Points inside numbers, links and abbreviations end nothing. Nothing but white space is
    left out.
    """
    found: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        for start, end in _in_line(text, line.start(), line.end()):
            trimmed = _trim(text, start, end)
            if trimmed[0] < trimmed[1]:
                found.append(trimmed)
    return found


def is_table_row(line: str) -> bool:
    """Whether a line holds the cells of a table row."""
    return " | " in line or line.lstrip().startswith("|")


def _in_line(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if is_table_row(text[start:end]):
        yield start, end
        return
    links = [_without_tail(match) for match in _URL.finditer(text, start, end)]
    begin = start
    for stop in _STOP.finditer(text, start, end):
        while links and links[0][1] <= stop.start():
            links.pop(0)
        if links and links[0][0] <= stop.start():
            continue
        if not _ends_sentence(text, stop, begin, end):
            continue
        after = stop.end()
        while after < end and text[after] in _CLOSING:
            after += 1
        yield begin, after
        begin = after
    yield begin, end


def _ends_sentence(text: str, stop: re.Match[str], begin: int, end: int) -> bool:
    if stop["wide"]:
        return True
    following = text[stop.end()] if stop.end() < end else ""
    apart = not following or following.isspace() or following in _CLOSING
    if stop["ascii"]:
        return apart or not following.isascii()
    before = text[max(begin, stop.start() - _LOOK_BACK) : stop.start()]
    word = _LAST_WORD.search(before)
    last = word.group().lower() if word else ""
    if _HAN.match(following):
        return not last.isdigit() and len(last) != 1
    return apart and not _abbreviates(text, stop, last, begin, end)


def _abbreviates(text: str, stop: re.Match[str], last: str, begin: int, end: int) -> bool:
    rest = text[stop.end() : stop.end() + _LOOK_BACK].lstrip()
    if stop.end() >= end or not rest:
        return False
    if last in _TITLES:
        return last not in {"no", "nos"} or rest[0].isdigit()
    if last in _TAILS:
        return not (rest[0].isupper() or _HAN.match(rest))
    # An initial (J. Smith), or the number that a list line begins with.
    numbered = last.isdigit() and text[begin : stop.start()].strip() == last
    return numbered or (len(last) == 1 and last.isalpha() and last not in {"i", "a"})


def _without_tail(link: re.Match[str]) -> tuple[int, int]:
    """A link's place without the punctuation that belongs to the sentence around it."""
    return link.start(), link.start() + len(link.group().rstrip(".,;:!?)'\"]"))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
