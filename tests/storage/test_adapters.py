"""Adapters of the chat model: the live pointer, going back, the gate, the log, erasure."""

from __future__ import annotations

import pytest

from storage.adapters import Adapters, mark_erased
from storage.audit import AuditLog
from storage.errors import ConflictError, NotFoundError


@pytest.fixture
def adapters(database):
    with database.session() as session:
        yield Adapters(session)


def add(adapters, *ids, outcome="trained", messages=(1, 2)):
    for each in ids:
        adapters.add(
            each, base="qwen", data_fingerprint="f", messages=messages, metrics={}, outcome=outcome
        )


def test_promoting_and_going_back_to_the_model_as_it_came(adapters):
    assert adapters.live() is None
    with pytest.raises(ConflictError, match="expected a live adapter"):
        adapters.previous()
    add(adapters, "a1", "a2")
    for each in ("a1", "a2"):
        adapters.promote(each, by="ann", reason="better")
    assert [(each.id, each.live) for each in adapters.list()] == [("a2", True), ("a1", False)]
    adapters.roll_back("a1", by="ann")
    assert adapters.live_id() == "a1"
    assert adapters.previous() is None
    with pytest.raises(ConflictError, match="promoted this moment"):
        adapters.roll_back("a2", by="ann")
    adapters.roll_back(None, by="ann")
    assert adapters.live() is None


def test_a_refused_adapter_needs_an_override_which_is_logged(adapters):
    add(adapters, "a1", outcome="refused")
    with pytest.raises(ConflictError, match="--override"):
        adapters.promote("a1", by="ann", reason="x")
    adapters.promote("a1", by="ann", reason="I looked", override=True)
    entry = AuditLog(adapters._session).recent(1)[0]
    assert (entry.action, entry.subject) == ("adapter.promote", "adapter:a1")
    assert entry.detail == {"reason": "I looked", "override": True, "before": None}


def test_names_are_unique_and_known(adapters):
    add(adapters, "a1")
    with pytest.raises(ConflictError, match="registered already"):
        add(adapters, "a1")
    with pytest.raises(NotFoundError, match="'a9'"):
        adapters.promote("a9", by="ann", reason="x")


def test_adapters_trained_on_an_erased_message_are_marked(adapters):
    add(adapters, "a1", messages=(1, 2))
    add(adapters, "a2", messages=(3,))
    assert mark_erased(adapters._session, [2, 9]) == ("a1",)
    assert adapters.get("a1").erased_since is not None
    assert adapters.get("a2").erased_since is None
