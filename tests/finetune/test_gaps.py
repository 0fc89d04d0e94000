from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.testing import KeywordIndex
from finetune.gaps import find_gaps, greedy_clusters
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.conversations import Conversations
from storage.knowledge import Knowledge
from storage.types import NewMessage, NewPassage, NewReply
from storage.unanswered import unanswered_questions

ASKED = ["卖轮胎吗", "有轮胎卖吗", "轮胎卖多少钱", "Do you repair bicycles", "bicycle repair"]


def test_near_rows_are_one_group_and_far_ones_their_own():
    angles = np.radians([0, 90, 5, 10, 180, 95])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    assert greedy_clusters(vectors, 0.9) == [[0, 2, 3], [1, 5], [4]]
    assert greedy_clusters(np.zeros((0, 2), np.float32), 0.9) == []


def ask(database, text: str, decision: str, reason: str = "nothing_found") -> None:
    with database.session() as session:
        conversations = Conversations(session)
        began = conversations.create("web")
        received = conversations.receive(NewMessage(began.id, "1", text, text))
        reply = NewReply(
            text="-", masked_text="-", language="zh", decision=decision, trace={"reason": reason}
        )
        conversations.record(received.message.id, reply, epoch=began.epoch)


@pytest.fixture
def index(database):
    for text in ASKED:
        ask(database, text, "no_answer")
    ask(database, "怎么退货", "template")
    ask(database, "坏了的问题", "no_answer", "error:ValueError")
    with database.session() as session:
        text = "我们修理电饭煲，不修自行车 bicycle。"
        Knowledge(session).put_document(
            "repair.md", "维修", "h", "zh", "document", text,
            [NewPassage(text, "", 0, len(text), "zh")],
        )  # fmt: skip
    made = KeywordIndex(Analyser(Lexicon.from_package()))
    made.sync(database)
    return made


def test_unanswered_questions_are_told_by_topic_with_what_is_nearest(database, index):
    with database.session() as session:
        asked = unanswered_questions(session)
    assert {each.question for each in asked} == set(ASKED)
    tyres, bicycles = find_gaps(asked, index.encode, index.search, threshold=0.3)
    assert (tyres.count, bicycles.count) == (3, 2)
    assert {each.question for each in tyres.questions} == set(ASKED[:3])
    assert tyres.question in ASKED[:3]
    assert [hit.passage.document for hit in bicycles.documents] == ["repair.md"]


def test_only_what_was_asked_since_counts(database, index):
    with database.session() as session:
        assert unanswered_questions(session, since=datetime.now(UTC) + timedelta(days=1)) == []
    assert find_gaps([], index.encode, index.search) == []
