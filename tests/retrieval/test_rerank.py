"""A cross-encoder orders the best passages; what it cannot be is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import EncoderError
from retrieval.rerank import DEPTH, CrossEncoderReranker, load_reranker, rerank
from retrieval.types import Hit
from storage.types import Passage

WORDS = ["how", "long", "is", "the", "refund", "parcel", "takes", "days", "three", "lamp"]


def save_cross_encoder(folder: Path, outputs: int) -> Path:
    """A tiny BERT with random weights, as sentence-transformers keeps cross-encoders."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, num_labels=outputs,
        initializer_range=0.5,  # so far from 0 that what is read matters
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder / "backbone")
    BertTokenizer(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(
        folder / "backbone"
    )
    CrossEncoder(str(folder / "backbone"), device="cpu").save_pretrained(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_cross_encoder(tmp_path_factory.mktemp("rerank") / "one", 1)


def hit(number: int, text: str, score: float) -> Hit:
    passage = Passage(
        id=number, document="d", title="", kind="document", heading="", text=text,
        start=0, end=len(text), language="en",
    )  # fmt: skip
    return Hit(passage, score, 0.0, 0.0, ())


class Longest:
    """Likes long passages."""

    def scores(self, query, texts):
        return [float(len(text)) for text in texts]


def test_the_best_passages_change_places_and_the_scores_stay():
    hits = [hit(1, "a", 0.9), hit(2, "abc", 0.5), hit(3, "ab", 0.2), hit(4, "abc", 0.1)]
    ranked = rerank(Longest(), "q", hits)
    assert [each.passage.id for each in ranked] == [2, 4, 3, 1]
    assert [each.score for each in ranked] == [0.9, 0.5, 0.2, 0.1]
    assert [each.rerank for each in ranked] == [3, 3, 2, 1]
    assert {each.rerank for each in hits} == {None}
    assert rerank(None, "q", hits) == hits
    assert rerank(Longest(), "q", []) == []


def test_only_so_many_passages_are_read():
    hits = [hit(number, "a" * number, 1 / number) for number in range(1, DEPTH + 3)]
    ranked = rerank(Longest(), "q", hits)
    assert [each.rerank for each in ranked[DEPTH:]] == [None, None]
    assert [each.passage.id for each in ranked] == [*range(DEPTH, 0, -1), DEPTH + 1, DEPTH + 2]


def test_a_real_cross_encoder_reads_question_and_passage(tiny):
    reranker = load_reranker(str(tiny))
    assert load_reranker(str(tiny)) is reranker
    texts = ["the refund takes three days", "the lamp", ""]
    scores = reranker.scores("how long is the refund", texts)
    assert len(set(scores)) == 3
    assert reranker.scores("how long is the refund", texts[::-1]) == pytest.approx(scores[::-1])
    assert reranker.scores("the lamp", texts) != pytest.approx(scores)


def test_what_is_no_reranker_is_told(tmp_path):
    with pytest.raises(EncoderError, match="expected a cross-encoder named '/nowhere/model'"):
        CrossEncoderReranker("/nowhere/model")
    with pytest.raises(EncoderError, match="found 3 outputs"):
        CrossEncoderReranker(str(save_cross_encoder(tmp_path / "three", 3)))
