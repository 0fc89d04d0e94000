"""The one analyser: what the keyword index stores is cut exactly as what a query asks for."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise

from rjieba import _DEFAULT_JIEBA as _DICTIONARY
from rjieba import Jieba

from retrieval.lexicon import Lexicon, Match, concept_tokens
from retrieval.normalise import normalise_text
from retrieval.stemming import stem
from retrieval.words import function_words

_VERSION = "1"

# Above any word of the dictionary that an own word could be cut into.
_OWN_WORD_FREQUENCY = 1_000_000

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
        self._cutter = _Cutter(_dictionary(lexicon.own_words), self._dropped)
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
                cut = self._cutter.dictionary.cut(chunk)
                words += [word for word in cut if word not in self._dropped]
            elif kind == "word":
                words += self._cutter.word(chunk)[:1]
            else:
                words.append(chunk)
        return words

    def concepts(self, text: str) -> list[str]:
        """Tokens such as `#refund` for the lexicon's words in the text, in order."""
        return concept_tokens(self.matches(text))

    def matches(self, text: str) -> list[Match]:
        """The lexicon's words in the text with their weights; offsets into `normalise(text)`."""
        return self._lexicon.match(normalise_text(text))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each word of the text is, stop words included, as offsets into the text itself."""
        normal = normalise_text(text)
        if len(normal) != len(text):
            # Some characters become several when they are normalised.
            normal = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
        found: list[tuple[int, int]] = []
        for match in _CHUNK.finditer(normal):
            start = match.start()
            words = (
                self._cutter.dictionary.cut(match.group())
                if match.lastgroup == "han"
                else [match.group()]
            )
            for word in words:
                found.append((start, start + len(word)))
                start += len(word)
        return found

    def is_word(self, text: str) -> bool:
        """Whether the dictionary or the shop's own list has this as one word of Chinese."""
        return bool(self._cutter.dictionary.has_word(text))

    def _cut(self, normal: str, dropped: frozenset[str]) -> list[str]:
        cutter = _Cutter(self._cutter.dictionary, dropped)
        tokens: list[str] = []
        for match in _CHUNK.finditer(normal):
            chunk, kind = match.group(), match.lastgroup
            if kind == "han":
                tokens += cutter.han(chunk)
            elif kind == "word":
                tokens += cutter.word(chunk)
            elif kind == "code":
                tokens += cutter.code(chunk)
            else:
                tokens.append(chunk)
        return tokens


def _dictionary(own_words: frozenset[str]) -> Jieba:
    """The segmenter's dictionary, with the shop's own words where it has some."""
    if not own_words:
        return _DICTIONARY
    dictionary = Jieba()
    for word in sorted(own_words):
        dictionary.add_word(word, _OWN_WORD_FREQUENCY, "n")
    return dictionary


def _fingerprint(lexicon: Lexicon, dropped: frozenset[str]) -> str:
    parts = [_VERSION, lexicon.fingerprint, *sorted(dropped)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Cuts the chunks of a normalised text, leaving out the `dropped` words."""

    dictionary: Jieba
    dropped: frozenset[str]

    def han(self, run: str) -> list[str]:
        """Dictionary words, and the pairs of neighbours among the characters between stop words.

        The pairs find 安全 in a longer word that the dictionary does not split.
        """
        tokens: list[str] = []
        stretch = ""
        for word in self.dictionary.cut(run):
            if word in self.dropped:
                tokens += self._stretch(stretch)
                stretch = ""
            else:
                stretch += word
        return tokens + self._stretch(stretch)

    def word(self, word: str) -> list[str]:
        """An English word's stem, or a code of letters and digits with its parts."""
        if word in self.dropped:
            return []
        if "'" in word:
            word = word.partition("'")[0] if word.endswith("'s") else word.replace("'", "")
            if word in self.dropped:
                return []
        if word.isalpha():
            return [stem(word)]
        return [word, *_letter_and_digit_parts(word)]

    def code(self, code: str) -> list[str]:
        """The whole code, the same without its joints, and each part."""
        if _NUMBER.fullmatch(code):
            return [code]
        parts = _CODE_PART.findall(code)
        tokens: list[str] = []
        if any(map(str.isascii, parts)):
            trimmed = self._without_neighbours(parts, code)
            tokens = [trimmed, re.sub(r"[-_/.:]", "", trimmed)]
        for part in parts:
            tokens += self.han(part) if _HAN_CHAR.match(part) else self.word(part)
        return tokens

    def _stretch(self, stretch: str) -> list[str]:
        if len(stretch) < 3:
            return [stretch] if stretch else []
        words: list[str] = self.dictionary.cut_for_search(stretch)
        seen = set(words)
        pairs = (first + second for first, second in pairwise(stretch))
        return words + [pair for pair in pairs if pair not in seen]

    def _without_neighbours(self, parts: list[str], code: str) -> str:
        """The code without the words written onto it: 我要传感器-温度-th01 -> 传感器-温度-th01."""
        start, end = 0, len(code)
        if _HAN_CHAR.match(parts[0]):
            start = len(parts[0]) - len(self.dictionary.cut(parts[0])[-1])
        if _HAN_CHAR.match(parts[-1]):
            end -= len(parts[-1]) - len(self.dictionary.cut(parts[-1])[0])
        return code[start:end]


def _letter_and_digit_parts(code: str) -> list[str]:
    """`sf1234567` -> `sf`, `1234567`; a part of one character says nothing and is left out."""
    parts = _LETTERS_OR_DIGITS.findall(code)
    return [part for part in parts if len(part) > 1] if len(parts) > 1 else []
