"""Cleaning of what customers write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.text import clean_text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  你好 \n", "你好"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u2028b\x85c", "a\nb\nc"),
        ("\x00\x07\x1b", ""),
        ("tab\there", "tab\there"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("\ud800x", "x"),
    ],
)
def test_clean_text(text, cleaned):
    assert clean_text(text) == cleaned


@given(st.text(st.characters()))
def test_cleaning_can_be_stored_and_changes_nothing_twice(text):
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned
