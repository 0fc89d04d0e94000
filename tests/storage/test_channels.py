"""What channels keep: one conversation per customer, order of deliveries, drafts, the group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.attachments import Attachments
from storage.conversations import Conversations
from storage.customers import Customers
from storage.desk import Desk
from storage.drafts import Drafts
from storage.figures import read_figures
from storage.outbox import Outbox
from storage.staff import StaffAccounts
from storage.types import (
    Attachment,
    ConversationStatus,
    DeskThread,
    NewMessage,
    Role,
    ShownDraft,
)


def find(database, *, external_id=None):
    with database.session() as session:
        return Customers(session).conversation("telegram", "7", external_id)


def test_many_processes_open_one_conversation(database):
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: find(database).id, range(16)))
    assert len(found) == 1


def test_a_message_belongs_where_it_was_stored_even_after_the_end(talk):
    old = find(talk.database)
    talk.receive(old, "7:1")
    with talk.database.session() as session:
        Conversations(session).set_status(old.id, ConversationStatus.CLOSED)
    assert find(talk.database, external_id="7:2").id != old.id
    assert find(talk.database, external_id="7:1").id == old.id


def test_who_cannot_be_reached_is_marked_until_they_can(talk):
    found = find(talk.database)
    for reachable in (False, True):
        with talk.database.session() as session:
            Customers(session).set_reachable("telegram", "7", reachable=reachable)
            marked = Conversations(session).get(found.id).unreachable_since
        assert (marked is None) == reachable


def test_an_attachment_is_stored_with_its_message_and_once(talk):
    found = find(talk.database)
    photo = Attachment("photo", "f1", size=9)
    new = NewMessage(found.id, "7:1", "[图片]", "[图片]", attachment=photo)
    for _ in range(2):
        with talk.database.session() as session:
            message = Conversations(session).receive(new).message
    with talk.database.session() as session:
        assert Attachments(session).of_message(message.id) == [photo]


def test_what_an_operator_said_is_said_once(talk):
    found = find(talk.database)
    for text in ("您好。", "再来一次"):
        with talk.database.session() as session:
            Conversations(session).say(
                found.id, role=Role.OPERATOR, text=text, masked_text=text,
                outbox=("telegram", "7"), external_id="desk:1",
            )  # fmt: skip
    assert [(m.seq, m.text) for m in talk.messages(found)] == [(1, "您好。")]
    with talk.database.session() as session:
        assert len(Outbox(session).due("telegram")) == 1


def test_a_delivery_waits_for_those_before_it_in_its_chat_alone(talk):
    for number, target in enumerate(("7", "7", "8")):
        found = talk.open("telegram")
        message = talk.receive(found, f"m{number}").message
        talk.record(message, outbox=("telegram", target))
    with talk.database.session() as session:
        outbox = Outbox(session)
        first, second, other = (each.id for each in outbox.due("telegram"))
        assert not outbox.claim(second)
        assert outbox.claim(other)
        assert outbox.claim(first)
        assert not outbox.claim(second)
        outbox.sent(first)
        assert outbox.claim(second)


def test_a_draft_is_left_over_once_nothing_will_replace_it(talk):
    found = find(talk.database)
    waiting, relayed, open_ = (talk.receive(found, f"m{n}").message for n in range(3))
    talk.record(waiting, outbox=("telegram", "7"))
    talk.record(relayed, talk.reply("", decision="relay"))
    with talk.database.session() as session:
        for message in (waiting, relayed, open_):
            Drafts(session).show(ShownDraft(message.id, "7", str(message.id)))
        assert [d.message_id for d in Drafts(session).left_over()] == [relayed.id]
        (delivery,) = Outbox(session).due("telegram")
        Outbox(session).failed(delivery.id, "blocked", retry=False)
        assert len(Drafts(session).left_over()) == 2
        Drafts(session).drop(waiting.id)
        assert Drafts(session).of_message(waiting.id) is None
        assert Drafts(session).of_message(None) is None


def test_the_group_hears_of_each_hand_off_and_of_what_follows(talk):
    found = find(talk.database)
    talk.receive(found, "m1", "到哪了？")

    def news():
        with talk.database.session(read_only=True) as session:
            return Desk(session).news()

    def move(status):
        with talk.database.session() as session:
            return Conversations(session).set_status(found.id, status)

    def show(conversation, seq):
        with talk.database.session() as session:
            status = conversation.status
            Desk(session).put(DeskThread(found.id, "1", conversation.epoch, status, seq))

    assert news() == []
    waiting = move(ConversationStatus.WAITING)
    (first,) = news()
    assert (first.wants_card, first.waiting) == (True, 1)
    assert [m.text for m in first.history] == ["到哪了？"]
    show(waiting, 1)
    assert news() == []
    talk.receive(found, "m2", "在吗？")
    (later,) = news()
    assert (later.wants_card, [m.text for m in later.unseen]) == (False, ["在吗？"])
    show(waiting, 2)
    back = move(ConversationStatus.BOT)
    assert [each.wants_card for each in news()] == [False]
    show(back, 2)
    talk.receive(found, "m3", "再问一个")
    assert news() == []
    move(ConversationStatus.WAITING)
    assert [each.wants_card for each in news()] == [True]


def test_a_removed_account_of_a_channel_stays_removed(database):
    with database.session() as session:
        accounts = StaffAccounts(session)
        opened = accounts.of_channel("telegram:1")
        assert accounts.of_channel("telegram:1") == opened
        accounts.remove("telegram:1")
        assert accounts.of_channel("telegram:1") is None


@pytest.mark.parametrize("decision", ["template", "handoff"])
def test_figures_count_today(talk, decision):
    found = find(talk.database)
    reply = talk.record(talk.receive(found).message, talk.reply(decision=decision))
    with talk.database.session() as session:
        Conversations(session).add_feedback(reply.id, -1)
        figures = read_figures(session)
    assert len(figures.days) == 14
    assert (figures.days[-1].questions, figures.days[-1].decisions) == (1, {decision: 1})
    assert sum(day.questions for day in figures.days) == 1
    assert (figures.thumbs_up, figures.thumbs_down, figures.reviews) == (0, 1, 1)
