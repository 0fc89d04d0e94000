"""Other spellings of a question: what is one question, and what a correction teaches."""

from __future__ import annotations

import pytest

from finetune.dataset import split
from finetune.near_duplicates import loose_key
from finetune.train import train_classifier
from finetune.variants import SOURCE_VARIANT, variants
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.types import SOURCE_CORRECTION, Example
from tests.finetune.test_classifier import FAST, QUESTIONS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("怎么退款", "怎麼退款？？"),
        ("怎么退款", "你好，怎么退款呢，谢谢"),
        ("How do I return it?", "hi,  how do i return it"),
        ("ＡＢＣ 怎么用！", "abc怎么用".replace("abc", "abc ")),
    ],
)
def test_one_question(one, other):
    assert loose_key(one) == loose_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("退款吗", "不退款吗"), ("满 3.5 元", "满 35 元"), ("你好", "谢谢"), ("a?", "b?")],
)
def test_two_questions(one, other):
    assert loose_key(one) != loose_key(other)


@pytest.mark.parametrize("question", ["怎么给水壶除垢", "how do I descale my kettle?", "？？", ""])
def test_variants_are_other_texts_each_once(question):
    made = variants(question, "zh")
    assert question not in made
    assert len(set(made)) == len(made)
    assert bool(made) == any(each.isalnum() for each in question)


def correction(question, intent, **more):
    return Example(question, intent, None, "zh", source=SOURCE_CORRECTION, **more)


def test_a_correction_moves_its_question_out_of_every_other_intent():
    rows = [
        Example("怎么退款", "shipping", None, "zh"),
        Example("怎么退款？", "shipping", None, "zh", source="weak", weight=0.3),
        Example("怎麼退款", "refund", None, "zh"),
        Example("别的", "shipping", None, "zh"),
        correction("你好，怎么退款", "refund"),
    ]
    parts = split(rows)
    corrections, kept = parts.corrections, parts.rows
    assert {(row.question, row.label) for row in kept} == {
        ("别的", "shipping"), ("你好，怎么退款", "refund"),
    }  # fmt: skip
    assert [row.label for row in corrections] == ["refund"]


def test_a_later_correction_in_another_spelling_supersedes():
    corrections = split([correction("怎么退款", "a"), correction("怎么退款？", "b")]).corrections
    assert [(row.question, row.label) for row in corrections] == [("怎么退款？", "b")]


CORRECTED = {
    "钱打到哪张卡上": (
        "refund",
        ["钱打到哪张卡上？", "请问钱打到哪张卡上呢，谢谢", "錢打到哪張卡上", "钱打到哪张卡"],
    ),
    "where did my money land": (
        "refund",
        [
            "Where did my money land?",
            "hi, where did my money land please",
            "where did my mony land",
            "where did my moeny land",
        ],
    ),
    "今天股市怎么样": ("oos", ["今天股市怎么样？", "请问今天股市怎么样", "今天股市怎麼樣"]),
}


def test_a_corrected_question_and_its_surface_variants_are_right_after_training():
    from finetune.dataset import with_variants
    from finetune.evaluate import TEMPLATE, decide_plainly

    examples = [Example(t, label, None, "zh") for label, some in QUESTIONS.items() for t in some]
    examples += [Example(text, "shipping", None, "zh") for text in CORRECTED]
    examples += [correction(text, label) for text, (label, _) in CORRECTED.items()]
    rows = split(examples).rows
    rows = with_variants(rows, ())
    assert sum(row.source == SOURCE_VARIANT for row in rows) >= 10
    trained = train_classifier(rows, Analyser(Lexicon.from_package()), settings=FAST)
    for text, (label, spellings) in CORRECTED.items():
        for prediction in trained.classifier.predict([text, *spellings]):
            if label == "oos":
                assert decide_plainly(prediction, trained.thresholds) != TEMPLATE
            else:
                assert prediction.label == label
