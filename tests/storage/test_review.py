"""What the review queue gathers: one item per message, with every signal."""

from __future__ import annotations

import pytest

from storage.conversations import Conversations
from storage.errors import ConflictError
from storage.review import ReviewQueue
from storage.types import ReviewKind


def items(talk):
    with talk.database.session(read_only=True) as session:
        return ReviewQueue(session).open()


def test_a_second_signal_adds_to_the_item_instead_of_doubling_it(talk):
    message = talk.receive(talk.open()).message
    reply = talk.record(message, review="no_answer")
    for _ in range(2):
        with talk.database.session() as session:
            Conversations(session).add_feedback(reply.id, -1)
    with talk.database.session() as session:
        Conversations(session).add_to_review(
            message.id, ReviewKind.OPERATOR_ANSWERED, guess="shipping", proposal="明天到。"
        )
        Conversations(session).add_to_review(
            message.id, ReviewKind.OPERATOR_ANSWERED, guess="other", proposal="后天到。"
        )
    (item,) = items(talk)
    assert item.kinds == ("no_answer", "thumbs_down", "operator_answered")
    assert (item.kind, item.guess, item.proposal) == ("no_answer", "shipping", "明天到。")


def test_a_decided_item_is_not_opened_again(talk):
    message = talk.receive(talk.open()).message
    reply = talk.record(message, review="no_answer")
    with talk.database.session() as session:
        ReviewQueue(session).decide([items(talk)[0].id], "rejected")
    with talk.database.session() as session:
        Conversations(session).add_feedback(reply.id, -1)
    assert items(talk) == []


def test_asking_again_puts_the_earlier_question_up_for_review(talk):
    conversation = talk.open()
    first = talk.receive(conversation, "m1", "怎么退款").message
    talk.record(first, talk.reply(intent="refund"))
    second = talk.receive(conversation, "m2", "到底怎么退款").message
    talk.record(second, asked_again=first.id)
    (item,) = items(talk)
    assert (item.message_id, item.kind, item.guess) == (first.id, "rephrased", "refund")


def test_items_are_decided_together_or_not_at_all(talk):
    for number in range(3):
        talk.record(talk.receive(talk.open(), f"m{number}", f"问题{number}").message, review="x")
    first, second, third = [item.id for item in items(talk)]
    with talk.database.session() as session:
        corrections = ReviewQueue(session).decide([first, second], "accepted", "refund")
        assert [each.question for each in corrections] == ["问题0", "问题1"]
    with pytest.raises(ConflictError), talk.database.session() as session:
        ReviewQueue(session).decide([third, second], "rejected")
    assert [item.id for item in items(talk)] == [third]
    with talk.database.session() as session:
        assert ReviewQueue(session).count() == 1
        assert [item.id for item in ReviewQueue(session).newest(5)] == [third]
