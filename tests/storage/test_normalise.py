"""Texts that read the same have one spelling and one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.normalise import normalise, text_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  退款 \n\t 三天　到账 ", "退款 三天 到账"),
        ("ＡＢＣ１２３", "ABC123"),
        ("ﬁne", "fine"),
        ("①", "1"),
        ("", ""),
        ("\u00a0", ""),
        ("Keep Case", "Keep Case"),
    ],
)
def test_width_and_white_space_are_folded(text, expected):
    assert normalise(text) == expected
    assert text_key(text) == text_key(expected)


def test_different_texts_have_different_keys():
    texts = ["三天", "五天", "Three", "three", ""]
    assert len({text_key(text) for text in texts}) == len(texts)
    assert all(len(text_key(text)) == 64 for text in texts)


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)
    assert text_key(normalise(text)) == text_key(text)


def test_text_that_is_no_utf_8_has_a_key_too():
    assert text_key("a\ud800") != text_key("a")
