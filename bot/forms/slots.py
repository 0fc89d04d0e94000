"""The values that forms ask for, and how they are read from a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.forms.words import asks
from bot.types import Understanding
from storage.normalise import normalise

_LAST_FOUR = re.compile(
    r"(?:后四位|後四位|尾号|尾號|last (?:four|4)(?: digits)?|end(?:s|ing)(?: in)?)[^0-9]{0,12}"
    r"(?P<digits>[0-9]{4})(?![0-9])",
    re.IGNORECASE | re.ASCII,
)
_FOUR_ALONE = re.compile(r"(?<![0-9A-Za-z])[0-9]{4}(?![0-9A-Za-z年月元块.%])")
_LONGEST_TEXT = 300
_SHORTEST_ADDRESS = 6

Read = Callable[[Understanding, bool], str | None]


def _entity(kind: str) -> Read:
    def read(understanding: Understanding, asked: bool) -> str | None:
        del asked
        found = [each.value for each in understanding.entities if each.kind == kind]
        return found[-1] if found else None

    return read


def _last_four(understanding: Understanding, asked: bool) -> str | None:
    phone = _entity("phone")(understanding, asked)
    if phone is not None:
        return phone[-4:]
    text = _without_orders(understanding)
    if (labelled := _LAST_FOUR.search(text)) is not None:
        return labelled["digits"]
    alone = _FOUR_ALONE.findall(text) if asked else []
    return alone[0] if len(alone) == 1 else None


def _without_orders(understanding: Understanding) -> str:
    text = understanding.text
    for each in understanding.entities:
        if each.kind == "order":
            text = text[: each.start] + " " * (each.end - each.start) + text[each.end :]
    return normalise(text)


def _address(understanding: Understanding, asked: bool) -> str | None:
    found = _entity("address")(understanding, asked)
    if not asked:
        return found
    text = _free_text(understanding, asked)
    if text is not None and len(text) >= _SHORTEST_ADDRESS and any(c.isdigit() for c in text):
        return text
    return found


def _free_text(understanding: Understanding, asked: bool) -> str | None:
    """The whole message where it was asked for and is no question."""
    text = " ".join(understanding.text.split())
    if not asked or asks(text) or not any(c.isalpha() for c in text):
        return None
    return text[:_LONGEST_TEXT]


SLOTS: Mapping[str, Read] = {
    "order": _entity("order"),
    "phone_last4": _last_four,
    "product": _entity("product"),
    "new_address": _address,
    "reason": _free_text,
    "invoice_title": _free_text,
}
"""What a template may name in `slots`; their questions are in `bot/forms/wording.py`."""


def read_slots(
    names: tuple[str, ...], understanding: Understanding, asking: str = ""
) -> dict[str, str]:
    """The values in a message: of the slot that was asked for, and of others that it names."""
    found = {}
    for name in names:
        value = SLOTS[name](understanding, name == asking)
        if value is not None:
            found[name] = value
    if len(found) > 1 and SLOTS.get(asking) is _free_text:
        # "No, the order is GL…" is a correction, not the reason that was asked for.
        found.pop(asking, None)
    return found
