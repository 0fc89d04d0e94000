"""A short message that points back, read together with the question that it points to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.forms.words import points, refers
from finetune.types import Prediction
from storage.normalise import normalise
from storage.types import Message, Role, Turn

_ANSWERS = frozenset(("template", "grounded", "action"))

# Words that ask without saying of what.
_CHINESE = re.compile(
    r"多长时间|什么时候|多少天|多少钱|怎么办理?|怎么|怎么样|为什么|可不可以|能不能|行不行"
    r"|多久|几天|几点|几个|多少|怎么|什么|哪里|哪儿|哪个|哪些|谁|那么|那|这个|这|它|还有|然后|另外|大概|大约|一般"
    r"|请问|需要|可以|能|要|得|会|是|有|在|去|到|呢|吗|啊|呀|嘛|吧|的|了|我|你们|您|花|等|才|行|好|弄|办|做|时间|钱"
)
_ENGLISH = frozenset({
    "a", "about", "all", "and", "are", "be", "but", "by", "can", "cost", "could", "do", "does",
    "for", "get", "have", "how", "i", "if", "in", "is", "it", "long", "many", "much", "need", "of",
    "ok", "okay", "one", "or", "please", "should", "so", "soon", "take", "that", "the", "them",
    "then", "there", "they", "this", "those", "time", "to", "usually", "want", "we", "what",
    "what's", "when", "where", "which", "who", "why", "will", "work", "would", "you",
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The question that a follow-up may be about, and how surely a template could answer it."""

    text: str
    in_scope: float


def earlier_question(message: Message, turn: Turn) -> Earlier | None:
    """The answered question that a short follow-up may be about."""
    if not refers(message.text):
        return None
    for said in reversed(turn.history):
        if said.role is Role.CUSTOMER:
            reply = next((each for each in turn.history if each.reply_to == said.id), None)
            return _answered(said, reply)
    return None


def _answered(said: Message, reply: Message | None) -> Earlier | None:
    if reply is None or reply.decision not in _ANSWERS:
        return None
    in_scope = float(reply.trace.get("in_scope", 0.0)) if reply.intent else 0.0
    return Earlier(said.masked_text, in_scope)


def read_together(text: str, together: Prediction, earlier: Earlier) -> Prediction:
    """The guess for both questions as one.

    Two questions in a row are unlike anything that was trained on. Where the second names no
    matter of its own, it is in scope as surely as the first one was.
    """
    if not names_nothing(text):
        return together
    return replace(together, in_scope=max(together.in_scope, earlier.in_scope))


def only_points_back(text: str) -> bool:
    """Whether there is nothing to understand in it but that it points to what was said before.

    `在吗` names nothing either, but points to nothing.
    """
    return points(text) and names_nothing(text)


def names_nothing(text: str) -> bool:
    """Whether a text asks without a word of what it asks about: `and how long does that take?`."""
    rest = _CHINESE.sub(" ", normalise(text).lower())
    return all(word in _ENGLISH for word in _WORD.findall(rest))
