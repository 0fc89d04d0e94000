"""The one analyser: what the keyword index stores is cut exactly as what a query asks for."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise

import rjieba

from retrieval.lexicon import Lexicon, Match, concept_tokens
from retrieval.normalise import normalise_text
from retrieval.stemming import stem
from retrieval.words import function_words

_VERSION = "1"

_HAN_CLASS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

# A code is several parts joined without a space, such as 传感器-温度-th01, 12.5 or wi-fi.
_ASCII_PART = r"[a-z0-9]+"
_HAN_PART = rf"[{_HAN_CLASS}]+"
_ANY_PART = rf"(?:{_ASCII_PART}|{_HAN_PART})"
_CHUNK = re.compile(
    rf"(?P<code>{_ANY_PART}(?:[-_/.:]{_ANY_PART})+)"
    r"|(?P<word>[a-z0-9]+(?:'[a-z]+)?)"
    rf"|(?P<han>{_HAN_PART})"
    r"|(?P<other>[^\W_a-z0-9]+)"
)
_CODE_PART = re.compile(rf"{_ASCII_PART}|{_HAN_PART}")
_LETTERS_OR_DIGITS = re.compile(r"[a-z]+|[0-9]+")
_NUMBER = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")
_HAN_CHAR = re.compile(rf"[{_HAN_CLASS}]")


class Analyser:
    """Cuts texts into the tokens of the keyword index, and names the concepts in them."""

    def __init__(self, lexicon: Lexicon) -> None:
        words = function_words()
        self._lexicon = lexicon
        self._dropped = words.stop | words.question
        self.fingerprint = _fingerprint(lexicon, self._dropped)

    @property
    def lexicon(self) -> Lexicon:
        """The word groups that give the concepts."""
        return self._lexicon

    def normalise(self, text: str) -> str:
        """The spelling that all comparison works on: NFKC, lower case, simplified."""
        return normalise_text(text)

    def tokens(self, text: str) -> list[str]:
        """Content tokens in order; stop words are left out unless nothing else is there."""
        normal = normalise_text(text)
        return self._cut(normal, self._dropped) or self._cut(normal, frozenset())

    def words(self, text: str) -> list[str]:
        """Content words in order, each once for each time it stands there: to compare two texts.

        Unlike `tokens` without parts of words, so every word weighs the same.
        """
        words: list[str] = []
        for match in _CHUNK.finditer(normalise_text(text)):
            chunk, kind = match.group(), match.lastgroup
            if kind == "han":
                words += [word for word in rjieba.cut(chunk) if word not in self._dropped]
            elif kind == "word":
                words += _word_tokens(chunk, self._dropped)[:1]
            else:
                words.append(chunk)
        return words

    def concepts(self, text: str) -> list[str]:
        """Tokens such as `#refund` for the lexicon's words in the text, in order."""
        return concept_tokens(self.matches(text))

    def matches(self, text: str) -> list[Match]:
        """The lexicon's words in the text with their weights; offsets into `normalise(text)`."""
        return self._lexicon.match(normalise_text(text))

    def _cut(self, normal: str, dropped: frozenset[str]) -> list[str]:
        tokens: list[str] = []
        for match in _CHUNK.finditer(normal):
            chunk, kind = match.group(), match.lastgroup
            if kind == "han":
                tokens += _han_tokens(chunk, dropped)
            elif kind == "word":
                tokens += _word_tokens(chunk, dropped)
            elif kind == "code":
                tokens += _code_tokens(chunk, dropped)
            else:
                tokens.append(chunk)
        return tokens


def _fingerprint(lexicon: Lexicon, dropped: frozenset[str]) -> str:
    parts = [_VERSION, lexicon.fingerprint, *sorted(dropped)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _han_tokens(run: str, dropped: frozenset[str]) -> list[str]:
    """Dictionary words, and the pairs of neighbours among the characters left between stop words.

    The pairs find 安全 in a longer word that the dictionary does not split.
    """
    tokens: list[str] = []
    stretch = ""
    for word in rjieba.cut(run):
        if word in dropped:
            tokens += _stretch_tokens(stretch)
            stretch = ""
        else:
            stretch += word
    return tokens + _stretch_tokens(stretch)


def _stretch_tokens(stretch: str) -> list[str]:
    if len(stretch) < 3:
        return [stretch] if stretch else []
    words = rjieba.cut_for_search(stretch)
    seen = set(words)
    pairs = (first + second for first, second in pairwise(stretch))
    return words + [pair for pair in pairs if pair not in seen]


def _word_tokens(word: str, dropped: frozenset[str]) -> list[str]:
    if word in dropped:
        return []
    if "'" in word:
        word = word.partition("'")[0] if word.endswith("'s") else word.replace("'", "")
        if word in dropped:
            return []
    if word.isalpha():
        return [stem(word)]
    return [word, *_letter_and_digit_parts(word)]


def _letter_and_digit_parts(code: str) -> list[str]:
    """`sf1234567` -> `sf`, `1234567`; a part of one character says nothing and is left out."""
    parts = _LETTERS_OR_DIGITS.findall(code)
    return [part for part in parts if len(part) > 1] if len(parts) > 1 else []


def _code_tokens(code: str, dropped: frozenset[str]) -> list[str]:
    """The whole code, the same without its joints, and each part."""
    if _NUMBER.fullmatch(code):
        return [code]
    parts = _CODE_PART.findall(code)
    tokens: list[str] = []
    if any(map(str.isascii, parts)):
        trimmed = _without_neighbours(parts, code)
        tokens = [trimmed, re.sub(r"[-_/.:]", "", trimmed)]
    for part in parts:
        cut = _han_tokens if _HAN_CHAR.match(part) else _word_tokens
        tokens += cut(part, dropped)
    return tokens


def _without_neighbours(parts: list[str], code: str) -> str:
    """The code without the words written onto it: 我要传感器-温度-th01 -> 传感器-温度-th01."""
    start, end = 0, len(code)
    if _HAN_CHAR.match(parts[0]):
        start = len(parts[0]) - len(rjieba.cut(parts[0])[-1])
    if _HAN_CHAR.match(parts[-1]):
        end -= len(parts[-1]) - len(rjieba.cut(parts[-1])[0])
    return code[start:end]
