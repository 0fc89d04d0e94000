"""Cuts a stream of text into sentences, each with the numbers of the passages it cites."""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.sentences import split_sentences

_MARKER = re.compile(r"\s*[\[【［](\d{1,2})[\]】］]")
# The marker behind a full stop belongs to the sentence before it.
_BEHIND = re.compile(
    r"([.!?。！？；]+)[ \t]*([\[【［]\d{1,2}[\]】］](?:[ \t]*[\[【［]\d{1,2}[\]】］])*)[ \t]*"
)
_OPEN_MARKER = re.compile(r"[\[【［]\d{0,2}$")
_BULLET = re.compile(r"(?:[-*+•·]|\d{1,2}[.、)])\s+")
_PUNCTUATION = " .,!?。，！？；:：-*"
_THOUGHT, _THOUGHT_END = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence without its markers, what it cites, and whether it begins a line of its own."""

    text: str
    numbers: tuple[int, ...]
    new_line: bool


class SentenceCutter:
    """Feed it pieces; it gives back sentences that are whole.

    What a model thinks aloud before its answer (`<think>`…`</think>`) is left out.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._text = ""
        self._thinking: bool | None = None
        self._begun = False

    def feed(self, piece: str) -> list[Cited]:
        """The sentences that this piece completes."""
        self._text += piece
        if not self._past_thought():
            return []
        self._text = _BEHIND.sub(r"\2\1 ", self._text)
        spans = split_sentences(self._text)
        # A marker that has only begun may still belong to the sentence before it.
        last = self._text[spans[-1][0] :] if spans else ""
        return self._take(spans[: -2 if _OPEN_MARKER.fullmatch(last.strip()) else -1])

    def rest(self) -> list[Cited]:
        """What is left when the stream has ended; a thought without an end is no answer."""
        if self._thinking or self._text.lstrip().startswith(_THOUGHT):
            return []
        self._text = _BEHIND.sub(r"\2\1 ", self._text)
        return self._take(split_sentences(self._text))

    def _past_thought(self) -> bool:
        if self._thinking is None:
            begun = self._text.lstrip()
            if len(begun) < len(_THOUGHT) and _THOUGHT.startswith(begun):
                return False
            self._thinking = begun.startswith(_THOUGHT)
        if self._thinking:
            _, end, after = self._text.partition(_THOUGHT_END)
            if not end:
                return False
            self._thinking, self._text = False, after.lstrip()
        return True

    def _take(self, spans: list[tuple[int, int]]) -> list[Cited]:
        """These sentences, which are cut off the text."""
        found, last = [], 0
        for start, end in spans:
            new_line, last = self._begun and "\n" in self._text[last:start], end
            sentence = self._text[start:end]
            numbers = tuple(dict.fromkeys(int(n) for n in _MARKER.findall(sentence)))
            bare = _BULLET.sub("", _MARKER.sub("", sentence).strip(), count=1).strip()
            if bare.strip(_PUNCTUATION):
                self._begun = True
                found.append(Cited(bare, numbers, new_line))
        self._text = self._text[last:]
        return found
