"""Wordings that say the same, in one form: what `data/wordings.toml` lists."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from retrieval.stemming import stem

_OFF = re.compile(
    r"\b(?:a )?(?P<a>\d+(?:\.\d+)?) ?(?:%|percent|per cent) (?:off|discount|reduction)\b"
    r"|\b(?:discount|reduction) of (?P<b>\d+(?:\.\d+)?) ?(?:%|percent|per cent)"
)


def reworded(text: str) -> str:
    """A `spelled` text with wordings of one meaning in one form: 15% off is 85折."""
    for pattern, replacement in _rewrites():
        text = pattern.sub(replacement, text)
    return _OFF.sub(lambda match: f"{100 - Decimal(match['a'] or match['b'])}折 off", text)


def without_opening(sentence: str) -> str:
    """The sentence without the greeting, the regret or the yes that it opens with."""
    return _openings().sub("", sentence)


@cache
def representative(word: str) -> str:
    """The word that stands for all of its meaning; the word's stem if none is listed."""
    found = _same().get(word)
    return found or _same().get(stem(word), stem(word))


def is_free(word: str) -> bool:
    """Whether a word claims nothing that evidence would have to hold."""
    return word in _free()


@cache
def _rewrites() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), new) for pattern, new in _tables()["rewrites"])


@cache
def _same() -> dict[str, str]:
    return {
        form: words[0]
        for words in _tables()["same"]
        for word in words
        for form in (word, stem(word))
    }


@cache
def _free() -> frozenset[str]:
    return frozenset(_tables()["free"])


@cache
def free_chinese() -> re.Pattern[str]:
    """Finds the Chinese words that claim nothing."""
    return re.compile("|".join(_tables()["free_zh"]))


@cache
def _openings() -> re.Pattern[str]:
    table = _tables()["opening"]
    english = "|".join(sorted(table["english"], key=len, reverse=True))
    chinese = "|".join(table["chinese"])
    return re.compile(
        rf"^(?:\s*(?:{english}|{chinese})\s*[,，、。.!！:：]\s*(?:but\b)?)+", re.IGNORECASE
    )


@cache
def _tables() -> dict[str, Any]:
    source = resources.files("bot.generator").joinpath("data/wordings.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
