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


def representative(word: str) -> str:
    """The word that stands for all of its meaning; the word itself if none is listed."""
    return _same().get(word, word)


def is_free(word: str) -> bool:
    """Whether a word claims nothing that evidence would have to hold."""
    return word in _free()


@cache
def _rewrites() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), new) for pattern, new in _tables()["rewrites"])


@cache
def _same() -> dict[str, str]:
    found: dict[str, str] = {}
    for words in _tables()["same"]:
        stems = [stem(word) for word in words]
        first = found.get(stems[0], stems[0])
        for each in stems:
            found.setdefault(each, first)
    return found


@cache
def _free() -> frozenset[str]:
    return frozenset(stem(word) for word in _tables()["free"]) | frozenset(_tables()["free"])


@cache
def _tables() -> dict[str, Any]:
    source = resources.files("bot.generator").joinpath("data/wordings.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
