"""Rows with a wrong label are found, and rows with the right one are left in peace."""

from __future__ import annotations

import random

import pytest

from finetune.label_errors import find_label_errors
from finetune.types import LabelledQuestion
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser

WORDS = {
    "refund": ("退款", "退钱", "钱退", "到账"),
    "shipping": ("发货", "快递", "物流", "送到"),
    "invoice": ("发票", "开票", "抬头", "税号"),
}
FORMS = (
    "{}要多久",
    "请问{}的事",
    "我的{}呢",
    "怎么{}",
    "{}在哪里看",
    "帮我看下{}",
    "{}好了没",
    "想问{}",
)


@pytest.fixture(scope="module")
def analyser():
    return Analyser(Lexicon.empty())


def rows():
    return [
        LabelledQuestion(form.format(word), label, "zh")
        for label, words in WORDS.items()
        for word in words
        for form in FORMS
    ]


def test_wrong_labels_are_found_with_the_right_one(analyser):
    clean = rows()
    wrong = random.Random(3).sample(range(len(clean)), 6)
    labels = list(WORDS)
    mixed = [
        LabelledQuestion(
            row.question,
            labels[(labels.index(row.label) + 1) % 3] if number in wrong else row.label,
            "zh",
        )
        for number, row in enumerate(clean)
    ]
    found = find_label_errors(mixed, analyser)
    assert {error.row for error in found} <= set(wrong)
    assert len(found) >= 4
    assert all(error.suggested == clean[error.row].label for error in found)
    assert [error.probability for error in found] == sorted(
        (error.probability for error in found), reverse=True
    )


def test_right_labels_are_left_in_peace(analyser):
    assert find_label_errors(rows(), analyser) == []


def test_too_few_rows_say_nothing(analyser):
    few = [LabelledQuestion("退款", "a", "zh"), LabelledQuestion("发票", "b", "zh")]
    assert find_label_errors(few, analyser) == []
    assert find_label_errors([], analyser) == []
