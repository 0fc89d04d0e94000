"""A turn: what is read after the lock, and the one reply that is written."""

from __future__ import annotations

import pytest

from storage.conversations import Conversations
from storage.errors import ConflictError, EpochMovedError, NotFoundError
from storage.knowledge import Knowledge
from storage.outbox import Outbox
from storage.review import ReviewQueue
from storage.templates import Templates
from storage.types import (
    Citation,
    ConversationStatus,
    NewPassage,
    QuickReply,
    Role,
    TemplateDraft,
)


def hand_over(talk, conversation):
    with talk.database.session() as session:
        Conversations(session).set_status(conversation.id, ConversationStatus.PERSON)


def test_a_turn_knows_the_messages_before_it(talk):
    conversation = talk.open()
    talk.answered(conversation, "m1")
    second = talk.receive(conversation, "m2").message
    talk.receive(conversation, "m3")
    turn = talk.turn(second)
    assert turn.conversation == talk.get(conversation)
    assert list(turn.history) == talk.messages(conversation)[:2]
    assert turn.reply is None
    assert turn.knowledge_revision == 0


def test_the_history_is_as_long_as_asked(talk):
    conversation = talk.open()
    sent = [talk.receive(conversation, f"m{n}").message for n in range(6)]
    assert list(talk.turn(sent[-1], history=2).history) == sent[3:5]
    assert talk.turn(sent[-1], history=0).history == ()
    assert talk.turn(sent[0]).history == ()


def test_a_turn_shows_the_reply_that_is_there_already(talk):
    conversation = talk.open()
    first = talk.receive(conversation, "m1").message
    second = talk.receive(conversation, "m2").message
    reply = talk.record(first)
    assert talk.turn(first).reply == reply
    assert talk.turn(first).history == ()
    assert talk.turn(second).reply is None


def test_a_turn_knows_the_revision_of_the_knowledge(talk):
    message = talk.receive(talk.open()).message
    passage = NewPassage("三天内到账。", "退款", 0, 6, "zh")
    with talk.database.session() as session:
        Knowledge(session).put_document(
            "a.md", "A", "h", "zh", "document", "三天内到账。", [passage]
        )
    assert talk.turn(message).knowledge_revision == 1


def test_there_is_no_turn_without_a_message(talk):
    with talk.database.session() as session, pytest.raises(NotFoundError, match="no message 7"):
        Conversations(session).turn(7)


def test_a_reply_is_stored_whole(talk):
    conversation = talk.open()
    message = talk.receive(conversation).message
    with talk.database.session() as session:
        draft = TemplateDraft("shipping", {"zh": ("在路上。",)})
        template = Templates(session).save(draft, editor="shop")
    reply = talk.reply(
        "两天 [1]",
        decision="grounded",
        intent="shipping",
        template_id=template.id,
        template_revision=1,
        confidence=0.875,
        citations=(Citation(1, "两天内送达。", "配送.md", "时间", 10, 16),),
        quick_replies=(QuickReply("人工", "person"), QuickReply("不用", "no")),
        bundle="b1",
        trace={"stages": {"search": 1.5}, "为什么": ["分数"]},
    )
    stored = talk.record(message, reply)
    assert (stored.seq, stored.role, stored.reply_to) == (2, Role.BOT, message.id)
    for name in reply.__slots__:
        assert getattr(stored, name) == getattr(reply, name)
    assert talk.messages(conversation) == [message, stored]


def test_a_reply_may_change_language_and_state(talk):
    conversation = talk.open(language="zh")
    message = talk.receive(conversation).message
    talk.record(message, state={"form": {"slot": "订单号"}}, language="en")
    changed = talk.get(conversation)
    assert (changed.state, changed.language) == ({"form": {"slot": "订单号"}}, "en")
    talk.record(talk.receive(conversation, "m2").message)
    assert talk.get(conversation) == changed
    talk.record(talk.receive(conversation, "m3").message, state={})
    assert talk.get(conversation).state == {}


