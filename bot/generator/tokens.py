"""A text as what is compared: words, characters and figures in order, in one spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.generator.figures import Figure, find_figures, spelled
from bot.generator.wordings import free_chinese, is_free, representative, reworded
from finetune.facts import plain
from retrieval.stemming import stem

Kind = Literal["word", "figure", "break"]

# What ends the subject of a clause: what is said of it begins here.
_PREDICATES = frozenset("可须不应免为是在每有含自按由需享收提") | frozenset({
    "is", "are", "was", "were", "be", "can", "may", "must", "will", "would", "should", "do", "does",
    "did", "has", "have", "had", "not", "cost", "take", "come", "need", "include", "require",
    "last", "get", "earn", "receive", "pay", "use", "apply", "cover", "start", "end", "open",
    "close", "expire", "run", "contain", "offer", "go", "add", "travel", "ride", "return", "carry",
})  # fmt: skip
_WORD = re.compile(
    r"[a-z][a-z'’-]*[a-z]|[a-z]|[\u3400-\u9fff]|[,、;；:：|。!?\n()（）]|\.(?=\s|$)|\d+"
)
_BREAKS = frozenset(",、;；:：|。!?\n.")
_AND_BREAKS = re.compile(
    r"\b(?:but|while|whereas|although|though)\b"
    r"|(?<=\S)(?:而且|并且|但是|但|而(?!不)|不过|同时(?=还|也|请)|且|并(?=[\u4e00-\u9fff]))"
)
# A comma inside an English list joins: "audiobooks, e-books and gift cards".
_LIST_COMMA = re.compile(
    r",\s+(?=(?:[\w'-]+\s+){0,2}[\w'-]+(?:,\s+(?:[\w'-]+\s+){0,2}[\w'-]+)*,?\s+(?:and|or)\s)"
)
_LAST_COMMA = re.compile(r",\s+(and|or)\b(?=\s+(?:[\w'-]+\s+){0,4}[\w'-]+[.;]?\s*$)")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, character, figure or mark; what claims nothing has an empty `key`."""

    key: str
    text: str
    kind: Kind = "word"
    figure: Figure | None = None

    @property
    def opens_predicate(self) -> bool:
        """Whether what is said of a subject may begin here."""
        return self.kind == "figure" or self.text in _PREDICATES or stem(self.text) in _PREDICATES


def read(text: str) -> list[Token]:
    """The tokens of a text; each mark between clauses is one of kind `break`."""
    spelling = one_spelling(text)
    tokens: list[Token] = []
    last = 0
    for figure in find_figures(spelling):
        if figure.start < last:
            continue
        tokens += _words(spelling[last : figure.start])
        tokens.append(
            Token(_figure_key(figure), spelling[figure.start : figure.end], "figure", figure)
        )
        last = figure.end
    return tokens + _words(spelling[last:])


def one_spelling(text: str) -> str:
    """The text as tokens are read from it."""
    # Items of a list share what is said of them, so the mark between them splits nothing.
    normal = reworded(spelled(plain(text.replace("、", "和"))))
    return _joined(normal)


def _joined(text: str) -> str:
    """The text with breaks for joints of clauses, and joints for commas of lists."""
    text = _AND_BREAKS.sub(", ", text)
    return _LIST_COMMA.sub(" and ", _LAST_COMMA.sub(r" \1", text))


def _words(text: str) -> list[Token]:
    """The words of a stretch between figures; those of `free_zh` in one token each."""
    found: list[Token] = []
    last = 0
    for free in free_chinese().finditer(text):
        found += _pieces(text[last : free.start()])
        found.append(Token("", free[0]))
        last = free.end()
    return found + _pieces(text[last:])


def _pieces(text: str) -> list[Token]:
    return [_token(match[0]) for match in _WORD.finditer(text) if match[0] not in "()（）"]


def _token(text: str) -> Token:
    if text in _BREAKS:
        return Token(text, text, "break")
    if is_free(text):
        return Token("", text)
    return Token(representative(text), text)


def _figure_key(figure: Figure) -> str:
    if figure.kind != "number":
        return f"#{figure.kind} {figure.value}"
    high = "" if figure.high is None else f"-{figure.high.normalize():f}"
    value = figure.value.normalize() if not isinstance(figure.value, str) else figure.value
    return f"#{value:f}{high} {figure.unit} {figure.bound}"
