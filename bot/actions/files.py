"""The shop's orders.json and products.csv as actions read them: again whenever they change."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from finetune.errors import ShopFolderError
from storage.privacy_text import digits_of

T = TypeVar("T")

MAX_BYTES = 50_000_000
ORDERS_FILE, PRODUCTS_FILE = "orders.json", "products.csv"


@dataclass(frozen=True, slots=True)
class Product:
    """A row of products.csv; prices per currency, attributes as the file spells them."""

    sku: str
    names: Mapping[str, str]
    category: str
    prices: Mapping[str, float]
    stock: int
    attributes: Mapping[str, str] = field(default_factory=dict)


Order = Mapping[str, Any]
LAST_FOUR = "last_four"


class Watched(Generic[T]):
    """What a file holds, parsed again when its time or size has changed.

    A file that has become unreadable raises, and what it held before is not used any more.
    """

    def __init__(self, path: Path, parse: Callable[[Path], T]) -> None:
        """Read nothing before the first `get`."""
        self._path, self._parse = path, parse
        self._stamp: tuple[int, int] | None = None
        self._value: T | None = None
        self._reading = threading.Lock()

    def get(self) -> T:
        """The present content; raises `ShopFolderError` saying what is wrong with it."""
        with self._reading:
            try:
                found = self._path.stat()
                stamp = (found.st_mtime_ns, found.st_size)
                if self._value is None or stamp != self._stamp:
                    if found.st_size > MAX_BYTES:
                        raise ShopFolderError(f"{self._path.name}: expected at most 50 MB")
                    self._value = self._parse(self._path)
                    self._stamp = stamp
            except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
                self._value = None
                raise ShopFolderError(
                    f"{self._path.name}: expected a readable file: {error!r}"
                ) from error
            return self._value


def read_orders(path: Path) -> dict[str, Order]:
    """The orders by number, each with the last four digits of its owner's phone."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    orders: dict[str, Order] = {}
    for row in rows:
        if not all(isinstance(row[key], str) for key in ("order", "phone", "status")):
            raise ValueError("an order needs the texts order, phone and status")
        orders[row["order"].upper()] = {**row, LAST_FOUR: last_four(row["phone"])}
    return orders


def last_four(phone: str) -> str:
    """The last four digits; fewer are filled up with what no digit equals."""
    return digits_of(phone)[-4:].rjust(4, "x")


def read_products(path: Path) -> dict[str, Product]:
    """The products by number."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["sku"]: _product(row) for row in csv.DictReader(file)}


def _product(row: Mapping[str, str]) -> Product:
    pairs = (part.partition("=") for part in row["attributes"].split(";") if part)
    return Product(
        sku=row["sku"],
        names={"zh": row["name_zh"], "en": row["name_en"]},
        category=row["category"],
        prices={"CNY": float(row["price_cny"]), "USD": float(row["price_usd"])},
        stock=int(row["stock"]),
        attributes={key: value for key, _, value in pairs},
    )
