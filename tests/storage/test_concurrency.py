"""Several threads at once: one row, no gaps, no lost turn, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from storage import migrate
from storage.conversations import Conversations
from storage.errors import ConflictError, EpochMovedError
from storage.jobs import Jobs
from storage.knowledge import Knowledge
from storage.outbox import Outbox
from storage.types import ConversationStatus, NewPassage


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run the calls in threads that start together; an error is the call's result."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        try:
            return call()
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_the_same_external_id_from_many_threads_is_one_row(talk):
    conversation = talk.open()
    for n in range(5):
        results = at_once([lambda n=n: talk.receive(conversation, f"m{n}")] * 6)
        assert sorted(r.is_new for r in results) == [False] * 5 + [True]
        assert len({r.message.id for r in results}) == 1
    assert [m.seq for m in talk.messages(conversation)] == [1, 2, 3, 4, 5]


def test_seq_has_no_gaps(talk):
    conversation = talk.open()
    at_once(
        [
            lambda t=t: [talk.receive(conversation, f"{t}-{n % 4}") for n in range(8)]
            for t in range(6)
        ]
    )
    assert [m.seq for m in talk.messages(conversation)] == list(range(1, 25))


def test_many_records_for_one_message_make_one_row(talk):
    conversation = talk.open()
    for n in range(5):
        message = talk.receive(conversation, f"m{n}").message
        results = at_once([lambda message=message: talk.record(message)] * 4)
        assert sum(isinstance(result, ConflictError) for result in results) == 3
    stored = talk.messages(conversation)
    assert [m.seq for m in stored] == list(range(1, 11))
    assert sum(m.reply_to is not None for m in stored) == 5


def test_a_take_over_and_a_reply_at_once_never_both_win_late(talk):
    def take_over(conversation):
        with talk.database.session() as session:
            return Conversations(session).set_status(conversation.id, ConversationStatus.PERSON)

    for _ in range(8):
        conversation = talk.open()
        message = talk.receive(conversation).message
        reply, taken = at_once(
            [lambda m=message: talk.record(m), lambda c=conversation: take_over(c)]
        )
        assert taken.epoch == 1
        written = talk.messages(conversation)[1:]
        if isinstance(reply, EpochMovedError):
            assert written == []
        else:
            assert written == [reply]


def test_every_knowledge_revision_is_used_once_and_seen_in_order(talk):
    def put(n):
        with talk.database.session() as session:
            passage = NewPassage(f"文{n}", "", 0, 2, "zh")
            Knowledge(session).put_document(
                f"{n}.md", "x", "h", "zh", "document", f"文{n}", [passage]
            )
            return Knowledge(session).revision()

    seen = at_once([lambda t=t: [put(t * 10 + n) for n in range(4)] for t in range(4)])
    assert sorted(revision for each in seen for revision in each) == list(range(1, 17))
    with talk.database.session() as session:
        revisions = [change.revision for change in Knowledge(session).changes_since(0)]
    assert revisions == list(range(1, 17))


def test_a_job_is_claimed_by_one_worker(talk):
    with talk.database.session() as session:
        Jobs(session).enqueue("retrain")
        Jobs(session).enqueue("export")

    def claim(owner):
        with talk.database.session() as session:
            job = Jobs(session).claim(owner, 60)
            return None if job is None else job.kind

    claimed = at_once([lambda n=n: claim(f"w{n}") for n in range(6)])
    assert sorted(kind for kind in claimed if kind) == ["export", "retrain"]


def test_one_of_many_may_enqueue(talk):
    def enqueue():
        with talk.database.session() as session:
            return Jobs(session).enqueue("retrain")

    results = at_once([enqueue] * 6)
    assert sum(isinstance(result, ConflictError) for result in results) == 5


def test_a_delivery_is_claimed_by_one_sender(talk):
    message = talk.receive(talk.open("telegram")).message
    talk.record(message, outbox=("telegram", "42"))

    def claim():
        with talk.database.session() as session:
            return Outbox(session).claim(1)

    assert sorted(at_once([claim] * 6)) == [False] * 5 + [True]


def test_a_new_customer_who_writes_twice_at_once_is_one_customer(talk):
    opened = at_once([lambda: talk.open("telegram", external_customer_id="42")] * 6)
    assert len({conversation.customer_id for conversation in opened}) == 1


@pytest.mark.parametrize("threads", [3])
def test_processes_that_start_together_migrate_once(empty_database, threads):
    at_once([lambda: migrate.upgrade(empty_database)] * threads)
    assert migrate.current(empty_database) == migrate.head()
