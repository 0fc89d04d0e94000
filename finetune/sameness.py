"""When do two answers say the same? When what remains without politeness is equal.

`same_key` writes an answer down in one way. Two answers may share a template only if their keys
are equal: the same facts, content words and negations in the same order. Equality cannot creep
from answer to answer as a similarity could, and it takes one pass over any number of answers.
"""

from __future__ import annotations

import re

from finetune.facts import Token, plain, scan
from finetune.politeness import Clause, clauses, is_polite, without_politeness

_PAUSE = Token("pause", "|")
_SILENT = frozenset("、。!?;:,.\"'“”‘’()（）《》〈〉【】「」『』[]…·—-–~_`")
_ASKS = re.compile(
    r"吗|什么|多少|哪|怎|谁|几|何|是否|么|(.)[不没]\1"
    r"|\b(?:what|which|who|whom|where|when|why|how)\b"
    r"|^(?:is|are|do|does|did|can|could|will|would|shall|should|may|have|has)\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:kind|best|warm|many)(?:est)? )?(?:regards|wishes)"
    r"|(?:yours )?sincerely|cheers|此致|敬上",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_]+(?:[ .'-]+[^\W\d_]+){0,3}\.?")
_ARTICLES = frozenset({"the", "a", "an"})
_COUNTED = frozenset({"few", "little", "lot", "bit", "couple", "number", "dozen", "hundred"})
_SAME_WORDS = {"您": "你", "妳": "你", "咱": "我"}


def same_key(answer: str) -> str:
    """One text for all answers that say the same as this one."""
    spelled = plain(answer)
    kept = [c for c in _unsigned(list(clauses(spelled))) if not is_polite(c.text)]
    said: list[Token] = []
    for clause in kept:
        text = without_politeness(clause.text)
        said += [*_content(text), *_question_mark(clause.text, clause.end), _PAUSE]
    key = " ".join(f"{t.kind}:{t.value}" for t in _without_plain_pauses(said))
    return key or "polite " + " ".join(t.value for t in _content(spelled))


def _unsigned(said: list[Clause]) -> list[Clause]:
    """The clauses without a name signed below a closing: `Kind regards, Mia`."""
    for place in range(1, len(said) - 1):
        closing, name, *after = (clause.text.strip(" ~～") for clause in said[place:])
        if _CLOSING.fullmatch(closing) and _NAME.fullmatch(name) and all(map(is_polite, after)):
            return said[:place]
    return said


def _content(text: str) -> list[Token]:
    tokens = scan(text)
    kept: list[Token] = []
    for place, token in enumerate(tokens):
        if token.kind == "symbol" and token.value in _SILENT:
            kept.append(_PAUSE)
        elif not _is_article(tokens, place):
            kept.append(Token(token.kind, _SAME_WORDS.get(token.value, token.value)))
    return kept


def _is_article(tokens: list[Token], place: int) -> bool:
    """`a few` and `few` are not the same, and an article before nothing may be a letter."""
    if tokens[place].kind != "word" or tokens[place].value not in _ARTICLES:
        return False
    following = tokens[place + 1 : place + 2]
    return bool(following) and following[0].kind == "word" and following[0].value not in _COUNTED


def _question_mark(clause: str, end: str) -> list[Token]:
    """A statement turned into a question by its mark alone keeps the mark."""
    return [Token("mark", "?")] if "?" in end and not _ASKS.search(clause) else []


def _without_plain_pauses(tokens: list[Token]) -> list[Token]:
    """Pauses count beside a negation only: `No, you can` is not `No you can`."""
    merged: list[Token] = []
    for token in tokens:
        if token is not _PAUSE or (merged and merged[-1] is not _PAUSE):
            merged.append(token)
    while merged and merged[-1] is _PAUSE:
        merged.pop()
    return [
        token
        for place, token in enumerate(merged)
        if token is not _PAUSE or "negation" in {merged[place - 1].kind, merged[place + 1].kind}
    ]
