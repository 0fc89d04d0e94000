"""Whether a passage supports a sentence: the check before anything a model wrote is shown.

A sentence is supported if one sentence or table row of the passage says it, word for word but for
a closed list of wordings of one meaning: nothing added, nothing left out but whole parts that the
rest does not hang on, at most one part moved. What is not clearly supported is unsure, and unsure
is not shown: the customer reads the passage itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.generator.evidence import Evidence, Statement, read_evidence
from bot.generator.matching import differs_in_value, said_keys, says_the_same
from bot.generator.readings import Reading
from bot.generator.tokens import Token, read
from bot.generator.units import Unit, units
from bot.generator.wordings import without_opening
from bot.guard import is_instruction
from retrieval.sentences import split_sentences
from storage.types import Passage

MAX_CLAUSES = 8

# What a claim may say that the passage leaves unsaid; `matching` tells where.
_ADDED = frozenset({"", "you", "您", "你", "we", "我", "can", "可"})

# Besides what the guard knows: words to whoever answers, and what others said, both no evidence.
_TOLD = re.compile(
    r"(?:告诉|告知|回复|转告|答复)(?:顾客|客户|用户|买家|消费者)"
    r"|(?:智能客服|聊天机器人|客服机器人|AI ?(?:助手|客服|模型))|机器人[,，:：]"
    r"|(?:用户|顾客|客户|买家|读者)(?:留言|评论|评价|点评)"
    r"|\b(?:tell|inform|reply to) (?:the |all |every |any )?(?:customer|user|buyer|client)s?\b"
    r"|\b(?:ai (?:agent|assistant|model)|chat ?bot|language model|chat assistant)s?\b"
    r"|\b(?:customer|user|reader|guest)s? (?:review|comment|feedback)s?\b",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and why in words that also tell the model what to mend."""

    supported: bool
    reason: str = ""


class Grounding:
    """Checks sentences against passages; pure, and quick enough to run for each sentence."""

    def __init__(self) -> None:
        """Passages are kept as they were read: a reply cites few."""
        self._read = lru_cache(maxsize=64)(_evidence)

    def check(self, sentence: str, passage: Passage) -> Finding:
        """Whether the passage supports the sentence; its orders are no evidence."""
        evidence = self._read(passage.text, (passage.title, passage.heading))
        claim = units(read(without_opening(sentence)))
        if not claim:
            return Finding(False, "it says nothing that can be checked")
        if len(claim) <= MAX_CLAUSES and _is_said(claim, evidence):
            if _is_ambiguous(claim, evidence):
                return Finding(False, "the passage says that of one thing and not of another")
            return Finding(True)
        return Finding(False, _reason(claim, evidence))


def _is_said(claim: Sequence[Unit], evidence: Evidence) -> bool:
    """Whether one statement of the passage says all of the claim."""
    head = frozenset(key for name in evidence.names for key in name)
    keys = frozenset(t.key for unit in claim for t in unit.tokens) - head - _ADDED
    return any(
        _follows(claim, 0, None, statement, evidence.names)
        for statement in evidence.statements
        if all(key in statement.keys or key.startswith("#date") for key in keys)
    )


def _is_ambiguous(claim: Sequence[Unit], evidence: Evidence) -> bool:
    """Whether the passage says the same words with another figure, or with a no, somewhere else."""
    said = [token for unit in claim for token in unit.tokens]
    known = (reading for statement in evidence.statements for reading in statement.readings)
    return any(differs_in_value(said, each.tokens) for each in known)


def _follows(
    claim: Sequence[Unit],
    start: int,
    before: Reading | None,
    statement: Statement,
    names: Sequence[tuple[str, ...]],
) -> bool:
    """Whether the claim's clauses from `start` are readings one beside the other."""
    if start == len(claim):
        return True
    for end in range(start + 1, len(claim) + 1):
        said = [token for unit in claim[start:end] for token in unit.tokens]
        for reading in statement.readings:
            if (
                _is_next(reading, before)
                and (
                    says_the_same(said, reading.tokens)
                    or (before is None and _is_named(said, reading.tokens, names))
                    or _begins_as(said, reading)
                )
                and _follows(claim, end, reading, statement, names)
            ):
                return True
    return False


def _is_next(reading: Reading, before: Reading | None) -> bool:
    """Whether a reading may come next: what is left out between two could be the subject."""
    if before is None:
        return not reading.bare
    if reading.first == before.last + 1:
        return True
    return not reading.bare and reading.last + 1 == before.first


def _is_named(
    said: Sequence[Token], known: Sequence[Token], names: Sequence[tuple[str, ...]]
) -> bool:
    """Whether the claim begins with the passage's title or heading, and goes on as it does."""
    for place in range(1, len(said)):
        if tuple(said_keys(said[:place])) in names and says_the_same(said[place:], known):
            return True
    return False


def _begins_as(said: Sequence[Token], reading: Reading) -> bool:
    """Whether the claim begins as the clause before the reading does, and goes on as it does."""
    keys = [token.key for token in reading.before if token.key]
    place = 0
    for key in keys:
        while place < len(said) and not said[place].key:
            place += 1
        if place == len(said) or said[place].key != key:
            return False
        place += 1
        if says_the_same(said[place:], reading.tokens):
            return True
    return False


def _reason(claim: Sequence[Unit], evidence: Evidence) -> str:
    figures = evidence.figures
    for token in (token for unit in claim for token in unit.tokens):
        if token.kind == "figure" and token.key not in figures:
            return f"{token.text} is not in the passage"
    return "no sentence of the passage says just that: keep to its words"


def _evidence(text: str, names: tuple[str, ...]) -> Evidence:
    return read_evidence(without_instructions(text), names)


def without_instructions(text: str) -> str:
    """The text without sentences that give orders to an assistant, and what follows on the line."""
    lines = []
    for line in _HIDDEN.sub("", text).splitlines():
        kept = line
        for start, end in split_sentences(line):
            if is_instruction(line[start:end]) or _TOLD.search(line[start:end]):
                kept = line[:start]
                break
        lines.append(kept)
    return "\n".join(lines)


def is_verbatim(sentence: str, evidence: str) -> bool:
    """Whether the sentence is a word-for-word part of the evidence; white space may differ."""
    return bool(sentence.strip()) and _folded(sentence) in _folded(evidence)


def _folded(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