def test_only_a_changed_status_moves_the_epoch(talk):
    conversation = talk.open()
    talk.record(talk.receive(conversation, "m1").message, status=ConversationStatus.BOT)
    assert talk.get(conversation).epoch == 0
    talk.record(talk.receive(conversation, "m2").message, status=ConversationStatus.WAITING)
    changed = talk.get(conversation)
    assert (changed.status, changed.epoch) == (ConversationStatus.WAITING, 1)


def test_a_relayed_message_gets_an_empty_reply(talk):
    conversation = talk.open()
    message = talk.receive(conversation).message
    stored = talk.record(message, talk.reply("", decision="relay"))
    assert (stored.text, stored.decision) == ("", "relay")
    with talk.database.session() as session:
        assert Conversations(session).unanswered() == []


def test_a_reply_after_a_take_over_is_refused_and_leaves_nothing(talk):
    conversation = talk.open()
    message = talk.receive(conversation).message
    before = talk.turn(message).conversation
    hand_over(talk, conversation)
    after = talk.get(conversation)
    with pytest.raises(EpochMovedError, match="epoch 0 .* in epoch 1 now"):
        talk.record(
            message, epoch=before.epoch, state={"a": 1}, outbox=("telegram", "7"), review="x"
        )
    assert talk.get(conversation) == after
    assert talk.messages(conversation) == [message]
    with talk.database.session() as session:
        assert Outbox(session).due("telegram", 10) == []
        assert ReviewQueue(session).open() == []
    assert talk.receive(conversation, "m2").message.seq == 2


def test_a_second_reply_is_refused_and_leaves_nothing(talk):
    conversation = talk.open()
    message = talk.receive(conversation).message
    first = talk.record(message)
    with pytest.raises(ConflictError, match="its one reply already") as refusal:
        talk.record(message, talk.reply("又一次"), state={"a": 1})
    assert not isinstance(refusal.value, EpochMovedError)
    assert talk.messages(conversation) == [message, first]
    assert talk.get(conversation).state == {}


def test_a_second_reply_is_called_so_even_after_the_first_moved_the_epoch(talk):
    message = talk.receive(talk.open()).message
    talk.record(message, status=ConversationStatus.WAITING)
    with pytest.raises(ConflictError, match="its one reply already"):
        talk.record(message)


def test_there_is_no_reply_to_an_unknown_message(talk):
    message = talk.receive(talk.open()).message
    with talk.database.session() as session, pytest.raises(NotFoundError):
        Conversations(session).record(message.id + 1, talk.reply(), epoch=0)


def test_a_reply_of_an_unknown_template_is_refused_and_leaves_nothing(talk):
    conversation = talk.open()
    message = talk.receive(conversation).message
    with pytest.raises(ConflictError, match="was refused"):
        talk.record(message, talk.reply(template_id=99, template_revision=1))
    assert talk.messages(conversation) == [message]
    assert talk.record(message).seq == 2


def test_a_reply_may_be_pushed_and_put_up_for_review(talk):
    message = talk.receive(talk.open("telegram")).message
    stored = talk.record(
        message, talk.reply(intent="x"), outbox=("telegram", "42"), review="no_answer"
    )
    with talk.database.session() as session:
        (delivery,) = Outbox(session).due("telegram", 10)
        (item,) = ReviewQueue(session).open()
    assert (delivery.message_id, delivery.target) == (stored.id, "42")
    assert (item.kind, item.message_id, item.question, item.guess) == (
        "no_answer", message.id, "到哪了？", "x",
    )  # fmt: skip
    assert item.language == "zh"


def test_an_operators_words_may_be_pushed(talk):
    conversation = talk.open("telegram")
    with talk.database.session() as session:
        said = Conversations(session).say(
            conversation.id,
            role=Role.OPERATOR,
            text="hello",
            masked_text="hello",
            outbox=("telegram", "42"),
        )
        assert [d.message_id for d in Outbox(session).due("telegram", 10)] == [said.id]
