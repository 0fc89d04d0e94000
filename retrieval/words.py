"""Function words and question words of both languages, as package data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class FunctionWords:
    """Words that carry grammar and no topic.

    `stop` and `question` are left out of the keyword index; `chinese` and `english` tell which
    language a mixed message is written in; `neutral` words are used in both languages alike.
    """

    stop: frozenset[str]
    question: frozenset[str]
    chinese: tuple[str, ...]
    english: frozenset[str]
    neutral: frozenset[str]


@cache
def function_words() -> FunctionWords:
    """The words shipped with the package."""
    source = resources.files("retrieval").joinpath("data/function_words.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    zh, en = table["zh"], table["en"]
    return FunctionWords(
        stop=frozenset(zh["stop"]) | frozenset(en["stop"]),
        question=frozenset(zh["question"]) | frozenset(en["question"]),
        chinese=tuple(sorted(set(zh["marks"]), key=lambda word: (-len(word), word))),
        english=frozenset(
            word for word in en["stop"] + en["question"] if len(word) > 1 or word == "i"
        ),
        neutral=frozenset(table["both"]["neutral"]),
    )
