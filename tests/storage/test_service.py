"""Service requests and failed proofs, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.conversations import Conversations
from storage.database import Database
from storage.erasure import erase_customer
from storage.errors import ConflictError, NotFoundError
from storage.service import ServiceRequests, VerificationFailures
from storage.types import Failures, NewMessage, NewServiceRequest

NEW = NewServiceRequest("cancel_order", "R1", "GL1", {"reason": "wrong size"})
DAY = timedelta(days=1)


def test_a_request_is_stored_once_and_decided_once(database: Database) -> None:
    with database.session() as session:
        conversation = Conversations(session).create("web")
        new = NewMessage(conversation.id, "m1", "cancel it", "cancel it")
        message = Conversations(session).receive(new).message
        requests = ServiceRequests(session)
        requests.add(conversation.id, message.id, NEW)
        requests.add(conversation.id, message.id, NEW)
    with database.session() as session:
        requests = ServiceRequests(session)
        (found,) = requests.list()
        assert (found.details, found.order_number) == ({"reason": "wrong size"}, "GL1")
        assert requests.decide(found.id, "done", by="lin").decided_by == "lin"
        assert requests.list() == []
        with pytest.raises(ConflictError, match="done already"):
            requests.decide(found.id, "rejected", by="lin")
        with pytest.raises(NotFoundError):
            requests.decide(found.id + 1, "done", by="lin")
    with database.session() as session:
        erased = erase_customer(session, conversation.customer_id)
        assert erased.service_requests == 1
        assert ServiceRequests(session).list(status=None) == []


def test_failures_count_by_customer_and_by_order(database: Database) -> None:
    with database.session() as session:
        one, other = (Conversations(session).create("web") for _ in range(2))
        failures = VerificationFailures(session)
        for conversation, key in ((one, "a"), (one, "b"), (other, "a")):
            failures.add(conversation, key)
    with database.session() as session:
        failures = VerificationFailures(session)
        assert failures.count(one.customer_id, "a", within=DAY) == Failures(2, 2)
        assert failures.count(other.customer_id, "c", within=DAY) == Failures(1, 0)
        assert failures.count(one.customer_id, "a", within=timedelta(0)) == Failures(0, 0)
        assert erase_customer(session, one.customer_id).verification_failures == 2
