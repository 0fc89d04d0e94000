from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from retrieval.errors import DocumentError
from retrieval.evaluate import (
    SearchRow,
    evaluate_search,
    rank_of,
    read_search_rows,
    summarise,
)
from retrieval.overlap import overlaps
from retrieval.types import Hit
from storage.types import Passage


def hit(text: str, document: str = "a.md") -> Hit:
    passage = Passage(1, document, "", "document", "", text, 0, len(text), "zh")
    return Hit(passage, 0.5, 0.5, 0.5)


def row(passage: str | None = None, document: str | None = None) -> SearchRow:
    return SearchRow("?", passage, document, 2)


@pytest.mark.parametrize(
    ("gold", "found", "rank"),
    [
        ("签收后七天内可以退货", "……签收后七天内可以退货，运费自理。", 1),
        ("签收后七天内可以退货", "签收后七天", 1),  # exactly half of ten characters
        ("签收后七天内可以退货", "签收后七", None),
        ("Replace the filter", "replace\n the  FILTER now", 1),
    ],
)
def test_a_hit_overlaps_at_least_half_of_the_expected_text(gold, found, rank):
    assert rank_of(row(passage=gold), [hit(found)]) == rank


@given(some.text("ab", min_size=1, max_size=24), some.text("ab", max_size=30))
def test_an_overlap_is_the_longest_common_piece(gold, found):
    pieces = (gold[a:b] for a in range(len(gold)) for b in range(a + 1, len(gold) + 1))
    longest = max((len(piece) for piece in pieces if piece in found), default=0)
    assert overlaps(gold, found) == (2 * longest >= len(gold))


def test_a_document_counts_by_name():
    hits = [hit("x", "b.md"), hit("y", "a.md")]
    assert rank_of(row(document="a.md"), hits) == 2
    assert rank_of(row(document="c.md"), hits) is None


def test_numbers_by_hand():
    metrics = summarise([1, 2, None, 5], [1.0, 2.0, 3.0, 4.0])
    assert metrics.recall == {1: 0.25, 3: 0.5, 10: 0.75}
    assert metrics.mrr == pytest.approx((1 + 1 / 2 + 1 / 5) / 4)
    assert metrics.ndcg_at_10 == pytest.approx((1 + 1 / math.log2(3) + 1 / math.log2(6)) / 4)
    assert metrics.p50_ms == 2.5
    assert set(metrics.as_dict()) == {
        "n", "recall@1", "recall@3", "recall@10", "mrr", "ndcg@10", "p50_ms", "p95_ms",
    }  # fmt: skip


def test_every_question_is_asked(tmp_path):
    class Echo:
        def search(self, query: str, k: int = 10) -> list[Hit]:
            return [hit(query)]

    metrics = evaluate_search(Echo(), [SearchRow("退货七天", "退货七天", None, 2)] * 3)
    assert (metrics.n, metrics.recall[1]) == (3, 1.0)


def test_rows_without_what_is_needed_are_reported_with_their_line(tmp_path):
    path = tmp_path / "search.csv"
    path.write_text("question,passage,document\n怎么退,七天,\n,七天,\n怎么换,,\n", "utf-8")
    rows, problems = read_search_rows(path)
    assert [item.question for item in rows] == ["怎么退"]
    assert [problem.line for problem in problems] == [3, 4]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "question,passage\n"])
def test_a_file_of_another_shape_is_one_clear_line(tmp_path, text):
    path = tmp_path / "search.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(DocumentError, match=r"search\.csv"):
        read_search_rows(path)
