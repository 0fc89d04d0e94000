"""Has the customer just asked again what the bot had answered? Decided from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bot.types import DecisionKind, Understanding
from retrieval.normalise import normalise_text
from storage.types import Message, Role

WITHIN = 3
"""So many of the customer's last questions are looked at."""

SAME_WORDS = 0.8
"""Share of common character pairs (Dice 1945) from which two questions are one."""

SAME_MEANING = 0.3
"""The share that is enough where both are understood as one intent."""

_ANSWERED = frozenset((DecisionKind.TEMPLATE, DecisionKind.GROUNDED, DecisionKind.ACTION))
_LEAST = 3


def asked_again(understanding: Understanding, history: Sequence[Message]) -> int | None:
    """The id of the earlier question that this message asks again; None if it asks something new.

    Only what the bot had answered counts, and only what the customer wrote: a pressed button or
    a wish for a person repeats nothing.
    """
    if not understanding.prediction.ranked or _letters(understanding.question) < _LEAST:
        return None
    questions = [message for message in history if message.role is Role.CUSTOMER][-WITHIN:]
    replies = {message.reply_to: message for message in history if message.role is Role.BOT}
    for earlier in reversed(questions):
        reply = replies.get(earlier.id)
        if reply is not None and _repeats(understanding, earlier, reply):
            return earlier.id
    return None


def overlap(one: str, other: str) -> float:
    """The share of character pairs that two texts have in common, from 0 to 1."""
    left, right = _pairs(one), _pairs(other)
    total = len(left) + len(right)
    return 2 * len(left & right) / total if total else 0.0


def _repeats(understanding: Understanding, earlier: Message, reply: Message) -> bool:
    if reply.decision not in _ANSWERED or reply.trace.get("reason") == "chosen":
        return False
    ranked = reply.trace.get("ranked") or [[None]]
    same_intent = understanding.prediction.label in (ranked[0][0], reply.intent)
    shared = overlap(understanding.question, earlier.masked_text)
    return shared >= (SAME_MEANING if same_intent else SAME_WORDS)


def _pairs(text: str) -> set[str]:
    plain = [each for each in normalise_text(text) if each.isalnum()]
    return {left + right for left, right in pairwise(plain)}


def _letters(text: str) -> int:
    return sum(each.isalnum() for each in text)
