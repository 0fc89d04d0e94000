"""What a message names: order number, phone, e-mail, date, amount, product, address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from bot.entities.amounts import amounts
from bot.entities.dates import dates
from bot.entities.entity import Entity
from bot.entities.numbers import emails, order_finder, order_numbers, phones
from bot.entities.products import ProductNames
from storage.privacy_addresses import find_addresses
from storage.privacy_text import blank, to_ascii

DEFAULT_ORDER_PATTERN = r"[A-Z]{2}[ -]?[0-9]{10}"
_MOST_CHARACTERS = 4000
NO_PRODUCTS = ProductNames(())


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """What finding depends on: the shop's order numbers, catalogue, place and money.

    `order_pattern` matches what stands between non-alphanumeric characters; `region` is where a
    phone number without country code is from (ISO 3166).
    """

    order_pattern: re.Pattern[str] = field(
        default_factory=lambda: order_finder(DEFAULT_ORDER_PATTERN)
    )
    time_zone: str = "UTC"
    region: str = "CN"
    currency: str = "CNY"
    products: ProductNames = NO_PRODUCTS


def find_entities(text: str, now: datetime, facts: EntityFacts) -> tuple[Entity, ...]:
    """The entities in the first 4,000 characters, in order of appearance; none overlap.

    `now` is aware; relative dates count from its day in the shop's time zone. Where two could
    be meant, the kind that is tried first wins, and of one kind the longer one.
    """
    work = to_ascii(text[:_MOST_CHARACTERS])
    today = now.astimezone(ZoneInfo(facts.time_zone)).date()
    found: list[Entity] = []
    finders: tuple[Callable[[str], Iterator[Entity]], ...] = (
        partial(order_numbers, finder=facts.order_pattern),
        emails,
        partial(phones, region=facts.region),
        partial(dates, today=today),
        _addresses,
        partial(amounts, currency=facts.currency),
        facts.products.find,
    )
    for find in finders:
        for entity in _longest(find(work)):
            found.append(entity)
            work = blank(work, entity.start, entity.end)
    return tuple(sorted(found, key=lambda entity: entity.start))


def _addresses(text: str) -> Iterator[Entity]:
    for start, end in find_addresses(text):
        value = " ".join(text[start:end].split()).strip(",，")
        if value:
            yield Entity("address", value, start, end, "<address>")


def _longest(found: Iterable[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    for entity in sorted(found, key=lambda each: (each.start - each.end, each.start)):
        if all(entity.end <= each.start or each.end <= entity.start for each in kept):
            kept.append(entity)
    return kept
