"""Whether an order is the customer's own: its number and the phone's last four digits."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from bot.actions.files import Order
from storage.privacy_text import digits_of

_NOBODY: Order = {"order": "", "phone": "x", "status": ""}
"""Stands for an order that does not exist, so that the same steps are taken for it."""


def verified(orders: Mapping[str, Order], slots: Mapping[str, str]) -> Order | None:
    """The order if it exists and the digits are its owner's.

    An unknown order and a foreign one take the same steps: one look-up, one comparison of four
    characters in constant time.
    """
    order = orders.get(slots.get("order", ""), _NOBODY)
    owner = digits_of(order["phone"])[-4:].rjust(4, "x")
    given = slots.get("phone_last4", "")
    return order if hmac.compare_digest(owner.encode(), given.encode()) else None


def order_key(slots: Mapping[str, str]) -> str:
    """Names an order in the count of failures without naming it to who reads the table."""
    return hashlib.sha256(slots.get("order", "").encode()).hexdigest()[:32]
