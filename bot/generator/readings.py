"""What a sentence of a passage says: every wording that follows from it by leaving out whole parts.

A clause may be left out where nothing that is kept hangs on it; of items that share a predicate one
may be kept. Nothing else is ever left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.generator.tokens import Token
from bot.generator.units import Unit, has_words

MAX_UNITS = 8
_JOINTS = frozenset({"and", "or", "和", "或"})
_TOGETHER = frozenset("共合之同") | frozenset({
    "together", "combin", "total", "both", "between", "mix"
})  # fmt: skip
_CONDITIONS = frozenset("若凭仅") | frozenset({"if", "with", "when", "unless", "between", "only"})
_SHARED = frozenset({"can", "must", "not", "可", "不", "须"})
_ITEM = 4, 8


@dataclass(frozen=True, slots=True)
class Reading:
    """A wording, and which units of the sentence it takes.

    `bare`: it needs a subject before it. `before`: of these a claim may take the beginning.
    """

    tokens: tuple[Token, ...]
    first: int
    last: int
    bare: bool = False
    before: tuple[Token, ...] = ()


def readings(
    sentence: Sequence[Unit], subject: Sequence[Token] = (), *, alone: bool = False
) -> list[Reading]:
    """All readings of a sentence; `subject` is what its first pronoun stands for.

    Of a sentence that stands alone the subject may be left unsaid.
    """
    found: list[Reading] = []
    for first in range(len(sentence)):
        for last in range(first, min(first + MAX_UNITS, len(sentence))):
            if _stands(sentence, first, last):
                found += _variants(sentence, first, last, tuple(subject))
    if alone and _has_one_subject(sentence):
        return [replace(reading, bare=False) for reading in found]
    return found


def _stands(sentence: Sequence[Unit], first: int, last: int) -> bool:
    """Whether these units may stand by themselves, under what leads them."""
    opens, closes = sentence[first], sentence[last]
    if closes.lead or (first > 0 and (opens.limits or opens.needs)):
        return False
    return last + 1 == len(sentence) or not sentence[last + 1].limits


def _variants(
    sentence: Sequence[Unit], first: int, last: int, subject: tuple[Token, ...]
) -> Iterator[Reading]:
    led = _leads(sentence, first)
    body = tuple(token for unit in sentence[first : last + 1] for token in unit.tokens)
    opens = sentence[first]
    taken = _taken(sentence, first) or (subject if first == 0 else ())
    bare = bool(taken) and not opens.begins_anew
    for each in (body, *(_projected(opens) if first == last else ())):
        yield Reading(led + each, first, last, bare, _vague(sentence, first))
        if taken:
            yield Reading(led + taken + each, first, last)
            if led:
                yield Reading(taken + led + each, first, last)


def _leads(sentence: Sequence[Unit], first: int) -> tuple[Token, ...]:
    """The conditions and topics that the unit stands under."""
    part = sentence[first].part
    led = [u for u in sentence[:first] if u.topic or (u.lead and u.part == part)]
    return tuple(token for unit in led for token in unit.tokens)


def _taken(sentence: Sequence[Unit], first: int) -> tuple[Token, ...]:
    """The subject that the unit takes from the one before it, through others without one."""
    for before in reversed(sentence[:first]):
        if before.part != sentence[first].part:
            return ()
        if before.begins_anew:
            return before.subject
    return ()


def _vague(sentence: Sequence[Unit], first: int) -> tuple[Token, ...]:
    """The Chinese unit before, where there is no telling its subject from what is said of it."""
    before = sentence[first - 1] if first else None
    if not before or before.part != sentence[first].part or before.lead or before.subject:
        return ()
    return () if before.tokens[0].text.isascii() else before.tokens


def _has_one_subject(sentence: Sequence[Unit]) -> bool:
    """Whether only the first unit of a Chinese sentence has a subject, which may be left out."""
    chinese = any(not token.text.isascii() for token in sentence[0].tokens)
    return chinese and not any(unit.begins_anew for unit in sentence[1:])


def _projected(unit: Unit) -> Iterator[tuple[Token, ...]]:
    """The unit with one of the items that share its predicate, or of those that it ends with."""
    words = {word for token in unit.tokens for word in (token.key, token.text)}
    if not words & _JOINTS or words & _TOGETHER:
        return
    size = len(unit.subject)
    subjects = [unit.subject]
    items = _items(unit.subject)
    if len(items) > 1 and _is_short(items) and not words & {"if", "若", "when"}:
        subjects += items
    for start in subjects:
        rest = unit.tokens[size:]
        yield start + tuple(token for token in rest if token.text not in ("均", "都"))
        if not words & _CONDITIONS:
            yield from (start + each for each in _shortened(rest))


def _shortened(rest: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """What is said of a subject without its last items, or without all but the last verb."""
    shared = _shared(rest)
    for place, token in enumerate(rest):
        if token.key not in _JOINTS or not has_words(rest[:place]):
            continue
        if not any(each.figure for each in rest[place:]):
            yield rest[:place]
        if shared:
            yield rest[:shared] + rest[place + 1 :]


def _shared(rest: Sequence[Token]) -> int:
    """Where the words end that two verbs share: `may not be` of `may not be ridden or taken`."""
    end = 0
    while end < len(rest) and (rest[end].key in _SHARED or not rest[end].key):
        end += 1
    return end if has_words(rest[:end]) else 0


def _items(tokens: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    items: list[tuple[Token, ...]] = []
    start = 0
    for place, token in enumerate(tokens):
        if token.key in _JOINTS:
            items.append(tokens[start:place])
            start = place + 1
    items.append(tokens[start:])
    return [item for item in items if has_words(item)]


def _is_short(items: Sequence[tuple[Token, ...]]) -> bool:
    """Whether what the items share cannot hide in one of them."""
    english, chinese = _ITEM
    return all(
        len([t for t in item if t.key]) <= (english if item[0].text.isascii() else chinese)
        for item in items
    )
