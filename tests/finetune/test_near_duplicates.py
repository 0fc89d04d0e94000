from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.near_duplicates import NearDuplicates, loose_key


@pytest.mark.parametrize(
    "other",
    ["你好，怎么退款？", "怎麼退款", "怎么 退款!!", "请问怎么退款呢", "怎么退款"],
)
def test_spelling_does_not_matter(other):
    assert loose_key(other) == loose_key("怎么退款")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("能退货吗", "能换货吗"),
        ("cancel my order", "change my order"),
        ("is it a kettle", "is it 2 kettles"),
    ],
)
def test_what_asks_something_else_is_no_duplicate(one, other):
    assert NearDuplicates([(one, "a")]).find(other, "a") is None


def test_one_character_may_tell_two_intents_apart():
    known = NearDuplicates([("怎么申请退货退款", "return")])
    assert known.find("怎么申请换货退款", "exchange") is None
    assert known.find("怎么申请退货退欵", "return") == "怎么申请退货退款"


@given(st.text(max_size=40))
def test_every_text_is_its_own_duplicate(text):
    assert NearDuplicates([(text, "a")]).find(text, "b") == text


@pytest.mark.parametrize("edit", ["where is mmy parcel", "where i my parcel", "whree is my parcel"])
def test_a_typo_is_found(edit):
    assert NearDuplicates([("where is my parcel", "a")]).find(edit, "a")
    assert NearDuplicates([("where is my parcel", "a")]).find(edit + " now", "a") is None


def test_many_rows_take_one_look_each():
    known = NearDuplicates((f"where is my parcel number {n * 7}", "a") for n in range(2_000))
    began = time.process_time()
    found = sum(known.find(f"track the parcel {n} for me", "a") is not None for n in range(4_000))
    assert found == 0
    assert time.process_time() - began < 4
