"""Masking of personal data, before logs, review, training and classification."""

from __future__ import annotations

import re
from collections.abc import Sequence

from storage.privacy_addresses import find_addresses
from storage.privacy_numbers import find_bank_cards, find_emails, find_id_cards, find_phones
from storage.privacy_text import FILLER, PLACEHOLDER, Span, blank, digits_of, to_ascii

__all__ = ["Span", "find_personal_data", "mask"]

# In this order: an ID card number may look like a bank card, and both contain phone numbers.
_FINDERS = (
    ("email", find_emails),
    ("id_card", find_id_cards),
    ("bank_card", find_bank_cards),
    ("phone", find_phones),
    ("address", find_addresses),
)
# Most messages have none of these, and cost no more than this look.
_WORTH_A_LOOK = re.compile(
    "[0-9@０-９＠]|[一二三四五六七八九十百零〇](?:[号號弄栋棟幢座]|[零〇一二三四五六七八九])"
)
_COUNTRY_CODE = re.compile(r"\A(?:00)?86(?=[0-9]{8})")
_CONTACT_DIGITS = 7


def mask(text: str, *, keep: Sequence[str] = ()) -> str:
    """The text with personal data replaced by placeholders such as `<phone>`.

    `keep` holds the company's own contacts, which stay. Service numbers (400, 800, short ones),
    prices, dates, and order and model numbers are not personal. Masking twice changes nothing.
    """
    # What is masked may have hidden something beside it: look again until nothing is found.
    while spans := find_personal_data(text, keep=keep):
        parts: list[str] = []
        end = 0
        for span in spans:
            parts += (text[end : span.start], f"<{span.kind}>")
            end = span.end
        text = "".join((*parts, text[end:]))
    return text


def find_personal_data(text: str, *, keep: Sequence[str] = ()) -> list[Span]:
    """Where the personal data is, in the order of the text; spans never overlap."""
    if not _WORTH_A_LOOK.search(text):
        return []
    work = PLACEHOLDER.sub(lambda found: FILLER * len(found[0]), to_ascii(text))
    spans: list[Span] = []
    for kind, find in _FINDERS:
        for start, end in find(work):
            if not _is_kept(work[start:end], kind, keep):
                spans.append(Span(kind, start, end))
            work = blank(work, start, end)
    return sorted(spans, key=lambda span: span.start)


def _is_kept(found: str, kind: str, keep: Sequence[str]) -> bool:
    if kind in {"email", "address"}:
        words = _words(found)
        return any(words in _words(to_ascii(contact)) for contact in keep)
    number = _number(found)
    return any(
        len(contact) >= _CONTACT_DIGITS and number.startswith(contact)
        for contact in (_number(to_ascii(each)) for each in keep)
    )


def _words(text: str) -> str:
    return "".join(text.split()).casefold()


def _number(text: str) -> str:
    return _COUNTRY_CODE.sub("", digits_of(text)).lstrip("0")
