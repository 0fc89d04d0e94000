"""chrF against the values of sacrebleu 2.6 (`sentence_chrf`, its own parameters)."""

from __future__ import annotations

import pytest

from finetune.generator.similarity import chrf


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("退货需在签收后7天内申请。", "商品签收后 7 天内可以退货。", 0.3671943796943797),
        (
            "You can return it within 30 days.",
            "You can return items within 30 days.",
            0.813052385800557,
        ),
        ("abc", "abc", 1.0),
        ("ab", "abcdef", 0.3125),
        ("", "abc", 0.0),
        ("xyz", "abc", 0.0),
    ],
)
def test_it_is_what_sacrebleu_finds(answer, reference, expected):
    assert chrf(answer, reference) == pytest.approx(expected)
