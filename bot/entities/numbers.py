"""Order numbers, phone numbers and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from bot.entities.entity import Entity
from storage.privacy_numbers import find_emails, find_phones

_SHOWN = 2
_LAST = 4


def order_finder(pattern: str) -> re.Pattern[str]:
    """The shop's pattern of an order number as one that stands alone, in either case."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])", re.IGNORECASE | re.ASCII)


def order_numbers(text: str, finder: re.Pattern[str]) -> Iterator[Entity]:
    """Order numbers in capitals without spaces or dashes; the end is shown in logs."""
    for found in finder.finditer(text):
        value = re.sub(r"[\s-]", "", found[0]).upper()
        masked = "*" * max(0, len(value) - _LAST) + value[-_LAST:]
        yield Entity("order", value, found.start(), found.end(), masked)


def phones(text: str, region: str) -> Iterator[Entity]:
    """Phone numbers in E.164; one without a country code is taken for the region's."""
    for start, end in find_phones(text):
        try:
            parsed = phonenumbers.parse(text[start:end], region)
        except phonenumbers.NumberParseException:
            continue
        value = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        yield Entity("phone", value, start, end, "<phone>")


def emails(text: str) -> Iterator[Entity]:
    """E-mail addresses; the domain, whose case says nothing, in small letters."""
    for start, end in find_emails(text):
        name, _, domain = text[start:end].rpartition("@")
        yield Entity("email", f"{name}@{domain.lower()}", start, end, "<email>")
