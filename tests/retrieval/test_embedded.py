from __future__ import annotations

import json

import numpy as np
import pytest

from retrieval.embedded import EmbeddedEncoder
from retrieval.embedded_training import train_search_encoder
from retrieval.encoder import is_embedded, load_encoder
from retrieval.errors import EncoderError
from retrieval.features import Features, extract
from tests.retrieval.conftest import PAIRS, PASSAGES


def test_vectors_have_length_one_and_unknown_text_has_none(encoder):
    vectors = encoder.encode(["怎么退货", "water filter", "", "ꙮꙮꙮ"])
    assert vectors.shape == (4, encoder.dimension)
    lengths = np.linalg.norm(vectors, axis=1)
    assert lengths[:2] == pytest.approx([1, 1], abs=1e-5)
    assert lengths[2] == 0


def test_no_texts_give_no_vectors(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_a_question_lies_closer_to_its_passage_than_to_others(encoder):
    texts = list(PASSAGES.values())
    passages = encoder.encode(texts)
    for question, passage in PAIRS:
        scores = passages @ encoder.encode([question])[0]
        assert texts[int(scores.argmax())] == passage


def test_training_again_gives_the_same_encoder(analyser, encoder):
    again = train_search_encoder(PAIRS)
    assert again.fingerprint == encoder.fingerprint


def test_a_saved_encoder_gives_the_same_vectors(encoder, tmp_path):
    encoder.save(tmp_path)
    loaded = load_encoder(str(tmp_path))
    assert is_embedded(tmp_path)
    assert loaded.fingerprint == encoder.fingerprint
    texts = ["怎么退货", "filter?", "TH01"]
    np.testing.assert_allclose(loaded.encode(texts), encoder.encode(texts), atol=1e-6)


def test_sentence_transformers_reads_the_folder(encoder, tmp_path):
    from sentence_transformers import SentenceTransformer

    encoder.save(tmp_path)
    model = SentenceTransformer(str(tmp_path), trust_remote_code=True, device="cpu")
    texts = ["怎么退货", "how often do I change the filter"]
    np.testing.assert_allclose(model.encode(texts), encoder.encode(texts), atol=1e-5)


def test_a_damaged_folder_is_refused_with_what_to_do(encoder, tmp_path):
    encoder.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"half")
    with pytest.raises(EncoderError, match="damaged folder.*kefu retrain"):
        EmbeddedEncoder.load(tmp_path)


def test_vectors_of_other_pretrained_weights_are_refused(encoder, tmp_path):
    encoder.save(tmp_path)
    config = tmp_path / "config.json"
    other = config.read_text().replace(encoder.fingerprint, "embedded-0000000000000000")
    config.write_text(other)
    with pytest.raises(EncoderError, match="another version.*kefu retrain --encoder embedded"):
        load_encoder(str(tmp_path))


def test_a_question_finds_a_passage_of_the_other_language(encoder):
    texts = list(PASSAGES.values())
    passages = encoder.encode(texts)
    asked = encoder.encode(["can I return goods within a week", "滤芯多久换一次"])
    best = [texts[int(number)] for number in (passages @ asked.T).argmax(axis=0)]
    assert best == [PASSAGES["returns.zh.md"], PASSAGES["filter.en.md"]]


def test_a_name_that_is_nowhere_is_one_clear_line():
    with pytest.raises(EncoderError, match="no-such-model") as raised:
        load_encoder("no-such-model-anywhere")
    assert "\n" not in str(raised.value)


def test_traditional_and_full_width_text_have_the_same_features(analyser):
    assert extract(analyser, "ＡＢＣ 退貨") == extract(analyser, "abc 退货")


def test_concepts_are_features(analyser):
    assert set(extract(analyser, "把钱还我")) & set(extract(analyser, "i want a refund")) >= {
        "#refund"
    }


def test_each_kind_of_feature_has_its_own_length(analyser):
    features = Features.fit(analyser, ["where is my refund", "怎么退货"])
    rows = features.rows(["where is my refund"])
    names = list(json.loads(_saved(features))["features"])
    kinds = np.array([names[number][0] for number in rows.ids])
    for kind, length in (("c", 1.0), ("w", 1.0)):
        assert np.linalg.norm(rows.weights[kinds == kind]) == pytest.approx(length, abs=1e-5)


def test_the_most_frequent_features_stay_when_there_are_too_many(analyser):
    features = Features.fit(analyser, ["aaa bbb", "aaa ccc", "aaa ddd"], max_features=5)
    assert len(features) == 5
    assert len(features.rows(["aaa"]).ids) > len(features.rows(["ddd"]).ids)


def test_unknown_words_are_counted(analyser):
    features = Features.fit(analyser, ["quokka parcel"])
    known, half, none = features.rows(["quokka parcel", "quokka zebra", "zebra"]).unknown
    assert known == 0
    assert 0 < half < 1
    assert none == 1


def test_a_word_of_the_lexicon_is_never_unknown(analyser):
    features = Features.fit(analyser, ["quokka"])
    (thanks, zebra) = features.rows(["refund", "zebra"]).unknown
    assert (thanks, zebra) == (0, 1)


def test_rows_can_be_taken_in_any_order(analyser):
    features = Features.fit(analyser, ["one two", "three", "four five six"])
    rows = features.rows(["one two", "three", "four five six"])
    taken = rows.take(np.array([2, 0]))
    alone = features.rows(["four five six", "one two"])
    np.testing.assert_array_equal(taken.ids, alone.ids)
    np.testing.assert_array_equal(taken.offsets, alone.offsets)


def _saved(features: Features) -> str:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        features.save(Path(folder))
        return (Path(folder) / "vocabulary.json").read_text(encoding="utf-8")
