"""Limits: per visitor and address, by minute and day, whoever begins anew gains nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx2
import pytest

from bot.web import limiting
from bot.web.errors import TooManyRequestsError
from bot.web.limiting import MessageLimiter, Storage, network
from bot.web.testing import TrialServer, trial_server
from tests.bot.web.conftest import Customer, new_customer

PER_MINUTE = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialServer]:
    home = tmp_path_factory.mktemp("home")
    settings = {"messages_per_minute": PER_MINUTE, "trusted_proxies": ("127.0.0.1",)}
    with trial_server(home, **settings) as server:
        yield server


def at(server: TrialServer, address: str) -> httpx2.Client:
    headers = {"X-Forwarded-For": address}
    return httpx2.Client(base_url=server.url, headers=headers, timeout=30)


def exhaust(customer: Customer) -> httpx2.Response:
    for _ in range(PER_MINUTE):
        customer.ask("退货")
    return customer.post({"id": "late", "text": "退货"})


def test_a_visitor_is_told_how_long_to_wait(server):
    with at(server, "203.0.113.1") as http:
        refused = exhaust(new_customer(http))
    assert refused.status_code == 429
    assert refused.json()["error"] == "too_many_requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_a_new_conversation_resets_nothing(server):
    with at(server, "203.0.113.2") as http:
        customer = new_customer(http)
        assert exhaust(customer).status_code == 429
        again = http.post("/api/conversations", headers=customer.headers)
        assert again.status_code == 429
        assert http.post("/api/conversations").status_code == 429


def test_a_new_conversation_of_a_known_visitor_counts_on(server):
    with at(server, "203.0.113.3") as http:
        customer = new_customer(http)
        customer.ask("退货")
        began = http.post("/api/conversations", headers=customer.headers).json()
        renewed = Customer(http, began["conversation"], began["token"])
        renewed.ask("退货")
        assert renewed.post({"id": "over", "text": "退货"}).status_code == 429


def test_who_shares_the_address_goes_on_talking(server):
    with at(server, "203.0.113.4") as http:
        first, second = new_customer(http), new_customer(http)
        assert exhaust(first).status_code == 429
        assert second.ask("退货")["decision"] == "template"
    with at(server, "203.0.113.5") as http:
        assert new_customer(http).ask("退货")["decision"] == "template"


def test_a_refused_message_is_not_stored(server):
    with at(server, "203.0.113.6") as http:
        customer = new_customer(http)
        exhaust(customer)
        assert "late" not in [message["id"] for message in customer.history()]


def test_forwarded_addresses_are_believed_from_trusted_proxies_alone(tmp_path):
    with trial_server(tmp_path, messages_per_minute=1) as server:
        with at(server, "203.0.113.7") as http:
            customer = new_customer(http)
            customer.ask("退货")
            assert customer.post({"id": "x", "text": "退货"}).status_code == 429
        with at(server, "203.0.113.8") as http:
            assert http.post("/api/conversations").status_code == 429


def test_an_address_is_limited_however_many_visitors_it_invents():
    limiter = MessageLimiter(per_minute=5, per_day=100, address_share=2)
    for number in range(10):
        limiter.count(f"visitor-{number}", "198.51.100.1")
    with pytest.raises(TooManyRequestsError):
        limiter.count("visitor-10", "198.51.100.1")
    limiter.count("visitor-11", "198.51.100.2")


def test_the_day_is_limited_too():
    limiter = MessageLimiter(per_minute=100, per_day=4, address_share=10)
    for _ in range(4):
        limiter.count("visitor", "198.51.100.1")
    with pytest.raises(TooManyRequestsError) as refused:
        limiter.count("visitor", "198.51.100.9")
    assert refused.value.retry_after > 60


def test_an_ipv6_line_is_one_address():
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9")
    assert network("2001:db8:1:2::1") != network("2001:db8:1:3::1")
    assert network("::ffff:203.0.113.1") == "203.0.113.1"
    assert network("") == ""


def test_counting_starts_no_thread(monkeypatch):
    started = []
    monkeypatch.setattr(threading.Thread, "start", lambda self: started.append(self))
    limits = MessageLimiter(per_minute=1000, per_day=1000, address_share=10)
    for number in range(50):
        limits.count(f"visitor-{number}", "192.0.2.1")
    assert started == []


def test_what_has_expired_is_forgotten(monkeypatch):
    monkeypatch.setattr(limiting, "SWEEP_SECONDS", 0.0)
    storage, now = Storage(), time.time()
    assert storage.acquire_entry("minute", 5, 60)
    storage.incr("day", 86_400)
    monkeypatch.setattr(time, "time", lambda: now + 120)
    assert storage.acquire_entry("other", 5, 60)
    assert set(storage.events) == {"other"}
    assert storage.get("day") == 1
    monkeypatch.setattr(time, "time", lambda: now + 90_000)
    storage.incr("another day", 86_400)
    assert set(storage.storage) == {"another day"}
    assert storage.events == {}


def test_a_sweep_is_not_made_for_every_message():
    storage, sweeps = Storage(), []
    storage.timer.function = lambda: sweeps.append(1)
    for _ in range(100):
        storage.acquire_entry("minute", 1000, 60)
    assert len(sweeps) <= 1
