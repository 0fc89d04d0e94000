"""What a sentence is cut into, and which of its pieces cannot stand without another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from bot.generator.tokens import Token

# A clause that says when, for whom or of what the next ones hold.
_LEADS = re.compile(
    r"若|^(?:除|凡|凭|持|当|一旦|无论|不论|不管|对于|关于|因(?!此)|由于)"
    r"|(?:的|时|后|前|者|外|中|内|起|下|期间|之日|情况|以上|以下|以内)$"
    r"|^(?:if|when|whenever|once|after|before|unless|without|on|in|for|during|at|until|with|within"
    r"|as|because|since|provided|except|under|from|by|following|between|over|outside|inside)\b"
)
# A clause that limits the one before it.
_LIMITS = re.compile(
    r"^(?:除|仅|只|限|须|凭|否则|以.{1,6}(?:准|限)|若|当(?=.+时))|除外|例外|不在此"
    r"|视.+而定|先到先得|^(?:数量|名额)"
    r"|^(?:unless|except|excluding|if|only|otherwise|less|minus|plus|when|after|until|before|with"
    r"|without|subject|who|where|for|on|at|in|by|from|within|during|depending|per|up|to|based|as)\b"
)
# A clause that says nothing without the one before it.
_NEEDS = re.compile(
    r"^(?:之后|后|此后|随后|再|然后|否则|其中|其余|最|除|超出|后者|前者|以上|同样|反之|过后)"
    r"|^(?:then|otherwise|after|unless|except|else|former|latter|less|plus|minus|if|when|who|where"
    r"|until|not|such|so)\b"
)

_RELATIVE = frozenset({"who", "that", "which", "if", "when", "unless", "both", "between"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A clause between two marks.

    `lead`: the ones after it hold under it. `limits`: the one before is untrue without it.
    `needs`: it means nothing without the one before. `part` counts semicolons, `topic` is one
    that a colon follows.
    """

    tokens: tuple[Token, ...]
    lead: bool
    limits: bool
    needs: bool
    part: int
    topic: bool

    @property
    def subject(self) -> tuple[Token, ...]:
        """The tokens before what is said of them; empty where there is no telling."""
        for place, token in enumerate(self.tokens):
            if token.figure and not spoken(self.tokens[:place]).isascii():
                return ()
            if token.opens_predicate:
                return self.tokens[:place] if has_words(self.tokens[:place]) else ()
        return ()

    @property
    def begins_anew(self) -> bool:
        """Whether it begins with a subject of its own."""
        return bool(self.tokens) and not self.tokens[0].opens_predicate


def units(tokens: Sequence[Token]) -> list[Unit]:
    """The units of a sentence in order."""
    cut = _cut(tokens)
    found = []
    part = 0
    for place, (piece, mark) in enumerate(cut):
        text = spoken(piece)
        last = place == len(cut) - 1
        topic = mark in (":", "：") and not last
        lead = not last and mark not in (";", "；") and _LEADS.search(text) is not None
        limits = place > 0 and (_LIMITS.search(text) is not None or _is_fragment(piece))
        needs = place > 0 and _NEEDS.search(text) is not None
        found.append(Unit(tuple(piece), lead or topic, limits and not lead, needs, part, topic))
        part += mark in (";", "；", "|")
    return found


def has_words(tokens: Sequence[Token]) -> bool:
    """Whether any of the tokens claims something."""
    return any(token.key for token in tokens)


def spoken(tokens: Sequence[Token]) -> str:
    """The tokens as text: English words apart, Chinese ones not."""
    text = " ".join(token.text for token in tokens)
    return re.sub(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])", "", text)


def _cut(tokens: Sequence[Token]) -> list[tuple[list[Token], str]]:
    """The pieces between marks, each with the mark behind it."""
    found: list[tuple[list[Token], str]] = []
    piece: list[Token] = []
    for place, token in enumerate(tokens):
        if token.key == "and" and not has_words(piece):
            continue
        if token.kind != "break" and not _joins_clauses(piece, tokens[place:]):
            piece.append(token)
            continue
        if has_words(piece):
            found.append((piece, token.text))
            piece = []
        elif found and token.text in ";；:：":
            found[-1] = (found[-1][0], token.text)
    return [*found, (piece, "")] if has_words(piece) else found


def _is_fragment(piece: Sequence[Token]) -> bool:
    """Whether an English piece says nothing by itself: `, members and staff alike`."""
    return spoken(piece).isascii() and not _says(piece)


def _joins_clauses(before: Sequence[Token], rest: Sequence[Token]) -> bool:
    """Whether an `and` stands between two clauses: something is said on either side of it."""
    if rest[0].key != "and" or any(token.text in _RELATIVE for token in before):
        return False
    after = takewhile(lambda token: token.kind != "break" and token.key != "or", rest[1:])
    return _says(before) and _says(list(after))


def _says(tokens: Sequence[Token]) -> bool:
    return any(token.opens_predicate for token in tokens)
