from __future__ import annotations

import random
from collections import Counter

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.keyword import KeywordIndex


def index_of(documents: dict[int, list[str]]) -> KeywordIndex:
    index = KeywordIndex()
    for number, tokens in documents.items():
        index.put(number, Counter(tokens))
    return index


def test_it_scores_like_an_independent_bm25():
    words = [f"w{number}" for number in range(40)]
    random.seed(1)
    corpus = [random.choices(words, k=random.randint(3, 30)) for _ in range(60)]
    peer = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    peer.index(corpus, show_progress=False)
    index = index_of(dict(enumerate(corpus)))
    for _ in range(10):
        query = random.sample(words, 4)
        expected = peer.get_scores(query)
        found = {hit.passage_id: hit.score for hit in index.search(Counter(query), 60)}
        mine = np.array([found.get(number, 0.0) for number in range(60)])
        # The peer leaves the constant factor k1 + 1 out.
        np.testing.assert_allclose(mine / 2.2, expected, rtol=1e-4, atol=1e-5)


def test_empty_index_and_empty_query_find_nothing():
    assert KeywordIndex().search({"a": 1.0}, 5) == []
    assert index_of({1: ["a"]}).search({}, 5) == []


def test_share_and_coverage_are_at_most_one_and_grow_with_the_match():
    index = index_of({1: ["refund", "money", "days"], 2: ["refund"], 3: ["kettle"]})
    hits = {hit.passage_id: hit for hit in index.search({"refund": 1, "days": 1}, 5)}
    assert 0 < hits[2].coverage < hits[1].coverage <= 1
    assert all(0 < hit.share <= 1 for hit in hits.values())
    assert 3 not in hits
    telling = {hit.passage_id: hit for hit in index.search({"money": 1, "days": 1, "kettle": 1}, 5)}
    assert telling[1].coverage == pytest.approx(2 / 3)


def test_a_query_that_says_next_to_nothing_covers_little():
    index = index_of({1: ["courier", "old", "boxes"], 2: ["courier"], 3: ["kettle", "courier"]})
    (vague, *_), (telling, *_) = index.search({"courier": 1}, 1), index.search({"old": 1}, 1)
    assert vague.coverage < 0.2 < telling.coverage < 0.6


tokens = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6)
changes = st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), tokens)), max_size=12)


@given(changes)
def test_after_any_changes_it_equals_an_index_made_at_once(steps):
    index = KeywordIndex()
    kept: dict[int, list[str]] = {}
    for number, words in steps:
        if words is None:
            index.delete(number)
            kept.pop(number, None)
        else:
            index.put(number, Counter(words))
            kept[number] = words
    query = Counter("abcdef")
    fresh = index_of(kept)
    assert len(index) == len(fresh) == len(kept)
    assert [(hit.passage_id, round(hit.score, 9)) for hit in index.search(query, 9)] == [
        (hit.passage_id, round(hit.score, 9)) for hit in fresh.search(query, 9)
    ]


def test_saved_and_loaded_it_finds_the_same(tmp_path):
    index = index_of({1: ["退款", "七天"], 2: ["filter", "filter"]})
    index.save(tmp_path / "keyword.npz")
    loaded = KeywordIndex.load(tmp_path / "keyword.npz")
    assert loaded.search({"退款": 1.0}, 3) == index.search({"退款": 1.0}, 3)
    assert loaded.held([2, 1, 9], ["filter", "kettle", "退款"]) == [("filter",), ("退款",), ()]


def test_many_changes_leave_no_dead_rows_behind():
    index = KeywordIndex()
    for turn in range(30):
        for number in range(100):
            index.put(number, Counter([f"t{turn}", "all", f"n{number}"]))
    assert len(index) == 100
    assert len(index._postings.passage_ids()) < 1_300
    hits = index.search({"t29": 1.0, "n7": 1.0}, 3)
    assert hits[0].passage_id == 7
    assert index.search({"t28": 1.0}, 3) == []


def test_equal_scores_come_in_the_order_of_their_ids():
    index = index_of({number: ["a"] for number in (9, 4, 7, 1)})
    assert [hit.passage_id for hit in index.search({"a": 1.0}, 3)] == [1, 4, 7]


def test_what_was_removed_is_not_saved(tmp_path):
    index = index_of({1: ["a", "b"], 2: ["b"], 3: ["c"]})
    index.delete(1)
    index.put(3, {"b": 0.5})
    index.drop_dead()
    index.save(tmp_path / "keyword.npz")
    loaded = KeywordIndex.load(tmp_path / "keyword.npz")
    assert loaded.search({"a": 1.0, "c": 1.0}, 3) == []
    assert loaded.search({"b": 1.0}, 3) == index.search({"b": 1.0}, 3)


def test_nothing_saved_is_nothing_loaded(tmp_path):
    KeywordIndex().save(tmp_path / "keyword.npz")
    loaded = KeywordIndex.load(tmp_path / "keyword.npz")
    loaded.put(1, {"a": 1.0})
    assert len(loaded) == 1
