"""One spelling for every text: width, case, apostrophes, and simplified Chinese characters."""

from __future__ import annotations

import unicodedata
from functools import cache

from opencc import OpenCC

# Legal in simplified text as well (著名, 乾坤): alone they are no sign of a traditional text.
_BOTH_SCRIPTS = frozenset("著乾瞭夥藉馀沈苹")

_APOSTROPHES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "`": "'"})

# The converter's time grows with the square of an unbroken run, so a long run goes in pieces.
_PIECE = 200


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def _is_traditional(char: str) -> bool:
    """Whether the character is written differently in simplified Chinese."""
    return (
        "\u3400" <= char <= "\u9fff"
        and char not in _BOTH_SCRIPTS
        and _converter().convert(char) != char
    )


def to_simplified(text: str) -> str:
    """The text with traditional Chinese characters replaced by simplified ones."""
    if text.isascii() or not any(map(_is_traditional, set(text))):
        return text
    pieces = (text[i : i + _PIECE] for i in range(0, len(text), _PIECE))
    return "".join(_converter().convert(piece) for piece in pieces)


def normalise_text(text: str) -> str:
    """NFKC, lower case, straight apostrophes and simplified Chinese; white space is kept."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).lower().translate(_APOSTROPHES)
    return to_simplified(folded)
