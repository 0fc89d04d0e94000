"""A conversation's state between turns: the open form, what was settled, failed proofs.

It is one JSON object, written in the commit of the reply and read after the lock, so a restart
loses nothing and a reply that was withdrawn changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from bot.entities.entity import Entity
from bot.types import Decision, DecisionKind, FormState

EXPIRES = timedelta(minutes=30)
"""A form that nobody answered for so long is forgotten, and what was settled as well."""

REFUSED = "refused"
LOCKED = "locked"

_OPEN, _SETTLED, _REFUSALS = "form", "settled", "refusals"
_ORDERS, _PRODUCT = "orders", "product"
_MOST_ORDERS = 5


def open_form(state: Mapping[str, Any], now: datetime) -> FormState | None:
    """The form that waits for an answer."""
    return _read(state.get(_OPEN), now)


def settled(state: Mapping[str, Any], now: datetime) -> FormState | None:
    """What the last action was filled with: a correction begins from here."""
    return _read(state.get(_SETTLED), now)


def refusals(state: Mapping[str, Any]) -> int:
    """How many proofs of ownership have failed in this conversation."""
    found = state.get(_REFUSALS)
    return found if isinstance(found, int) else 0


def orders_named(state: Mapping[str, Any]) -> tuple[str, ...]:
    """The order numbers that the customer has named, the newest last."""
    return tuple(state.get(_ORDERS, ()))


def topic(state: Mapping[str, Any]) -> str | None:
    """The product that was spoken of last."""
    return state.get(_PRODUCT)


def next_state(
    state: Mapping[str, Any], decision: Decision, entities: Sequence[Entity] = ()
) -> dict[str, Any]:
    """The state after a turn that ended in `decision` and named these entities."""
    after = {key: value for key, value in state.items() if key != _OPEN}
    for each in entities:
        if each.kind == "order":
            others = [order for order in orders_named(after) if order != each.value]
            after[_ORDERS] = [*others, each.value][-_MOST_ORDERS:]
        elif each.kind == "product":
            after[_PRODUCT] = each.value
    if decision.form is not None:
        key = _SETTLED if decision.kind is DecisionKind.ACTION else _OPEN
        after[key] = {**asdict(decision.form), "at": decision.form.at.isoformat()}
    if decision.reason == REFUSED:
        after[_REFUSALS] = refusals(state) + 1
        after.pop(_SETTLED, None)
    return after


def _read(stored: object, now: datetime) -> FormState | None:
    if not isinstance(stored, dict):
        return None
    form = FormState(**{**stored, "at": datetime.fromisoformat(stored["at"])})
    return form if now - form.at <= EXPIRES else None
