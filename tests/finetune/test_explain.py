from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.explain import MOST_VARIANTS, nearest_questions, word_weights
from finetune.types import Prediction
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.types import Example

ANALYSER = Analyser(Lexicon.from_package())


class Keyword:
    """Sure of `refund` where the word is there."""

    def __init__(self, *words):
        self.words, self.asked = words, 0

    def predict(self, texts):
        self.asked += len(texts)
        found = [sum(word in text for word in self.words) / len(self.words) for text in texts]
        return [Prediction((("refund", share), ("other", 1 - share)), 0.9) for share in found]


@pytest.mark.parametrize(
    ("text", "word"), [("我想退款可以吗", "退款"), ("I WANT my refund now", "refund")]
)
def test_the_word_that_carries_it_weighs_most(text, word):
    weights = word_weights(text, "refund", Keyword(word).predict, ANALYSER)
    assert max(weights, key=lambda w: w.weight).text == word
    assert max(weights, key=lambda w: w.weight).weight == pytest.approx(0.9)
    assert sum(w.weight == 0 for w in weights) == len(weights) - 1
    assert all(text[w.start : w.end] == w.text for w in weights)


def test_a_long_text_is_asked_in_few_variants():
    asked = Keyword("refund")
    weights = word_weights("word " * 500 + "refund", "refund", asked.predict, ANALYSER)
    assert asked.asked <= MOST_VARIANTS + 1
    assert "refund" in max(weights, key=lambda w: w.weight).text


@pytest.mark.parametrize("text", ["", "  ", "？？", "🙂"])
def test_a_text_without_words_has_no_weights(text):
    assert word_weights(text, "refund", Keyword("x").predict, ANALYSER) == ()


@given(st.text(max_size=60))
def test_spans_are_words_of_the_text_in_order(text):
    spans = ANALYSER.spans(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))


def test_spans_of_full_width_traditional_and_mixed_text():
    text = "我要ＲＥＦＵＮＤ，請問訂單AB-12在哪"
    found = [text[start:end] for start, end in ANALYSER.spans(text)]
    assert "ＲＥＦＵＮＤ" in found
    assert "".join(found) == text.replace("，", "")


class Letters:
    """Counts letters: texts with the same letters are near."""

    fingerprint, dimension = "letters", 256

    def __init__(self):
        self.encoded = 0

    def encode(self, texts):
        self.encoded += len(texts)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                vectors[row, ord(letter) % self.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)


def example(question, intent):
    return Example(question, intent, None, "en")


def test_the_nearest_come_first_and_none_twice():
    examples = [
        example("where is my refund", "refund"),
        example("where is my  refund", "refund"),
        example("zzz", "other"),
        example("no label", None),
    ]
    found = nearest_questions("where is my refund?", examples, Letters())
    assert [each.intent for each in found] == ["refund", "other"]
    assert found[0].similarity == pytest.approx(1, abs=0.1)
    assert nearest_questions("anything", [], Letters()) == ()


def test_of_many_examples_only_the_promising_are_encoded():
    many = [example(f"question number {n}", f"i{n % 9}") for n in range(20_000)]
    other = [example("退款多久到账", "refund")]
    encoder = Letters()
    found = nearest_questions("question number 777", many + other, encoder, likely={"refund"})
    assert found[0].question == "question number 777"
    assert encoder.encoded < 500
    everything = nearest_questions("question 777", many + other, encoder, likely={"refund"}, k=400)
    assert "refund" in {each.intent for each in everything}
