"""Entities in both languages: their values, their places, and time that stays bounded."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.entities.find import EntityFacts, find_entities
from bot.entities.numbers import order_finder
from bot.entities.products import Named, ProductNames

NOW = datetime(2026, 11, 25, 17, tzinfo=UTC)
"""Thursday the 26th in Shanghai already."""
PRODUCTS = ProductNames(
    [
        Named("GL-B600", "B600", ("青禾 B600 静音破壁机", "Greenleaf B600 quiet blender 1.75 L")),
        Named("GL-R40", "R40", ("青禾 R40 电饭煲 4 升", "Greenleaf R40 rice cooker 4 L")),
        Named("GL-R50", "R50", ("青禾 R50 电饭煲 5 升", "Greenleaf R50 rice cooker 5 L")),
    ]
)  # fmt: skip
FACTS = EntityFacts(
    order_finder("GL[ -]?[0-9]{10}"), "Asia/Shanghai", "CN", "CNY", products=PRODUCTS
)


def found(text: str) -> list[tuple[str, str]]:
    return [(each.kind, each.value) for each in find_entities(text, NOW, FACTS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("订单gl-2609019474到哪了", [("order", "GL2609019474")]),
        ("GL26090194745 is too long", []),
        ("打 13812345678 或 a.b@Shop.CN", [("phone", "+8613812345678"), ("email", "a.b@shop.cn")]),
        ("call +1 403 555 0105", [("phone", "+14035550105")]),
        ("明天还是后天", [("date", "2026-11-27"), ("date", "2026-11-28")]),
        ("上周五买的", [("date", "2026-11-20")]),
        ("下周三送来", [("date", "2026-12-02")]),
        ("next Tuesday, not last Monday", [("date", "2026-12-01"), ("date", "2026-11-16")]),
        ("on Friday", [("date", "2026-11-27")]),
        ("11月3日 and 2026-11-03", [("date", "2026-11-03"), ("date", "2026-11-03")]),
        ("the 3rd of January", [("date", "2027-01-03")]),
        ("2月30日", []),
        ("三天前", [("date", "2026-11-23")]),
        ("¥1,299.5 或 199块", [("amount", "1299.50 CNY"), ("amount", "199.00 CNY")]),
        ("两百块，一百五块", [("amount", "200.00 CNY"), ("amount", "150.00 CNY")]),
        ("two hundred and fifty yuan", [("amount", "250.00 CNY")]),
        ("at most US$20", [("amount", "20.00 USD")]),
        ("预算300左右", [("amount", "300.00 CNY")]),
        ("delivered in under 30 minutes", []),
        ("the quiet blendr is loud", [("product", "GL-B600")]),
        ("b600 的刀", [("product", "GL-B600")]),
        ("静音破避机多少钱", [("product", "GL-B600")]),
        ("推荐电饭煲, a rice cooker", []),
    ],
)  # fmt: skip
def test_values(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_personal_values_and_order_numbers_are_masked() -> None:
    text = "订单 GL2609019474，电话 13812345678，寄到上海市浦东新区世纪大道100号3栋501室，a@b.cn"
    shown = " ".join(each.shown for each in find_entities(text, NOW, FACTS))
    assert shown == "********9474 <phone> <address> <email>"


@given(st.text(max_size=300) | st.lists(st.sampled_from(
    ["GL2609019474", "明天", "两百块", "$20", "a@b.cn", "R40", "13812345678", " ", ",", "上周五"]
), max_size=30).map("".join))  # fmt: skip
def test_spans_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    entities = find_entities(text, NOW, FACTS)
    end = 0
    for each in entities:
        assert end <= each.start < each.end <= len(text)
        assert each.value
        end = each.end
    assert find_entities(text, NOW, FACTS) == entities


@pytest.mark.parametrize("text", ["\u017funday", "next \u017funday", "20 roo\u212a yuan"])
def test_letters_that_only_look_like_ascii_name_nothing(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("value", ["GL2609019474", "2026-11-03", "199.00 CNY"])
def test_a_normalised_value_reads_as_itself(value: str) -> None:
    assert [each for _, each in found(value)] == [value]


@pytest.mark.parametrize(
    "part",
    ["a", "1 ", "中", "hundred ", "GL26 ", "12,345,", "a@", "one two ", "1月", "的路1号", "$"],
)
def test_no_text_of_4000_characters_takes_long(part: str) -> None:
    began = time.process_time()
    find_entities((part * 4000)[:4000], NOW, FACTS)
    assert time.process_time() - began < 2
