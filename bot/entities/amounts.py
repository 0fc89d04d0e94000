"""Amounts of money: ¥199, 199块, $20, two hundred yuan, 两百块."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from bot.entities.entity import Entity
from finetune.numerals import NUMERAL_CHARACTERS, read_numeral

_SIGNS = {"¥": "CNY", "￥": "CNY", "rmb": "CNY", "cny": "CNY", "$": "USD", "us$": "USD",
          "usd": "USD", "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP"}  # fmt: skip
_NAMES = {"元": "CNY", "块": "CNY", "塊": "CNY", "圆": "CNY", "yuan": "CNY", "rmb": "CNY",
          "kuai": "CNY", "人民币": "CNY", "美元": "USD", "美金": "USD", "刀": "USD",
          "dollar": "USD", "buck": "USD", "usd": "USD", "cny": "CNY", "欧元": "EUR",
          "euro": "EUR", "英镑": "GBP", "pound": "GBP"}  # fmt: skip
_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3}){1,3}(?:\.[0-9]{1,2})?|[0-9]{1,9}(?:\.[0-9]{1,2})?"
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {
    **{word: number for number, word in enumerate(_SMALL.split())},
    **{word: 10 * number for number, word in enumerate(_TENS.split(), start=2)},
}
_SCALES = {"hundred": 100, "thousand": 1000}
_WORD = "|".join(sorted([*_WORDS, *_SCALES, "and", "a"], key=len, reverse=True))
_UNIT = "|".join(sorted(_NAMES, key=len, reverse=True))

_BEFORE = re.compile(
    rf"(?<![A-Za-z0-9$])(?P<sign>us\$|rmb|cny|usd|eur|gbp|[¥￥$€£])\s?(?P<number>{_NUMBER})"
    r"(?P<k>k)?(?![A-Za-z0-9])",
    re.IGNORECASE | re.ASCII,
)
_AFTER = re.compile(
    rf"(?<![A-Za-z0-9.,])(?P<number>{_NUMBER})(?P<k>[k千万])?\s?(?P<unit>{_UNIT})(?:s(?![a-z]))?"
    r"(?![A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_CHINESE = re.compile(
    rf"(?<![{NUMERAL_CHARACTERS}])(?P<number>[{NUMERAL_CHARACTERS}]{{1,12}})(?P<unit>{_UNIT})"
)
_ENGLISH = re.compile(
    rf"(?<![A-Za-z-])(?P<number>(?:{_WORD})(?:[ -](?:{_WORD})){{0,8}}) (?P<unit>{_UNIT})s?"
    r"(?![a-z])",
    re.IGNORECASE | re.ASCII,
)
_BARE = re.compile(
    r"(?:预算|budget(?: is| of)?|不超过|under|below|at most|up to|less than|以内)\s{0,3}"
    rf"(?:大概|大约|about|around|在)?\s{{0,3}}(?P<number>{_NUMBER})(?=\s*(?:$|[,，。;；!！?？)）、]|\.(?![0-9])|[以之的左右内想给买]"
    r"|(?:please|for|and|or|to|with|if|in total|thanks)(?![A-Za-z])))",
    re.IGNORECASE | re.ASCII,
)


def amounts(text: str, currency: str) -> Iterator[Entity]:
    """Amounts as `199.00 CNY`; a bare one after a word such as budget is in the shop's currency."""
    for found in _BEFORE.finditer(text):
        value = _decimal(found["number"], found["k"])
        yield _entity(found, value, _SIGNS[found["sign"].lower()])
    for found in _AFTER.finditer(text):
        yield _entity(found, _decimal(found["number"], found["k"]), _name(found["unit"]))
    for found in _CHINESE.finditer(text):
        if (number := _numeral(found["number"])) is not None:
            yield _entity(found, Decimal(number), _name(found["unit"]))
    for found in _ENGLISH.finditer(text):
        if (number := _spelled(found["number"])) is not None:
            yield _entity(found, Decimal(number), _name(found["unit"]))
    for found in _BARE.finditer(text):
        start, end = found.span("number")
        yield Entity("amount", f"{_decimal(found['number'], None):.2f} {currency}", start, end)


def _entity(found: re.Match[str], value: Decimal, currency: str) -> Entity:
    return Entity("amount", f"{value:.2f} {currency}", found.start(), found.end())


def _name(unit: str) -> str:
    return _NAMES[unit.lower()]


def _decimal(number: str, scale: str | None) -> Decimal:
    factor = {"k": 1000, "千": 1000, "万": 10_000}.get((scale or "").lower(), 1)
    return Decimal(number.replace(",", "")) * factor


def _numeral(text: str) -> int | None:
    """A Chinese numeral; 一百五 is 150, as people say prices."""
    if (value := read_numeral(text)) is not None:
        return value
    for unit, tail in (("百", "十"), ("千", "百"), ("万", "千")):
        if len(text) > 1 and text[-2] == unit:
            return read_numeral(text + tail)
    return None


def _spelled(text: str) -> int | None:
    total = current = 0
    for word in text.lower().replace("-", " ").split():
        if word in _SCALES:
            current = max(1, current) * _SCALES[word]
            if word == "thousand":
                total, current = total + current, 0
        elif word == "a":
            current += 1
        elif word != "and":
            current += _WORDS[word]
    return total + current or None
