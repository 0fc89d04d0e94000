"""The place in a document that a citation points to, for whoever asks where a reply is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from retrieval.types import EVERYTHING_VALID
from storage.knowledge import Knowledge
from storage.types import SEARCH_KIND_DOCUMENT, Citation, Passage

AROUND = 1000
"""How many characters are shown before the cited words and as many after them, at most."""


@dataclass(frozen=True, slots=True)
class CitedPlace:
    """Cited words as `text[start:end]`, within the text around them.

    `changed` says that the document does not say them any more, or is gone: `text` is then the
    evidence that was stored with the reply. `more_before` and `more_after` say whether the
    document goes on beyond `text`.
    """

    title: str
    heading: str
    text: str
    start: int
    end: int
    changed: bool = False
    more_before: bool = False
    more_after: bool = False


def cited_place(session: Session, cited: Citation, today: date) -> CitedPlace:
    """Where the document says today what was cited; the stored evidence if it does not."""
    knowledge = Knowledge(session)
    document = knowledge.document(cited.document)
    if document is None or document.kind != SEARCH_KIND_DOCUMENT:
        return _as_stored(cited, cited.document)
    text = knowledge.document_text(cited.document)
    start = locate(text, cited)
    if start is None:
        return _as_stored(cited, document.title)
    end = start + len(cited.text)
    near = knowledge.passages_between(cited.document, start - AROUND, end + AROUND)
    first, last = _valid_around(near, start, end, today)
    first, last = _whole_lines(
        text, max(first, start - AROUND), min(last, end + AROUND), start, end
    )
    return CitedPlace(
        title=document.title,
        heading=cited.heading,
        text=text[first:last],
        start=start - first,
        end=end - first,
        more_before=bool(text[:first].strip()),
        more_after=bool(text[last:].strip()),
    )


def locate(text: str, cited: Citation) -> int | None:
    """Where the cited words begin in the text: as near as possible to where they began."""
    if not cited.text:
        return None
    if text.startswith(cited.text, cited.start):
        return cited.start
    before = text.rfind(cited.text, 0, cited.start + len(cited.text))
    after = text.find(cited.text, cited.start)
    found = [each for each in (before, after) if each >= 0]
    return min(found, key=lambda each: abs(each - cited.start), default=None)


def _as_stored(cited: Citation, title: str) -> CitedPlace:
    return CitedPlace(title, cited.heading, cited.text, 0, len(cited.text), changed=True)


def _valid_around(near: Sequence[Passage], start: int, end: int, today: date) -> tuple[int, int]:
    """The stretch around the cited words without passages that customers may not find today."""
    hidden = [each for each in near if not EVERYTHING_VALID.admits(each, today)]
    if any(each.start < end and start < each.end for each in hidden):
        return start, end
    first = max((each.end for each in hidden if each.end <= start), default=0)
    next_hidden = min((each.start for each in hidden if each.start >= end), default=None)
    if next_hidden is None:
        return first, end + AROUND
    # The heading of a hidden passage stands before it, so the one before it is the last.
    shown = [each.end for each in near if each not in hidden and each.end <= next_hidden]
    return first, max([end, *shown])


def _whole_lines(text: str, first: int, last: int, start: int, end: int) -> tuple[int, int]:
    """The stretch without the halves of lines at its ends, the cited words always in it."""
    last = min(last, len(text))
    if first > 0 and text[first - 1] != "\n":
        line = text.find("\n", first, start)
        first = line + 1 if line >= 0 else first
    if last < len(text) and text[last] != "\n":
        line = text.rfind("\n", end, last)
        last = line if line >= 0 else last
    return first, last
