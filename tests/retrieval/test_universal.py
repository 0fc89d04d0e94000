from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import retrieval.universal
from retrieval.embedded_training import base_matrix
from retrieval.universal import UniversalEncoder, universal_encoder
from scripts.train_base import encoded, read_pairs, recall

SENTENCES = {
    "我的包裹还没有收到": "I have not received my parcel",
    "这个水壶的保修期是多久": "How long is the warranty of this kettle",
    "怎么申请退款": "How do I ask for a refund",
    "门店周日营业吗": "Is the shop open on Sundays",
}


@pytest.fixture(scope="module")
def encoder() -> UniversalEncoder:
    return universal_encoder()


def test_a_sentence_lies_nearest_to_its_translation(encoder):
    scores = encoder.encode(list(SENTENCES)) @ encoder.encode(list(SENTENCES.values())).T
    assert scores.argmax(axis=1).tolist() == list(range(len(SENTENCES)))


def test_script_width_and_case_make_no_difference(encoder):
    same = encoder.encode(["我的包裹還沒有收到", "ＲＥＦＵＮＤ please"])
    np.testing.assert_array_equal(same, encoder.encode(["我的包裹还没有收到", "refund please"]))


def test_vectors_have_length_one_and_blank_texts_none(encoder):
    vectors = encoder.encode(["", "ꙮꙮꙮ", " \n", "退货", "x" * 100_000])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([0, 1, 0, 1, 1], abs=1e-4)
    assert encoder.encode([]).shape == encoder.encode_many([]).shape == (0, encoder.dimension)


def test_all_cores_give_the_vectors_of_one(encoder):
    texts = [f"order {number} 订单" for number in range(200)]
    told: list[float] = []
    many = encoder.encode_many(texts, told.append)
    np.testing.assert_allclose(many, encoder.encode(texts), atol=1e-6)
    assert told == sorted(told)
    assert told[-1] == 1


def test_what_is_forgotten_while_others_read_is_computed_again(encoder, monkeypatch):
    monkeypatch.setattr(retrieval.universal, "_REMEMBERED", 3)
    texts = [f"text {number}" for number in range(12)]
    right = encoder.encode(texts)
    with ThreadPoolExecutor(4) as pool:
        asked = [texts[number % 12 : number % 12 + 2] for number in range(200)]
        for some, vectors in zip(asked, pool.map(encoder.encode, asked), strict=True):
            expected = right[[texts.index(text) for text in some]]
            np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_the_base_finds_more_passages_of_pairs_it_was_not_trained_on(encoder):
    _, held_out = read_pairs()
    sides = encoded(held_out[::2])
    plain = recall(*sides, np.eye(encoder.dimension, dtype=np.float32), 3)
    assert recall(*sides, base_matrix(), 3) > plain + 0.05
