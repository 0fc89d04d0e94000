"""A follow-up that points back is read with the question that it points to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.follow_up import (
    Earlier,
    earlier_question,
    names_nothing,
    only_points_back,
    read_together,
)
from finetune.types import Prediction
from storage.types import Conversation, ConversationStatus, Message, Role, Turn

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BOTH = Prediction((("invoice", 0.97), ("refund", 0.03)), in_scope=0.6)


def message(number: int, role: Role, text: str, **values: object) -> Message:
    return Message(number, "c", number, role, text, text, "en", NOW, **values)


def earlier(follow_up: str, **reply: object) -> Earlier | None:
    asked = message(1, Role.CUSTOMER, "Can I get an invoice?")
    answer = message(2, Role.BOT, "Yes.", reply_to=1, **reply)
    turn = Turn(Conversation("c", "web", 1, ConversationStatus.BOT, 0, "en", {}, NOW),
                (asked, answer), None, 0)  # fmt: skip
    return earlier_question(message(3, Role.CUSTOMER, follow_up), turn)


ANSWERED = {"decision": "template", "intent": "invoice", "trace": {"in_scope": 0.99}}


@pytest.mark.parametrize("text", ["And how long does that take?", "那要多久？", "多少钱？"])
def test_a_follow_up_is_about_the_question_that_was_answered(text: str) -> None:
    assert earlier(text, **ANSWERED) == Earlier("Can I get an invoice?", 0.99)


def test_what_was_not_answered_is_not_asked_on() -> None:
    assert earlier("And how long does that take?", decision="no_answer") is None
    assert earlier("My parcel arrived with a broken lid.", **ANSWERED) is None


def test_a_quoted_document_lends_no_scope_to_templates() -> None:
    found = earlier("And then?", decision="grounded", trace={"in_scope": 0.99})
    assert found == Earlier("Can I get an invoice?", 0.0)


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("那要多久？", True),
        ("多少钱？", True),
        ("那在哪里弄呢", True),
        ("大概需要几天", True),
        ("How long does it take?", True),
        ("and what's that cost?", True),
        ("那今天天气怎么样？", False),
        ("那运费呢？", False),
        ("and what about the weather?", False),
        ("does it fit an induction hob?", False),
    ],
)
def test_a_follow_up_may_name_a_matter_of_its_own(text: str, nothing: bool) -> None:
    assert names_nothing(text) is nothing


def test_what_names_nothing_is_in_scope_as_surely_as_what_it_points_to() -> None:
    question = Earlier("Can I get an invoice?", 0.99)
    assert read_together("那要多久？", BOTH, question).in_scope == 0.99
    assert read_together("那运费呢？", BOTH, question) == BOTH
    assert read_together("那要多久？", BOTH, Earlier("x", 0.0)) == BOTH


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("那要多久？", True),
        ("And how long does that take?", True),
        ("在吗", False),
        ("who are you?", False),
        ("and do they expire?", False),
    ],
)
def test_some_messages_only_point_back(text: str, only: bool) -> None:
    assert only_points_back(text) is only
