"""Finders of e-mail addresses, ID cards, bank cards and phone numbers.

Each takes text in ASCII width and yields (start, end). Boundaries are lookarounds on digits:
`\\b` never matches between a Chinese character and a digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import phonenumbers

from storage.privacy_text import blank, digits_of

Found = Iterator[tuple[int, int]]

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}"
)

_ID_CARD = re.compile(r"(?<![0-9])([1-8][0-9]{5}) ?([0-9]{8}) ?([0-9]{3}[0-9Xx])(?![0-9])")
_LABELLED_ID_CARD = re.compile(
    r"(?:身份证|身份證|ID card)[^0-9\0\n]{0,8}([0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])", re.I
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"

_BANK_CARDS = tuple(
    re.compile(rf"(?<![0-9]){shape}(?![0-9])")
    for shape in (
        r"[1-69][0-9]{12,18}",
        r"[2-69][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9]{1,3}",
        r"[2-69][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}",
        r"[2-69][0-9]{5}[ -][0-9]{10,13}",
        r"3[47][0-9]{2}([ -])[0-9]{6}\1[0-9]{5}",
    )
)
# Issuers: UnionPay, Visa, Mastercard, American Express, JCB, Discover, ICBC's oldest cards.
_ISSUER = re.compile(r"62|60|65|81|4|5[1-5]|2[2-7]|3[457]|9558")
_CARD_LENGTHS = {"4": (13, 16, 19), "3": (15, 16), "5": (16,), "2": (16,)}

_IN_WORDS = (
    "(?<![零〇一二三四五六七八九幺])[一幺][三四五六七八九][零〇一二三四五六七八九幺]{9}"
    "(?![零〇一二三四五六七八九幺])"
)
_END = r"(?![0-9])(?!\.[0-9])"
_PHONES = tuple(
    re.compile(shape)
    for shape in (
        # Chinese mobile numbers
        r"(?<![0-9+])(?<![0-9]-)(?:\(?(?:\+|00)?86\)?[ -]?)?(?:1[3-9][0-9][ .-]?[0-9]{4}[ .-]?"
        rf"[0-9]{{4}}|1[3-9][0-9]{{2}}[ -]?[0-9]{{3}}[ -]?[0-9]{{4}}){_END}",
        # Chinese landlines, with an extension
        r"(?<![0-9])(?<![0-9][-./:])(?:(?:\((?:010|02[0-9])\)|010|02[0-9])[ -]?[2-9][0-9]{3}"
        r"[ -]?[0-9]{4}|(?:\(0[3-9][0-9]{2}\)|0[3-9][0-9]{2})[ -]?[2-9][0-9]{2,3}[ -]?[0-9]{4})"
        rf"(?:(?: ?转 ?| ?ext\.? ?|-)[0-9]{{1,5}})?{_END}",
        # North American numbers
        r"(?<![0-9])(?<![0-9][-./:])(?:\+?1[-. ])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])"
        rf"[0-9]{{3}}[-. ][0-9]{{4}}(?!-[0-9]){_END}",
        # British national numbers
        rf"(?<![0-9])(?<![0-9][-./:])07[0-9]{{3}}[ -]?[0-9]{{3}}[ -]?[0-9]{{3}}{_END}",
        # Chinese mobile numbers in words
        _IN_WORDS,
    )
)
_PHONES_IN_WORDS = _PHONES[-1:]
# Service numbers; 180 0123 4567 is a mobile number, so a bare 1 is no country code.
_PUBLIC = re.compile(
    r"\(?(?:(?:\+|00)?86\)?[ -]?|\+1[-. ]?|1[-. ])?\(?(?:400|8(?:00|33|44|55|66|77|88))"
    r"(?:[-. )]{0,2}[0-9]){7}\Z"
)
_INTERNATIONAL = re.compile(rf"(?<![0-9A-Za-z+])(?:\+|00)[1-9](?:[ .-]?\(?[0-9]\)?){{6,14}}{_END}")
_LABELLED_PHONE = re.compile(
    r"(?:电话|電話|手机|手機|联系方式|联系号码|微信|座机"
    r"|(?<![A-Za-z])(?:phone|mobile|cell|telephone|tel|whatsapp|wechat|call me|text me|reach me))"
    r"(?:号码|號碼|号|號|(?: number| no\.?))?(?:[是为為:：]|[ ,.]|is|at|on){0,6}"
    rf"(\+?[0-9](?:[ -]?[0-9]){{6,12}}){_END}",
    re.I,
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12][0-9]|3[01])")
_CODE_BEFORE = re.compile(r"([A-Za-z]+[0-9]*)[-_#]?\Z")
_PHONE_WORD = re.compile(
    "(?:tele)?phone|tel|mob(?:ile)?|cell|call|text|whatsapp|wechat|weixin|wx|vx?|me|at|is|on|number",
    re.IGNORECASE,
)
_SEVEN_DIGITS = re.compile(r"[0-9](?:[ .()-]{0,2}[0-9]){6}")
"""No number of a person is shorter; most messages end here."""


def find_emails(text: str) -> Found:
    """E-mail addresses."""
    if "@" in text:
        for found in _EMAIL.finditer(text):
            yield found.span()


def find_id_cards(text: str) -> Found:
    """Chinese ID card numbers: right by their checksum, or called so."""
    if not _SEVEN_DIGITS.search(text):
        return
    right = [
        found.span() for found in _ID_CARD.finditer(text) if _is_id_card("".join(found.groups()))
    ]
    yield from right
    for found in _LABELLED_ID_CARD.finditer(text):
        if found.span(1) not in right:
            yield found.span(1)


def _is_id_card(number: str) -> bool:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    if born.year < 1850 or born.year > 2100:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == number[17].upper()


def find_bank_cards(text: str) -> Found:
    """Bank card numbers: of a known issuer, and right by Luhn's checksum."""
    if not _SEVEN_DIGITS.search(text):
        return
    for shape in _BANK_CARDS:
        for found in shape.finditer(text):
            number = digits_of(found[0])
            if _is_bank_card(number) and not _is_part_of_code(text, found.start()):
                yield found.span()
                text = blank(text, *found.span())


