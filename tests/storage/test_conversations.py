"""Conversations: opening, receiving, taking over, feedback."""

from __future__ import annotations

import pytest

from storage.conversations import Conversations
from storage.errors import ConflictError, InputError, NotFoundError
from storage.review import ReviewQueue
from storage.staff import StaffAccounts
from storage.types import ConversationStatus, Role, StaffRole


def test_a_new_conversation_is_the_bots(talk):
    made = talk.open("web", language="en")
    assert (made.status, made.epoch, made.state, made.language) == ("bot", 0, {}, "en")
    assert made.created_at.utcoffset().total_seconds() == 0
    assert talk.get(made) == made


def test_a_given_id_is_used_once(talk):
    talk.open(conversation_id="mine")
    with pytest.raises(ConflictError, match="'mine' exists already"):
        talk.open(conversation_id="mine")


def test_an_unknown_conversation_is_said_so(talk):
    with talk.database.session() as session, pytest.raises(NotFoundError, match="'nowhere'"):
        Conversations(session).get("nowhere")


def test_visitors_without_a_name_are_different_customers(talk):
    assert talk.open().customer_id != talk.open().customer_id


def test_the_same_external_customer_is_one_customer_per_channel(talk):
    first = talk.open("telegram", external_customer_id="42")
    again = talk.open("telegram", external_customer_id="42")
    elsewhere = talk.open("web", external_customer_id="42")
    assert first.customer_id == again.customer_id != elsewhere.customer_id


def test_the_newest_open_conversation_of_a_customer_is_found(talk):
    old = talk.open("telegram", external_customer_id="42")
    new = talk.open("telegram", external_customer_id="42")
    with talk.database.session() as session:
        conversations = Conversations(session)
        assert conversations.find_for_customer("telegram", "42") == new
        conversations.set_status(new.id, ConversationStatus.CLOSED)
        assert conversations.find_for_customer("telegram", "42") == old
        assert conversations.find_for_customer("web", "42") is None


def test_a_received_message_is_stored_with_the_next_seq(talk):
    conversation = talk.open()
    first = talk.receive(conversation, "m1", "第一")
    second = talk.receive(conversation, "m2", "second")
    assert first.is_new
    assert first.reply is None
    assert [m.seq for m in (first.message, second.message)] == [1, 2]
    assert first.message.role is Role.CUSTOMER
    assert talk.messages(conversation) == [first.message, second.message]


def test_the_same_external_id_is_stored_once(talk):
    conversation = talk.open()
    first = talk.receive(conversation, "m1", "第一")
    again = talk.receive(conversation, "m1", "第一, sent again")
    assert not again.is_new
    assert again.message == first.message
    reply = talk.record(first.message)
    assert talk.receive(conversation, "m1").reply == reply
    assert talk.receive(conversation, "m2").message.seq == 3


def test_external_ids_belong_to_their_conversation(talk):
    assert talk.receive(talk.open(), "m1").is_new
    assert talk.receive(talk.open(), "m1").is_new


def test_nothing_can_be_received_in_an_unknown_conversation(talk):
    conversation = talk.open()
    with pytest.raises(NotFoundError, match="no conversation"):
        talk.receive(type(conversation)("gone", "web", 1, "bot", 0, None, {}, None))


def test_text_that_no_database_can_hold_is_kept_readable(talk):
    conversation = talk.open()
    text = "a\x00b\ud800c\u0007 😀 我"
    received = talk.receive(conversation, "m\x001", text)
    assert received.message.text == "a\ufffdb\ufffdc\u0007 😀 我"
    assert not talk.receive(conversation, "m\x001", text).is_new
    assert talk.messages(conversation) == [received.message]


def test_messages_after_a_seq(talk):
    conversation = talk.open()
    sent = [talk.receive(conversation, f"m{n}").message for n in range(5)]
    with talk.database.session() as session:
        conversations = Conversations(session)
        assert conversations.messages_after(conversation.id, 2) == sent[2:]
        assert conversations.messages_after(conversation.id, 0, limit=2) == sent[:2]
        assert conversations.message(sent[0].id) == sent[0]
        with pytest.raises(NotFoundError):
            conversations.message(10_000)


def test_unanswered_messages_are_found_oldest_first(talk):
    one, two = talk.open(), talk.open()
    first = talk.receive(one, "m1").message
    talk.answered(two, "m1")
    last = talk.receive(two, "m2").message
    with talk.database.session() as session:
        assert Conversations(session).unanswered() == [first, last]


