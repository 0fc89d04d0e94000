"""Built-in actions on the catalogue: stock, and what to recommend."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.actions.base import ActionCall, ActionResult, ActionStatus
from bot.actions.files import Product, Watched
from bot.wording import spoken
from bot.work import Compute
from finetune.templating import Value
from retrieval.types import Encoder, Vectors

MOST = 3
NEAR_ENOUGH = 0.22
"""Cosine between question and product below which nothing in the catalogue is meant."""

_ACCESSORIES = "accessory"
_CLAUSE = re.compile(r"[,，.。;；!！?？\n]+")
_SHORTEST = 3
_PEOPLE = re.compile(
    r"(?P<count>[0-9]{1,2}|[一二两三四五六七八])\s?(?:口|个?人|people|persons?)"
    r"|(?:family of|for)\s(?P<word>one|two|three|four|five|six|seven|eight|[1-8])(?![a-z0-9-])",
    re.IGNORECASE | re.ASCII,
)
_ENGLISH_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
_COUNTS = {
    **{word: count for count, word in enumerate("一二三四五六七八", start=1)},
    **{word: count for count, word in enumerate(_ENGLISH_COUNTS, start=1)},
    "两": 2,
}
_COLOURS = {
    "白": "white", "黑": "black", "米": "cream", "奶油": "cream", "绿": "green", "粉": "pink",
    "蓝": "blue", "红": "red", "黄": "yellow", "灰": "grey", "紫": "lilac",
}  # fmt: skip
_COLOUR = re.compile(
    r"(?P<zh>白|黑|米|奶油|绿|粉|蓝|红|黄|灰|紫)色|(?<![A-Za-z])(?P<en>white|black|cream|green|pink|blue"
    r"|red|yellow|grey|sage|mint|graphite)(?![A-Za-z])",
    re.IGNORECASE | re.ASCII,
)


class Stock:
    """Whether a product can be bought now."""

    variables = frozenset(("name", "price", "available", "few"))
    offered = True

    def __init__(self, products: Watched[dict[str, Product]]) -> None:
        """Read the catalogue when asked."""
        self._products = products

    async def run(self, call: ActionCall) -> ActionResult:
        """Stock and price; nothing if the product has left the catalogue."""
        product = self._products.get().get(call.slots.get("product", ""))
        if product is None:
            return ActionResult(ActionStatus.NOTHING)
        language = spoken(call.language)
        values: dict[str, Value] = {
            "name": product.names[language],
            "price": _price(product, _currency(language)),
            "available": product.stock > 0,
            "few": 0 < product.stock <= 20,
        }
        return ActionResult(ActionStatus.DONE, values)


class Recommend:
    """Products near to what the customer says, within budget and with what was asked for."""

    variables = frozenset(("products", "count", "budget", "within_budget"))
    offered = False

    def __init__(self, products: Watched[dict[str, Product]], compute: Compute) -> None:
        """Vectors of the catalogue are made once per encoder and state of the file."""
        self._products, self._compute = products, compute
        self._vectors: tuple[tuple[str, int], Vectors] | None = None

    async def run(self, call: ActionCall) -> ActionResult:
        """Up to three products of the kind that is meant; nothing if no kind is meant."""
        products = list(self._products.get().values())
        encoder = call.encoder
        if encoder is None or not products:
            return ActionResult(ActionStatus.NOTHING)
        near = await self._compute.run(lambda: self._nearness(encoder, products, call.text))
        ranked = sorted(zip(near, products, strict=True), key=lambda pair: -pair[0])
        if ranked[0][0] < NEAR_ENOUGH:
            return ActionResult(ActionStatus.NOTHING)
        category = ranked[0][1].category
        kind = [product for _, product in ranked if product.category == category]
        return ActionResult(ActionStatus.DONE, _chosen(kind, call))

    def _nearness(self, encoder: Encoder, products: Sequence[Product], text: str) -> list[float]:
        texts = [f"{each.names['zh']} {each.names['en']}" for each in products]
        key = (encoder.fingerprint, hash(tuple(texts)))
        if self._vectors is None or self._vectors[0] != key:
            self._vectors = (key, encoder.encode(texts))
        # What is wanted stands in one clause; the others (for whom, how dear) would blur it.
        clauses = [text, *(clause for clause in _CLAUSE.split(text) if len(clause) >= _SHORTEST)]
        near = (self._vectors[1] @ encoder.encode(clauses).T).max(axis=1)
        return [
            float(value) - (0.1 if product.category == _ACCESSORIES else 0.0)
            for value, product in zip(near, products, strict=True)
        ]


def _chosen(kind: Sequence[Product], call: ActionCall) -> dict[str, Value]:
    """What is told of the products of one kind; too dear ones only if there is nothing else."""
    language = spoken(call.language)
    amount, currency = _budget(call, _currency(language))
    fitting = [each for each in kind if each.stock > 0] or list(kind)
    for wanted in (_fits_people(call.text), _has_colour(call.text)):
        fitting = [each for each in fitting if wanted(each)] or fitting
    affordable = [each for each in fitting if amount is None or each.prices[currency] <= amount]
    if not affordable and amount is not None:
        affordable = [each for each in kind if each.stock > 0 and each.prices[currency] <= amount]
    shown = affordable or sorted(fitting, key=lambda each: each.prices[currency])[:1]
    lines = [f"· {each.names[language]}, {_price(each, currency)}" for each in shown[:MOST]]
    if language == "zh":
        lines = [line.replace(", ", "，", 1) for line in lines]
    return {
        "products": "\n".join(lines),
        "count": len(lines),
        "budget": "" if amount is None else f"{_SIGNS[currency]}{amount:g}",
        "within_budget": bool(affordable),
    }


_SIGNS = {"CNY": "¥", "USD": "US$"}


def _currency(language: str) -> str:
    return "CNY" if language == "zh" else "USD"


def _price(product: Product, currency: str) -> str:
    return f"{_SIGNS[currency]}{product.prices[currency]:g}"


def _budget(call: ActionCall, currency: str) -> tuple[float | None, str]:
    if call.budget is None:
        return None, currency
    number, named = call.budget.split()
    return (float(number), named) if named in _SIGNS else (None, currency)


def _fits_people(text: str) -> Callable[[Product], bool]:
    found = _PEOPLE.search(text)
    said = (found["count"] or found["word"]).lower() if found else ""
    count = int(said) if said.isdigit() else _COUNTS.get(said)

    def fits(product: Product) -> bool:
        span = product.attributes.get("for_people")
        if count is None or span is None:
            return count is None
        low, _, high = span.partition("-")
        return int(low) <= count <= int(high or low)

    return fits


def _has_colour(text: str) -> Callable[[Product], bool]:
    found = _COLOUR.search(text)
    colour = (_COLOURS[found["zh"]] if found["zh"] else found["en"].lower()) if found else ""
    return lambda product: colour in product.attributes.get("color", "")
