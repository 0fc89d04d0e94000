"""What thumbs do to the ranking: a little, within bounds, and only as long as they are there."""

from __future__ import annotations

import pytest

from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from retrieval.prior import MOST, feedback_prior, with_prior
from storage.conversations import Conversations
from storage.erasure import erase_customer
from storage.feedback import feedback_stamp, passage_votes, save_feedback
from storage.types import Citation, NewMessage, NewReply
from tests.retrieval.conftest import PASSAGES, fill


def test_it_is_neutral_without_votes_even_handed_and_bounded():
    assert feedback_prior(0, 0) == feedback_prior(7, 7) == 0
    assert feedback_prior(3, 0) == -feedback_prior(0, 3) > 0
    assert feedback_prior(1, 0) < feedback_prior(2, 0)
    assert feedback_prior(1_000, 0) == MOST
    assert with_prior(0.5, MOST) == pytest.approx(0.6, abs=0.005)
    assert with_prior(0.0, MOST) == 0


def rate(database, document: str, value: int, customer: str) -> None:
    """A customer gets a reply that quotes the document, and says what they think of it."""
    text = PASSAGES[document]
    quoted = text[: len(text) // 2]
    with database.session() as session:
        conversations = Conversations(session)
        asked = conversations.create("web", external_customer_id=customer)
        received = conversations.receive(NewMessage(asked.id, "1", "?", "?"))
        reply = NewReply(
            text=quoted,
            masked_text=quoted,
            language="zh",
            decision="grounded",
            citations=(Citation(1, quoted, document, "", 0, len(quoted)),),
        )
        stored = conversations.record(received.message.id, reply, epoch=asked.epoch)
        save_feedback(session, stored, value, None)


@pytest.fixture
def index(tmp_path, encoder, analyser, database):
    fill(database)
    made = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    made.sync(database)
    return made


def score(index: HybridIndex, database, document: str) -> float:
    index.weigh_feedback(database)
    hits = index.search("水壶除垢要多久", 5)
    return next(hit.score for hit in hits if hit.passage.document == document)


def test_thumbs_move_a_passage_and_erasing_the_customer_takes_it_back(index, database):
    before = score(index, database, "kettle.zh.md")
    others = score(index, database, "sensor.zh.md")
    rate(database, "kettle.zh.md", 1, "anna")
    liked = score(index, database, "kettle.zh.md")
    assert before < liked < before + 0.1
    assert score(index, database, "sensor.zh.md") == others
    with database.session() as session:
        erase_customer(session, "anna")
    assert score(index, database, "kettle.zh.md") == before


def test_one_customer_has_one_vote_and_the_newest_counts(database):
    fill(database)
    for value in (1, 1, -1):
        rate(database, "kettle.zh.md", value, "anna")
    rate(database, "kettle.zh.md", 1, "ben")
    with database.session() as session:
        (votes,) = passage_votes(session)
    assert (votes.up, votes.down) == (1, 1)


def test_a_passage_that_reads_otherwise_now_keeps_no_votes(index, database):
    from tests.retrieval.conftest import put

    rate(database, "kettle.zh.md", -1, "anna")
    put(database, "kettle.zh.md", "水壶除垢用白醋，静置一夜。")
    index.sync(database)
    index.weigh_feedback(database)
    assert all(hit.feedback == 0 for hit in index.search("水壶除垢", 5))


def test_the_stamp_moves_with_every_opinion(database):
    def stamp() -> str:
        with database.session() as session:
            return feedback_stamp(session)

    fill(database)
    seen = {stamp()}
    for number, value in enumerate((1, -1), start=1):
        rate(database, "kettle.zh.md", value, "anna")
        seen.add(stamp())
        assert len(seen) == number + 1
