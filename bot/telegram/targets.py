"""Where a delivery goes: a private chat, or one member of a group."""

from __future__ import annotations


def chat_id_of(target: str) -> int:
    """The chat of `7` or of `-100/7`, a member of a group."""
    return int(target.partition("/")[0])


def is_in_group(target: str) -> bool:
    """Whether others read along, so that a reply must say what it replies to."""
    return "/" in target


def message_id_of(external_id: str | None) -> int | None:
    """The number of the message that `7:17` or `7:17:edited:…` names; None for a button."""
    number = (external_id or "").split(":")[1:2]
    return int(number[0]) if number and number[0].isdigit() else None
