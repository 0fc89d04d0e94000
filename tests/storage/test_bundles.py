"""Bundles: the live pointer, rollback, the gate, the log."""

from __future__ import annotations

import pytest

from storage.audit import AuditLog
from storage.bundles import Bundles
from storage.errors import ConflictError, InputError, NotFoundError


@pytest.fixture
def bundles(database):
    with database.session() as session:
        yield Bundles(session)


def add(bundles, *ids, outcome="promoted"):
    for bundle_id in ids:
        bundles.add(bundle_id, data_fingerprint="f", metrics={"accuracy": 0.5}, outcome=outcome)


def promote(bundles, *ids):
    for bundle_id in ids:
        bundles.promote(bundle_id, by="ann", reason="better")


def test_a_new_bundle_is_not_live(bundles):
    add(bundles, "b1")
    record = bundles.get("b1")
    assert (record.metrics, record.outcome, record.live) == ({"accuracy": 0.5}, "promoted", False)
    assert bundles.live() is bundles.live_id() is bundles.previous() is None
    with pytest.raises(ConflictError, match="'b1' is registered already"):
        add(bundles, "b1")


def test_an_unknown_bundle_cannot_be_promoted(bundles):
    with pytest.raises(NotFoundError, match="'b1'"):
        promote(bundles, "b1")


def test_promotion_moves_the_one_pointer(bundles):
    add(bundles, "b1", "b2")
    promote(bundles, "b1", "b2")
    assert bundles.live_id() == "b2"
    assert bundles.live().promoted_at is not None
    assert [(b.id, b.live) for b in bundles.list()] == [("b2", True), ("b1", False)]


def test_rolling_back_twice_goes_back_twice(bundles):
    add(bundles, "b1", "b2", "b3")
    promote(bundles, "b1", "b2", "b3")
    for expected in ("b2", "b1"):
        assert bundles.previous().id == expected
        promote(bundles, expected)
        assert bundles.live_id() == expected
    assert bundles.previous() is None
    promote(bundles, "b3")
    assert bundles.previous().id == "b1"


def test_promoting_the_live_one_again_does_not_hide_the_previous(bundles):
    add(bundles, "b1", "b2")
    promote(bundles, "b1", "b2", "b2")
    assert bundles.previous().id == "b1"


def test_what_the_gate_refused_needs_an_override(bundles):
    add(bundles, "bad", outcome="refused")
    with pytest.raises(ConflictError, match="--override"):
        promote(bundles, "bad")
    assert bundles.live_id() is None
    bundles.promote("bad", by="ann", reason="I know", override=True)
    assert bundles.live_id() == "bad"


def test_every_promotion_is_written_down(database):
    with database.session() as session:
        bundles = Bundles(session)
        add(bundles, "b1", "b2")
        promote(bundles, "b1")
        bundles.promote("b2", by="bob", reason="try", override=True)
        newest, first = AuditLog(session).recent()
        assert AuditLog(session).recent(subject="bundle:b1") == [first]
    assert (newest.actor, newest.action, newest.subject) == ("bob", "bundle.promote", "bundle:b2")
    assert newest.detail == {"reason": "try", "override": True, "before": "b1"}
    assert newest.at.utcoffset() is not None


def test_pruning_keeps_the_newest_the_live_one_and_the_one_before_it(database):
    with database.session() as session:
        bundles = Bundles(session)
        add(bundles, "b1", "b2", "b3", "b4", "b5")
        promote(bundles, "b1", "b2", "b3")
        assert bundles.prune(1, by="ann") == ("b4", "b1")
        assert [b.id for b in bundles.list() if b.removed_at is None] == ["b5", "b3", "b2"]
        assert bundles.prune(1, by="ann") == ()
        assert bundles.prune(0, by="ann") == ("b5",)
        actions = [(e.action, e.subject) for e in AuditLog(session).recent(3)]
    assert ("bundle.remove", "bundle:b1") in actions


def test_a_bundle_without_files_is_not_gone_back_to(bundles):
    add(bundles, "b1", "b2", "b3")
    promote(bundles, "b1", "b2", "b3")
    bundles.prune(0, by="ann")
    assert bundles.to_roll_back_to().id == "b2"
    assert bundles.roll_back("b2", by="ann").live
    with pytest.raises(ConflictError, match="files of bundle 'b1' were removed"):
        bundles.roll_back("b1", by="ann")
    with pytest.raises(ConflictError, match="'b1' were removed"):
        bundles.promote("b1", by="ann", reason="again", override=True)
    assert bundles.live_id() == "b2"


def test_fewer_than_none_cannot_be_kept(bundles):
    with pytest.raises(InputError, match="found -1"):
        bundles.prune(-1, by="ann")


def test_a_rollback_that_somebody_overtook_is_refused(bundles):
    add(bundles, "b1", "b2", "b3")
    promote(bundles, "b1", "b2")
    chosen = bundles.to_roll_back_to()
    promote(bundles, "b3")
    with pytest.raises(ConflictError, match="'b3'"):
        bundles.roll_back(chosen.id, by="ann")
    assert bundles.live_id() == "b3"
