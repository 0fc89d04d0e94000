"""Which of a customer's questions did an operator's message answer?"""

from __future__ import annotations

from collections.abc import Sequence

from finetune.politeness import says_nothing
from storage.types import Message, Role

LOOKED_AT = 30
"""So many messages before the operator's are looked at."""

_LEAST = 5
_ASKED_FOR_PERSON = "handoff"


def answered_question(before: Sequence[Message], reply: str) -> Message | None:
    """The question that an operator's `reply` answers; None if either says nothing of substance.

    `before` are the conversation's messages up to the reply, in order. What the customer asked
    after the operator's last words of substance counts, the latest question that says more than
    "is anyone there"; asking for a person is no question.
    """
    if says_nothing(reply):
        return None
    replies = {message.reply_to: message for message in before if message.role is Role.BOT}
    for message in reversed(before):
        if message.role is Role.OPERATOR and not says_nothing(message.masked_text):
            return None
        if message.role is not Role.CUSTOMER or says_nothing(message.masked_text):
            continue
        answer = replies.get(message.id)
        asked = answer is None or answer.decision != _ASKED_FOR_PERSON
        pressed = answer is not None and answer.trace.get("reason") == "chosen"
        if asked and not pressed and _says_enough(message.masked_text):
            return message
    return None


def _says_enough(text: str) -> bool:
    """A Chinese character says as much as two letters."""
    return sum(1 if each.isascii() else 2 for each in text if each.isalnum()) >= _LEAST