def _is_bank_card(number: str) -> bool:
    if _ISSUER.match(number) is None:
        return False
    if len(number) not in _CARD_LENGTHS.get(number[0], (16, 17, 18, 19)):
        return False
    doubled = [int(digit) * 2 for digit in number[-2::-2]]
    total = sum(int(digit) for digit in number[-1::-2]) + sum(
        n - 9 if n > 9 else n for n in doubled
    )
    return total % 10 == 0


def find_phones(text: str) -> Found:
    """Phone numbers of people; service numbers (400, 800, toll-free) are left."""
    for shape in _PHONES if _SEVEN_DIGITS.search(text) else _PHONES_IN_WORDS:
        for found in shape.finditer(text):
            if not _is_public(found[0]) and not _is_part_of_code(text, found.start()):
                yield found.span()
                text = blank(text, *found.span())
    if "+" in text or "00" in text:
        for found in _INTERNATIONAL.finditer(text):
            if _is_foreign_phone(found[0]):
                yield found.span()
                text = blank(text, *found.span())
    for found in _LABELLED_PHONE.finditer(text):
        if not _is_public(found[1]) and _DATE.match(found[1]) is None:
            yield found.span(1)


def _is_public(number: str) -> bool:
    return _PUBLIC.match(number) is not None


def _is_foreign_phone(text: str) -> bool:
    number = text if text.startswith("+") else "+" + text.lstrip("0")
    if _is_public(number):
        return False
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    if text.startswith("+"):
        return phonenumbers.is_possible_number(parsed)
    return phonenumbers.is_valid_number(parsed)


def _is_part_of_code(text: str, start: int) -> bool:
    """Whether letters stand right before a number, as in KF13812345678: then it is a code."""
    before = _CODE_BEFORE.search(text, max(0, start - 16), start)
    return before is not None and _PHONE_WORD.fullmatch(before[1]) is None
