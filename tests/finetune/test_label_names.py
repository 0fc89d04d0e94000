"""Names of intents as training rows."""

from __future__ import annotations

import pytest

from finetune.label_names import NAME_WEIGHT, SOURCE_NAME, name_rows
from finetune.train import train_classifier
from finetune.types import LabelledQuestion
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("card_arrival", "card arrival"),
        ("reverted-payment?", "reverted payment"),
        ("lateDelivery", "late Delivery"),
        ("退款_进度", "退款 进度"),
        ("answer_12", "answer"),
    ],
)
def test_a_name_is_read_as_words(label, words):
    (row,) = name_rows([label])
    assert (row.question, row.label, row.weight) == (words, label, NAME_WEIGHT)
    assert row.source == SOURCE_NAME


def test_a_name_without_words_teaches_nothing():
    assert name_rows(["12", "a", "?!", ""]) == []


def test_an_intent_of_one_question_is_known_by_its_name():
    rows = [
        LabelledQuestion(f"{verb} {thing}", label, "en")
        for label, thing in (("refund", "my money back"), ("invoice", "the tax document"))
        for verb in ("where is", "i need", "send me", "when do i get", "can i have")
    ]
    rows.append(LabelledQuestion("this thing arrived in pieces", "broken_kettle", "en"))
    trained = train_classifier(rows, Analyser(Lexicon.from_package()))
    (found,) = trained.classifier.predict(["my kettle is broken"])
    assert found.label == "broken_kettle"
    assert SOURCE_NAME not in {row.source for row in trained.held_rows}
