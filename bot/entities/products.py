"""Products of the catalogue in a message: by model code, or by name with typos."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.entities.entity import Entity
from storage.normalise import normalise

_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z]{1,2}[- ]?)?(?:[A-Za-z][- ]?)?[A-Za-z]{1,4}[- ]?[0-9]{1,4}"
    r"[A-Za-z]{0,2}(?![A-Za-z0-9])"
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'.-]*")
_HAN = re.compile("[\u4e00-\u9fff]{3,40}")
_SPECIFICATION = re.compile(
    r"\s*\(?[0-9.]+\s*(?:升|毫升|厘米|瓦|加仑|片|千克|L|ml|cm|W|GPD|kg)(?:/天| a day)?\)?$",
    re.IGNORECASE | re.ASCII,
)
CLOSE = 88
CLOSE_CHINESE = 80
"""Of 100: how alike (Levenshtein ratio) a misspelt name must be to a name in the catalogue.

A Chinese name is short, and one wrong character of five must not hide it.
"""
_SHORTEST = 4
_MOST_WORDS = 6
_MOST_CHARACTERS = 300
"""Names are looked for in the beginning of a message; codes in all of it."""


@dataclass(frozen=True, slots=True)
class Named:
    """A product and what customers call it; `code` is the part of its number that is its own."""

    sku: str
    code: str
    names: tuple[str, ...]


class ProductNames:
    """Finds the products that a message names."""

    def __init__(self, products: Sequence[Named]) -> None:
        """Names that several products share are left out: they name none of them."""
        self._codes: dict[str, str] = {}
        owners: dict[str, set[str]] = {}
        for product in products:
            for code in (product.sku, product.code):
                self._codes.setdefault(_plain(code), product.sku)
            for name in product.names:
                for short in _short_names(name, product.code):
                    owners.setdefault(short, set()).add(product.sku)
        self._names = {
            name: min(skus) for name, skus in owners.items()
            if len(skus) == 1 and len(name) >= _SHORTEST and not _is_kind(name, owners)
        }  # fmt: skip
        self._english = [name for name in self._names if name.isascii()]
        self._chinese = [name for name in self._names if not name.isascii()]

    def find(self, text: str) -> Iterator[Entity]:
        """Each product where it is named, the longest name first."""
        yield from self._by_code(text)
        head = text[:_MOST_CHARACTERS]
        yield from self._exact(head)
        yield from self._misspelt_english(head)
        yield from self._misspelt_chinese(head)

    def _by_code(self, text: str) -> Iterator[Entity]:
        for found in _CODE.finditer(text):
            sku = self._codes.get(_plain(found[0]))
            if sku is not None:
                yield Entity("product", sku, found.start(), found.end())

    def _exact(self, text: str) -> Iterator[Entity]:
        lowered = text.lower()
        if len(lowered) != len(text):
            return
        for name in sorted(self._names, key=len, reverse=True):
            if (start := lowered.find(name)) >= 0:
                yield Entity("product", self._names[name], start, start + len(name))

    def _misspelt_english(self, text: str) -> Iterator[Entity]:
        words = list(_WORD.finditer(text))
        windows = [
            (words[first].start(), words[last].end())
            for first in range(len(words))
            for last in range(first + 1, min(first + _MOST_WORDS, len(words)))
        ]
        yield from self._closest(text, windows, self._english, CLOSE)

    def _misspelt_chinese(self, text: str) -> Iterator[Entity]:
        lengths = {len(name) for name in self._chinese if len(name) <= _MOST_WORDS * 2}
        windows = [
            (start, start + length)
            for run in _HAN.finditer(text)
            for length in lengths
            for start in range(run.start(), run.end() - length + 1)
        ]
        yield from self._closest(text, windows, self._chinese, CLOSE_CHINESE)

    def _closest(
        self, text: str, windows: list[tuple[int, int]], names: list[str], close: int
    ) -> Iterator[Entity]:
        """The window nearest to any name, if it is near enough: one misspelt product a message."""
        best: tuple[float, int, int, str] | None = None
        for start, end in windows:
            near = process.extractOne(
                text[start:end].lower(), names, scorer=fuzz.ratio, score_cutoff=close
            )
            if near is not None and (best is None or near[1] > best[0]):
                best = (near[1], start, end, near[0])
        if best is not None:
            yield Entity("product", self._names[best[3]], best[1], best[2])


def _plain(code: str) -> str:
    return re.sub(r"[- ]", "", code).upper()


def _is_kind(name: str, owners: dict[str, set[str]]) -> bool:
    """Whether a name is that of a kind, such as "rice cooker": other products' names end in it."""
    others = {sku for other, skus in owners.items() if name in other for sku in skus}
    return len(others) > 1


def _short_names(name: str, code: str) -> set[str]:
    """The name in small letters, and what is left of it without code, brand and size."""
    text = normalise(name).strip().lower()
    bare = re.sub(rf"(?:gl-)?{re.escape(code.lower())}(?![a-z0-9])", " ", text)
    bare = " ".join(bare.split())
    without_brand = re.sub(r"^(?:greenleaf|青禾)\s*", "", bare)
    short = _SPECIFICATION.sub("", without_brand)
    return {text, bare, without_brand, short}
