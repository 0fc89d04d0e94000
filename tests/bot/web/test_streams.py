"""What an open stream reads, and what it hears of other processes without being told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest

from bot.announce import announce_message
from bot.web import streams
from bot.web.testing import OPERATOR_TOKEN, TrialServer, trial_server
from storage.conversations import Conversations
from storage.erasure import erase_customer
from storage.queue import OperatorQueue
from storage.types import ConversationStatus, Role
from tests.bot.web.conftest import Customer, new_customer
from tests.bot.web.test_events import listening

NEVER = 3600.0


@pytest.fixture
def deaf(tmp_path, monkeypatch) -> Iterator[TrialServer]:
    """A server that hears of other processes by nothing but its own events."""
    monkeypatch.setattr(streams, "LOOK_SECONDS", NEVER)
    with trial_server(tmp_path) as server:
        yield server


@pytest.fixture
def quick(tmp_path, monkeypatch) -> Iterator[TrialServer]:
    """A server that looks at the rows very often."""
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.01)
    with trial_server(tmp_path) as server:
        yield server


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """The seqs after which messages were read."""
    found: list[int] = []
    real = Conversations.messages_after

    def noted(self, conversation_id, seq, limit=200):
        found.append(seq)
        return real(self, conversation_id, seq, limit)

    monkeypatch.setattr(Conversations, "messages_after", noted)
    return found


@pytest.fixture
def customer_of() -> Iterator[Callable[[TrialServer], Customer]]:
    with ExitStack() as opened:

        def begin(server: TrialServer) -> Customer:
            client = httpx2.Client(base_url=server.url, timeout=20)
            return new_customer(opened.enter_context(client))

        yield begin


def write_elsewhere(server: TrialServer, customer: Customer, text: str) -> None:
    """What another process does: rows change and nobody is told."""
    with server.services.database.session() as session:
        Conversations(session).say(
            customer.conversation, role=Role.OPERATOR, text=text, masked_text=text
        )


def move_elsewhere(server: TrialServer, customer: Customer, status: ConversationStatus) -> None:
    with server.services.database.session() as session:
        Conversations(session).set_status(customer.conversation, status)


def seqs(heard) -> list[int]:
    return [data["seq"] for kind, _, data in heard if kind == "message"]


def test_an_ordinary_turn_is_told_without_reading_its_rows(deaf, reads, customer_of):
    customer = customer_of(deaf)
    with listening(customer) as listener:
        listener.until("status")
        assert reads == [0]
        customer.ask("怎么退货")
        customer.ask("怎么开发票")
        heard = [listener.until("message")[-1] for _ in range(4)]
    assert reads == [0]
    assert seqs(heard) == [1, 2, 3, 4]
    # What came with the events is what the rows say.
    assert [data for _, _, data in heard] == customer.history()


def test_after_a_gap_the_rows_are_read(deaf, reads, customer_of):
    customer = customer_of(deaf)
    with listening(customer) as listener:
        listener.until("status")
        write_elsewhere(deaf, customer, "您好")
        customer.ask("怎么退货")
        heard = [listener.until("message")[-1] for _ in range(3)]
    assert seqs(heard) == [1, 2, 3]
    assert [data["role"] for _, _, data in heard] == ["operator", "customer", "bot"]
    assert reads[:2] == [0, 0]


def test_a_message_that_is_told_twice_is_heard_once(deaf, customer_of):
    customer = customer_of(deaf)
    with listening(customer) as listener:
        listener.until("status")
        customer.ask("怎么退货")
        with deaf.services.database.session(read_only=True) as session:
            asked, replied = Conversations(session).messages_after(customer.conversation, 0)

        async def tell_again() -> None:
            for message in (replied, asked):
                announce_message(deaf.services.events, message, epoch=0)

        deaf.run(tell_again())
        customer.ask("怎么开发票")
        heard = [listener.until("message")[-1] for _ in range(4)]
    assert seqs(heard) == [1, 2, 3, 4]


def test_what_a_person_writes_is_read_with_their_name(deaf, customer_of):
    customer = customer_of(deaf)
    staff = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    path = f"/api/admin/conversations/{customer.conversation}"
    with listening(customer) as listener:
        listener.until("status")
        customer.http.post(f"{path}/status", json={"move": "take"}, headers=staff)
        assert listener.next()[2]["operator"] == "trial-operator"
        customer.http.post(f"{path}/messages", json={"text": "您好"}, headers=staff)
        assert listener.until("message")[-1][2]["author"] == "trial-operator"


def test_a_take_over_in_another_process_is_heard(quick, customer_of):
    customer = customer_of(quick)
    with listening(customer) as listener:
        assert listener.until("status")[-1][2]["status"] == "bot"
        move_elsewhere(quick, customer, ConversationStatus.CLOSED)
        assert listener.until("status")[-1][2]["status"] == "closed"


def test_who_waits_hears_that_the_line_moves(quick, customer_of):
    first, second = customer_of(quick), customer_of(quick)
    for customer in (first, second):
        move_elsewhere(quick, customer, ConversationStatus.WAITING)
    with listening(second) as listener:
        assert listener.until("status")[-1][2]["position"] == 2
        move_elsewhere(quick, first, ConversationStatus.BOT)
        assert listener.until("status")[-1][2]["position"] == 1


def test_that_somebody_is_at_their_desk_is_heard_without_reading(quick, reads, customer_of):
    customer = customer_of(quick)
    with listening(customer) as listener:
        assert listener.until("status")[-1][2]["staffed"] is False
        staff = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
        assert customer.http.get("/api/admin/desk", headers=staff).status_code == 200
        assert listener.until("status")[-1][2]["staffed"] is True
    assert reads == [0]


def test_a_database_that_was_away_leaves_no_stream_deaf(quick, monkeypatch, customer_of):
    customer = customer_of(quick)
    real, failures = OperatorQueue.marks, []

    def failing(self, conversation_ids):
        if len(failures) < 3:
            failures.append(conversation_ids)
            raise OSError("the disk is away")
        return real(self, conversation_ids)

    with listening(customer) as listener:
        listener.until("status")
        monkeypatch.setattr(OperatorQueue, "marks", failing)
        write_elsewhere(quick, customer, "您好")
        assert listener.until("message")[-1][2]["text"] == "您好"
    assert len(failures) == 3


def test_a_stream_of_a_conversation_that_was_erased_ends(quick, customer_of):
    customer = customer_of(quick)
    with listening(customer) as listener:
        listener.until("status")
        with quick.services.database.session() as session:
            held = Conversations(session).get(customer.conversation)
            erase_customer(session, held.customer_id)
        with pytest.raises(EOFError):
            listener.until("message")
