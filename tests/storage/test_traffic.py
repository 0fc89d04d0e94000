"""What customers asked, counted by either database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import text

from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.traffic import Traffic

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def at(talk):
    """Answer a question at a moment; gives the reply."""
    conversation, numbers = talk.open(), count()

    def answer(moment, p=None, in_scope=1.0, **reply):
        trace = {} if p is None else {"ranked": [["refund", p], ["x", 0.0]], "in_scope": in_scope}
        stored = talk.answered(
            conversation, f"m{next(numbers)}",
            **{"bundle": "b1", "trace": trace, **reply},
        )  # fmt: skip
        zone = "" if talk.database.dialect == "sqlite" else "+00"
        when = f"{moment:%Y-%m-%d %H:%M:%S.%f}{zone}"
        with talk.database.session() as session:
            session.execute(
                text("UPDATE message SET created_at = :when WHERE id IN (:reply, :asked)"),
                {"when": when, "reply": stored.id, "asked": stored.reply_to},
            )
        return stored

    return answer


def test_a_window_counts_the_bots_own_decisions_under_one_bundle(talk, at):
    at(NOW, p=0.9, intent="refund")
    at(NOW, p=0.9, in_scope=0.5, intent="refund")
    at(NOW, p=1.0, intent="shipping")
    at(NOW, p=0.0, decision="no_answer")
    at(NOW, decision="template", intent="refund")
    at(NOW, decision="relay", bundle=None)
    at(NOW, p=0.9, bundle="other")
    at(NOW - timedelta(seconds=1), p=0.9)
    at(NOW + WEEK, p=0.9)
    with talk.database.session(read_only=True) as session:
        found = Traffic(session).window("b1", NOW, NOW + WEEK)
    assert found.decisions == {"no_answer": 1, "template": 4}
    assert found.intents == {"refund": 3, "shipping": 1}
    assert found.count == 5
    expected = [0] * 20
    for step in (0, 9, 18, 19):
        expected[step] = 1
    assert list(found.confidences) == expected


def test_two_windows_need_two_weeks_of_the_live_bundle(talk, at):
    with talk.database.session() as session:
        Bundles(session).add("b1", data_fingerprint="f", metrics={}, outcome="trained")
        assert Traffic(session).windows(NOW, 7) is None
        Bundles(session).promote("b1", by="ann", reason="first")
        promoted = Bundles(session).live().promoted_at
        assert Traffic(session).windows(promoted + 2 * WEEK - timedelta(seconds=1), 7) is None
    now = promoted + 3 * WEEK
    at(promoted + timedelta(days=1), intent="before")
    at(promoted + timedelta(days=10), intent="between")
    at(now - timedelta(days=1), intent="now")
    with talk.database.session(read_only=True) as session:
        reference, recent = Traffic(session).windows(now, 7)
    assert (reference.intents, recent.intents) == ({"before": 1}, {"now": 1})
    assert reference.until == promoted + WEEK
    assert (recent.since, recent.until) == (now - WEEK, now)


def test_activity_is_counted_by_day_in_utc(talk, at):
    late = datetime(2026, 3, 30, 23, 59, 59, tzinfo=UTC)
    at(late, decision="no_answer")
    liked = at(NOW, intent="refund")
    hated = at(NOW, intent="shipping")
    at(NOW, intent="refund", bundle="other")
    at(NOW, decision="relay")
    with talk.database.session() as session:
        Conversations(session).add_feedback(liked.id, 1, None)
        Conversations(session).add_feedback(hated.id, -1, None)
        found = Traffic(session).activity(NOW - WEEK)
        assert Traffic(session).activity(NOW + timedelta(days=1)).decisions == ()
        assert Traffic(session).conversations_by_status() == {"bot": 1}
    counts = [(f"{each.day}", each.decision, each.count) for each in found.decisions]
    assert counts == [("2026-03-30", "no_answer", 1), ("2026-03-31", "template", 3)]
    assert [(each.intent, each.count) for each in found.intents] == [("refund", 2), ("shipping", 1)]
    assert found.messages == {"bot": 5, "customer": 5}
    assert (found.thumbs_up, found.thumbs_down, found.conversations) == (1, 1, 1)


def test_moods_are_counted_with_the_intents_behind_them(talk, at):
    def felt(moment, mood, guess="refund", **reply):
        trace = {"mood": mood, "ranked": [[guess, 0.4]] if guess else []}
        at(moment, trace=trace, **reply)

    felt(NOW, "angry", intent="shipping")
    felt(NOW, "unhappy", decision="no_answer")
    felt(NOW, "unhappy", guess=None, decision="no_answer")
    felt(NOW, "angry", bundle="older")
    felt(NOW, "happy", intent="thanks")
    felt(NOW, None)
    at(NOW)
    felt(NOW, "angry", decision="relay")
    felt(NOW - timedelta(seconds=1), "angry")
    felt(NOW + WEEK, "angry")
    with talk.database.session(read_only=True) as session:
        found = Traffic(session).moods(NOW, NOW + WEEK, ("angry", "unhappy"))
        empty = Traffic(session).moods(NOW - WEEK, NOW - timedelta(days=1), ("angry",))
    assert (found.turns, found.negative, found.conversations) == (5, 4, 1)
    assert [(each.intent, each.count) for each in found.intents] == [("refund", 2), ("shipping", 1)]
    assert (empty.turns, empty.negative, empty.conversations, empty.intents) == (0, 0, 0, ())