def test_an_operator_and_the_system_may_say_something(talk):
    conversation = talk.open()
    talk.receive(conversation)
    with talk.database.session() as session:
        staff = StaffAccounts(session).add("ann", "hash", StaffRole.OPERATOR)
        said = Conversations(session).say(
            conversation.id,
            role=Role.OPERATOR,
            text="我来。",
            masked_text="我来。",
            staff_id=staff.id,
        )
    assert (said.seq, said.role, said.reply_to) == (2, Role.OPERATOR, None)
    assert talk.messages(conversation)[-1] == said
    with talk.database.session() as session, pytest.raises(InputError, match="operator or system"):
        Conversations(session).say(conversation.id, role=Role.BOT, text="x", masked_text="x")


def test_a_change_of_hands_moves_the_epoch_once(talk):
    conversation = talk.open()
    with talk.database.session() as session:
        conversations = Conversations(session)
        staff = StaffAccounts(session).add("ann", "hash", StaffRole.OPERATOR)
        queued = conversations.set_status(conversation.id, ConversationStatus.WAITING)
        taken = conversations.set_status(
            conversation.id, ConversationStatus.PERSON, staff_id=staff.id
        )
        again = conversations.set_status(
            conversation.id, ConversationStatus.PERSON, staff_id=staff.id
        )
        back = conversations.set_status(conversation.id, ConversationStatus.BOT)
        with pytest.raises(NotFoundError):
            conversations.set_status("nowhere", ConversationStatus.BOT)
    assert [c.epoch for c in (queued, taken, again, back)] == [1, 2, 2, 3]
    assert [c.status for c in (queued, taken, back)] == ["waiting", "person", "bot"]
    assert talk.get(conversation) == back


def test_nobody_unknown_takes_over(talk):
    conversation = talk.open()
    refused = pytest.raises(NotFoundError, match="no staff account 9")
    with refused, talk.database.session() as session:
        Conversations(session).set_status(conversation.id, ConversationStatus.PERSON, staff_id=9)
    assert talk.get(conversation) == conversation


def test_where_a_customer_is_reached(talk):
    telegram = talk.open("telegram", external_customer_id="42")
    visitor = talk.open()
    with talk.database.session() as session:
        assert Conversations(session).customer_address(telegram.id) == "42"
        assert Conversations(session).customer_address(visitor.id) is None


def test_the_reply_to_a_message(talk):
    message = talk.receive(talk.open()).message
    with talk.database.session() as session:
        assert Conversations(session).reply_to(message.id) is None
    reply = talk.record(message)
    with talk.database.session() as session:
        assert Conversations(session).reply_to(message.id) == reply


def test_recent_conversations_by_last_activity(talk):
    first, second, third = talk.open(), talk.open(), talk.open()
    talk.receive(first)
    with talk.database.session() as session:
        conversations = Conversations(session)
        assert [c.id for c in conversations.list_recent()] == [first.id, third.id, second.id]
        assert len(conversations.list_recent(limit=2)) == 2
        conversations.set_status(second.id, ConversationStatus.WAITING)
        waiting = conversations.list_recent(status=ConversationStatus.WAITING)
        assert [c.id for c in waiting] == [second.id]


def test_feedback_is_kept_once_per_reply_and_a_thumb_down_asks_for_review(talk):
    conversation = talk.open()
    reply = talk.answered(conversation, intent="shipping")
    with talk.database.session() as session:
        conversations = Conversations(session)
        conversations.add_feedback(reply.id, 1)
        assert ReviewQueue(session).open() == []
        conversations.add_feedback(reply.id, -1, "错了")
        conversations.add_feedback(reply.id, -1, "还是错了")
        (item,) = ReviewQueue(session).open()
    assert (item.kind, item.message_id, item.question, item.guess) == (
        "thumbs_down", reply.reply_to, "到哪了？", "shipping",
    )  # fmt: skip


@pytest.mark.parametrize("value", [0, 2, -5])
def test_feedback_is_up_or_down(talk, value):
    reply = talk.answered(talk.open())
    with talk.database.session() as session, pytest.raises(InputError, match=f"found {value}"):
        Conversations(session).add_feedback(reply.id, value)


def test_a_customer_does_not_rate_their_own_message(talk):
    message = talk.receive(talk.open()).message
    with talk.database.session() as session, pytest.raises(InputError, match="customer's own"):
        Conversations(session).add_feedback(message.id, 1)
