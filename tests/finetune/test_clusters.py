"""Clusters of questions: near-duplicates together, causes apart, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.clusters import COHESION, cluster, fit_cohesion, representative

CAUSES, EACH = 12, 8


def made_up(causes=CAUSES, each=EACH, noise=0.35, seed=0):
    """Unit vectors around some directions, and which is around which."""
    random = np.random.default_rng(seed)
    middles = random.standard_normal((causes, 64))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    labels = np.repeat(np.arange(causes), each)
    vectors = middles[labels] + noise * random.standard_normal((len(labels), 64)) / 8**0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), labels


def texts(count):
    return [f"question {number} of {number * 7}" for number in range(count)]


def test_causes_are_found_without_saying_how_many():
    vectors, labels = made_up()
    cohesion = fit_cohesion(*_known(seed=1))
    found = cluster(texts(len(labels)), vectors, cohesion=cohesion)
    assert CAUSES <= len(set(found)) <= 2 * CAUSES
    for number in set(found):
        assert len(set(labels[found == number])) == 1
    assert found[0] == 0
    assert list(found) == list(cluster(texts(len(labels)), vectors, cohesion=cohesion))


def _known(seed):
    vectors, labels = made_up(seed=seed)
    return vectors, [f"intent {label}" for label in labels]


def test_spellings_of_one_question_are_together_whatever_the_vectors_say():
    vectors = np.eye(4, dtype=np.float32)
    asked = ["怎么退款", "怎麼退款？", "你好，怎么退款，谢谢", "发票怎么开"]
    assert list(cluster(asked, vectors)) == [0, 0, 0, 1]
    assert list(cluster(asked)) == [0, 0, 0, 1]


def test_nearly_equal_vectors_are_together():
    vectors, _ = made_up(each=2, noise=0.02)
    found = cluster(texts(len(vectors)), vectors, cohesion=0.999)
    assert list(found) == [number // 2 for number in range(len(vectors))]


@given(st.integers(1, 40), st.integers(0, 5))
def test_any_number_of_texts_gets_labels_in_order(count, seed):
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = cluster(texts(count), vectors)
    firsts = list(dict.fromkeys(found.tolist()))
    assert firsts == list(range(len(firsts)))
    assert len(found) == count


def test_more_than_one_block_keeps_causes_together(monkeypatch):
    monkeypatch.setattr("finetune.clusters._BLOCK", 40)
    vectors, labels = made_up(noise=0.2)
    found = cluster(texts(len(labels)), vectors)
    right = sum(np.bincount(labels[found == n]).max() for n in set(found))
    assert right / len(labels) >= 0.95
    assert len(set(found)) <= 3 * CAUSES


def test_what_cannot_be_fitted_gets_the_default():
    assert fit_cohesion(np.eye(3, dtype=np.float32), ["a", "a", "a"]) == COHESION
    assert fit_cohesion(np.eye(3, dtype=np.float32), ["a", "b", "c"]) == COHESION
    with pytest.raises(ValueError, match="a vector per text, found 2 for 3"):
        cluster(["a", "b", "c"], np.eye(2, dtype=np.float32))


def test_the_middle_one_speaks_for_its_cluster():
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    assert representative([0, 1, 2], vectors) == 1
    assert representative([2, 0], None) == 2
