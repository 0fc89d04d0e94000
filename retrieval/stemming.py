"""Light English stemming: plural, -ing and -ed, nothing that changes what a word means."""

from __future__ import annotations

_IRREGULAR = {
    "bought": "buy",
    "broke": "break",
    "broken": "break",
    "chose": "choose",
    "chosen": "choose",
    "feet": "foot",
    "forgot": "forget",
    "forgotten": "forget",
    "news": "news",
    "paid": "pay",
    "sent": "send",
    "series": "series",
    "sold": "sell",
    "stole": "steal",
    "stolen": "steal",
    "used": "use",
    "using": "use",
    "withdrew": "withdraw",
    "withdrawn": "withdraw",
}
_VOWELS = frozenset("aeiouy")
_UNDOUBLED = frozenset("bdgmnprt")


def singular(word: str) -> str:
    """The word without an English plural ending; a word that has none is returned as it is."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    return word[:-1]


def stem(word: str) -> str:
    """A form that the inflections of one English word share, for lower-case letters only."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    base = _without_tense(singular(word))
    return base[:-1] if len(base) > 3 and base.endswith("e") and base[-2] != "e" else base


def _without_tense(word: str) -> str:
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) >= 3 and not word.endswith("eed") and _VOWELS & set(base):
            return _undouble(base)
    return word


def _undouble(base: str) -> str:
    """`shipp` -> `ship`, `cancell` -> `cancel`, but `fill` and `pass` stay."""
    if base[-1] == base[-2] and (base[-1] in _UNDOUBLED or base.endswith("ell") and len(base) > 5):
        return base[:-1]
    return base
