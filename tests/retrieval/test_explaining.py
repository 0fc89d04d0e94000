from __future__ import annotations

import pytest

from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from tests.retrieval.conftest import fill, put


@pytest.fixture
def index(tmp_path, encoder, analyser, database):
    fill(database)
    put(database, "pay.zh.md", "钱会退款到原来的支付方式😀。", ("什么时候能收到退款",))
    made = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    made.sync(database)
    return made


def why(index, query, document):
    hits = index.search(query, 10)
    reasons = index.explain(query, hits)
    return next(
        (hit.passage.text, each)
        for hit, each in zip(hits, reasons, strict=True)
        if hit.passage.document == document
    )


def shown(text, reasons):
    return [text[start:end] for start, end in reasons.highlights]


def test_words_are_shown_as_they_were_written_and_marked_in_the_passage(index):
    text, reasons = why(index, "How often are filters replaced", "filter.en.md")
    assert {"filters", "replaced"} <= set(reasons.words)
    assert shown(text, reasons) == ["Replace", "water filter"]


def test_traditional_words_are_marked_in_simplified_text(index):
    text, reasons = why(index, "退貨的運費", "returns.zh.md")
    assert "退货" in " ".join(reasons.words)
    assert "退货" in shown(text, reasons)[0]
    assert "运费" in shown(text, reasons)


def test_synonyms_name_both_words(index):
    text, reasons = why(index, "money back please", "pay.zh.md")
    assert ("refund", "money back") in [(each.group, each.asked) for each in reasons.synonyms]
    assert "退款" in shown(text, reasons)


def test_guesses_and_the_neighbour_question_are_named(index):
    _, reasons = why(index, "安zhuang gaodu TH0l", "sensor.zh.md")
    assert ("th0l", "th01") in [(each.typed, each.found) for each in reasons.guesses]
    _, reasons = why(index, "什么时候可以收到退款", "pay.zh.md")
    assert reasons.question == "什么时候能收到退款"
    assert 0.5 <= reasons.question_similarity <= 1.01


def test_what_shares_nothing_says_so(index):
    _, reasons = why(index, "怎么退货", "filter.en.md")
    assert (reasons.words, reasons.synonyms, reasons.highlights) == ((), (), ())
