"""What a stored message looks like on Telegram: plain text in pieces, and buttons."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.telegram.buttons import markup, thumbs
from retrieval.sentences import split_sentences
from storage.types import Citation, Message, QuickReply

MAX_UNITS = 4096
"""Telegram counts a message's length in UTF-16 units, so most emoji count twice."""

_ZERO_WIDTH_JOINER = "\u200d"


def pieces(message: Message) -> list[str]:
    """The texts to send for a message, in order; none for an empty one."""
    text = "\n\n".join(filter(None, (clean(message.text), sources(message.citations))))
    return split(text)


def clean(text: str) -> str:
    """The text without what Telegram cannot carry: lone surrogates and control characters."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(each for each in text if each in "\n\t" or unicodedata.category(each) != "Cc")


def sources(citations: Sequence[Citation]) -> str:
    """One line per cited place, such as `[1] returns › Deadlines`."""
    return clean("\n".join(_source(citation) for citation in citations))


def _source(citation: Citation) -> str:
    path = [citation.document, *citation.heading.split(" > ")]
    named = " › ".join(dict.fromkeys(part.strip() for part in path if part.strip()))
    return f"[{citation.n}] {named}".replace("\n", " ")


def split(text: str, limit: int = MAX_UNITS) -> list[str]:
    """The text in pieces of at most `limit` units, cut between sentences wherever possible."""
    found = []
    boundaries = _boundaries(text, limit)
    start = 0
    while start < len(text):
        reach = _reach(text, start, limit)
        end = reach if reach == len(text) else _best_cut(text, start, reach, boundaries)
        if piece := text[start:end].strip():
            found.append(piece)
        start = end
    return found


def _boundaries(text: str, limit: int) -> list[int]:
    if units(text) <= limit:
        return []
    return [end for _, end in split_sentences(text)]


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def _reach(text: str, start: int, limit: int) -> int:
    """The furthest end of a piece that begins at `start`."""
    used = 0
    for at in range(start, len(text)):
        used += 2 if ord(text[at]) > 0xFFFF else 1
        if used > limit:
            return at
    return len(text)


def _best_cut(text: str, start: int, reach: int, boundaries: Sequence[int]) -> int:
    """The last sentence end in reach, else the last white space, else between two characters."""
    sentence = max((at for at in boundaries if start < at <= reach), default=None)
    if sentence is not None:
        return sentence
    space = max((at for at in range(start + 1, reach + 1) if text[at].isspace()), default=None)
    return space if space is not None else _between_characters(text, start, reach)


def _between_characters(text: str, start: int, reach: int) -> int:
    """The last place up to `reach` that does not tear an accent or a joined emoji apart."""
    for at in range(reach, start, -1):
        joined = _ZERO_WIDTH_JOINER in (text[at], text[at - 1])
        if not joined and not unicodedata.category(text[at]).startswith("M"):
            return at
    return reach


def keyboard(message: Message, *, rated: bool = False) -> InlineKeyboardMarkup | None:
    """The quick replies below each other, then thumbs unless it is `rated`; None without any."""
    rows = [
        [InlineKeyboardButton(text=text, callback_data=button_data(message.id, index))]
        for index, each in enumerate(message.quick_replies)
        if (text := clean(each.text).strip())
    ]
    return markup(rows if rated else [*rows, *thumbs(message)])


def button_data(message_id: int, index: int) -> str:
    """What a button carries: which quick reply of which message it is.

    Telegram allows 64 bytes, so the payload itself stays with the stored message.
    """
    return f"{message_id}:{index}"


def parse_button_data(data: str) -> tuple[int, int] | None:
    """Message id and index of a pressed button; None for anything else."""
    message_id, colon, index = data.partition(":")
    if not colon or not all(part.isascii() and part.isdigit() for part in (message_id, index)):
        return None
    return int(message_id), int(index)


def quick_reply(message: Message, index: int) -> QuickReply | None:
    """The quick reply behind a button, if the message has it."""
    return message.quick_replies[index] if index < len(message.quick_replies) else None
