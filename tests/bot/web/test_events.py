"""Server-sent events: what is heard, in which order, and from where it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from bot.web.testing import TrialServer, trial_server
from tests.bot.web.conftest import Customer, new_customer


class Listener:
    """Reads events off one open response."""

    def __init__(self, response: httpx2.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> tuple[str, str | None, dict]:
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and "data" in fields:
                return fields["event"], fields.get("id"), json.loads(fields["data"])
            name, _, value = line.partition(": ")
            fields[name] = value
        raise EOFError("the stream ended")

    def until(self, kind: str) -> list[tuple[str, str | None, dict]]:
        heard = [self.next()]
        while heard[-1][0] != kind:
            heard.append(self.next())
        return heard


@contextmanager
def listening(customer: Customer, after: int | None = None) -> Iterator[Listener]:
    headers = dict(customer.headers)
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    with (
        httpx2.Client(base_url=customer.http.base_url, timeout=20) as http,
        http.stream("GET", f"{customer.path}/events", headers=headers) as response,
    ):
        assert response.status_code == 200
        yield Listener(response)


def test_the_past_comes_first_and_only_messages_have_an_id(customer):
    customer.ask("退货")
    with listening(customer) as listener:
        heard = listener.until("status")
    assert [(kind, number) for kind, number, _ in heard] == [
        ("message", "1"),
        ("message", "2"),
        ("status", None),
    ]
    assert heard[1][2]["citations"] == []


def test_it_goes_on_after_the_last_event_id(customer):
    customer.ask("退货")
    customer.ask("发票")
    with listening(customer, after=3) as listener:
        assert listener.next()[1] == "4"


@pytest.mark.parametrize("number", ["nonsense", "-1", "9" * 30, "٣"])
def test_a_strange_last_event_id_is_not_an_error(customer, number):
    headers = {**customer.headers, "Last-Event-ID": number.encode()}
    with customer.http.stream("GET", f"{customer.path}/events", headers=headers) as response:
        assert response.status_code == 200


@contextmanager
def asking(server: TrialServer, customer):
    """A listener, beside a turn that is not written to its end before the gate opens."""
    server.gate.clear()
    try:
        with listening(customer) as listener, httpx2.Client(base_url=server.url) as http:
            listener.until("status")
            writer = Customer(http, customer.conversation, customer.token)
            body = {"id": "slow", "text": "耳机保修期为多久"}
            headers = {**writer.headers, "Accept": "text/event-stream"}
            with http.stream(
                "POST", f"{writer.path}/messages", json=body, headers=headers
            ) as posted:
                yield listener
                server.gate.set()
                posted.read()
    finally:
        server.gate.set()


def test_a_turn_is_heard_as_typing_drafts_and_the_message(server: TrialServer, customer):
    with asking(server, customer) as listener:
        heard = listener.until("draft")
        server.gate.set()
        heard += listener.until("message")
    kinds = [kind for kind, _, _ in heard]
    assert kinds[:3] == ["message", "typing", "draft"]
    # What is left of the drafts may be overtaken by the reply, but never comes after it.
    assert kinds[-1] == "message"
    assert set(kinds[3:-1]) <= {"draft"}
    turns = {data["turn"] for kind, _, data in heard if kind == "draft"}
    assert turns == {heard[0][2]["message"]}
    reply = customer.history()[-1]
    assert heard[-1][2]["text"] == reply["text"]
    assert heard[-1][1] == str(reply["seq"])
    with listening(customer, after=reply["seq"]) as listener:
        assert [kind for kind, _, _ in listener.until("status")] == ["status"]


def test_a_take_over_withdraws_the_draft(server: TrialServer, customer, operator):
    with asking(server, customer) as listener:
        listener.until("draft")
        path = f"/api/admin/conversations/{customer.conversation}/status"
        assert operator.post(path, json={"move": "take"}).status_code == 200
        server.gate.set()
        heard = listener.until("retract")
    assert any(kind == "status" and data["status"] == "person" for kind, _, data in heard)
    said = [message["text"] for message in customer.history() if message["role"] == "bot"]
    assert not any("保修" in text for text in said)


def test_a_turn_goes_on_when_the_customer_hangs_up(server: TrialServer, customer):
    server.gate.clear()
    body = {"id": "gone", "text": "耳机保修期为多久"}
    headers = {**customer.headers, "Accept": "text/event-stream"}
    try:
        with customer.http.stream(
            "POST", f"{customer.path}/messages", json=body, headers=headers
        ) as response:
            next(response.iter_lines())
    finally:
        server.gate.set()
    with listening(customer, after=1) as listener:
        assert listener.until("message")[-1][2]["role"] == "bot"


def test_what_another_process_writes_is_heard(server: TrialServer, customer):
    from storage.conversations import Conversations
    from storage.types import Role

    with listening(customer) as listener:
        listener.until("status")
        with server.services.database.session() as session:
            Conversations(session).say(
                customer.conversation, role=Role.OPERATOR, text="您好", masked_text="您好"
            )
        kind, _, data = listener.next()
    assert (kind, data["role"], data["text"]) == ("message", "operator", "您好")


def test_a_server_going_down_ends_its_streams(tmp_path):
    with trial_server(tmp_path) as server, httpx2.Client(base_url=server.url) as http:
        customer = new_customer(http)
        with listening(customer) as listener:
            listener.until("status")
            server.stop()
            with pytest.raises(EOFError):
                listener.until("message")
