"""The outbox: pushed once, retried when it surely failed, uncertain when nobody can know."""

from __future__ import annotations

import pytest

from storage.errors import NotFoundError
from storage.outbox import Outbox
from storage.types import DeliveryStatus


@pytest.fixture
def delivery_id(talk):
    push(talk, "m1")
    with talk.database.session() as session:
        return Outbox(session).due("telegram", 10)[0].id


def push(talk, external_id):
    conversation = talk.open("telegram")
    talk.record(talk.receive(conversation, external_id).message, outbox=("telegram", "42"))


def test_due_deliveries_come_in_the_order_they_were_written(talk):
    for n in range(3):
        push(talk, f"m{n}")
    with talk.database.session() as session:
        due = Outbox(session).due("telegram", 10)
        assert [d.id for d in due] == sorted(d.id for d in due)
        assert len(due) == 3
        assert len(Outbox(session).due("telegram", 2)) == 2
        assert Outbox(session).due("sms", 10) == []


def test_a_delivery_is_claimed_once(talk, delivery_id):
    with talk.database.session() as session:
        outbox = Outbox(session)
        assert outbox.claim(delivery_id)
        assert not outbox.claim(delivery_id)
        assert outbox.due("telegram", 10) == []
        assert outbox.get(delivery_id).attempts == 1


def test_a_sent_delivery_keeps_the_channels_own_id(talk, delivery_id):
    with talk.database.session() as session:
        outbox = Outbox(session)
        outbox.claim(delivery_id)
        outbox.sent(delivery_id, "777")
        done = outbox.get(delivery_id)
    assert (done.status, done.external_ref, done.error) == (DeliveryStatus.SENT, "777", None)


def test_a_failed_delivery_is_tried_again_or_given_up(talk, delivery_id):
    with talk.database.session() as session:
        outbox = Outbox(session)
        outbox.claim(delivery_id)
        outbox.failed(delivery_id, "502", retry=True)
        assert [d.error for d in outbox.due("telegram", 10)] == ["502"]
        outbox.claim(delivery_id)
        outbox.failed(delivery_id, "flood", retry=True, after_seconds=60)
        assert outbox.due("telegram", 10) == []
        outbox.failed(delivery_id, "blocked", retry=False)
        given_up = outbox.get(delivery_id)
    assert (given_up.status, given_up.attempts) == (DeliveryStatus.FAILED, 2)


def test_an_uncertain_delivery_is_not_repeated(talk, delivery_id):
    with talk.database.session() as session:
        outbox = Outbox(session)
        outbox.claim(delivery_id)
        outbox.uncertain(delivery_id, "timeout")
        assert outbox.due("telegram", 10) == []
        assert not outbox.claim(delivery_id)
        assert outbox.get(delivery_id).status is DeliveryStatus.UNCERTAIN


def test_what_a_crash_left_in_sending_becomes_uncertain(talk, delivery_id):
    push(talk, "m2")
    with talk.database.session() as session:
        Outbox(session).claim(delivery_id)
    with talk.database.session() as session:
        outbox = Outbox(session)
        assert outbox.recover("sms") == 0
        assert outbox.recover("telegram") == 1
        assert outbox.recover("telegram") == 0
        assert outbox.get(delivery_id).status is DeliveryStatus.UNCERTAIN
        assert len(outbox.due("telegram", 10)) == 1


def test_an_unknown_delivery_is_said_so(talk):
    with talk.database.session() as session:
        assert not Outbox(session).claim(1)
        for settle in (
            lambda outbox: outbox.get(1),
            lambda outbox: outbox.sent(1),
            lambda outbox: outbox.failed(1, "x", retry=True),
            lambda outbox: outbox.uncertain(1, "x"),
        ):
            with pytest.raises(NotFoundError, match="no delivery 1"):
                settle(Outbox(session))
