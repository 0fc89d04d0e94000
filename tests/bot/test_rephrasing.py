"""When has a customer asked the same again?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.rephrasing import asked_again, overlap
from bot.types import Understanding
from finetune.types import Prediction
from storage.types import Message, Role

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def exchange(
    number: int, question: str, intent: str | None = "refund", *, decision: str = "template",
    reason: str = "sure",
) -> list[Message]:  # fmt: skip
    trace = {"reason": reason, "ranked": [[intent, 0.9]]}
    return [
        Message(number, "c", number, Role.CUSTOMER, question, question, "zh", NOW),
        Message(number + 1, "c", number + 1, Role.BOT, "…", "…", "zh", NOW, reply_to=number,
                decision=decision, intent=intent, trace=trace),
    ]  # fmt: skip


def now(question: str, label: str = "refund") -> Understanding:
    return Understanding("zh", Prediction(((label, 0.9),), 1.0), question=question)


@pytest.mark.parametrize(
    ("before", "after", "label"),
    [
        ("怎么退款", "到底怎么退款", "refund"),
        ("how do I get a refund", "how can I get my refund", "refund"),
        ("怎麼退款啊", "怎么退款", "other"),
        ("Where is my parcel?", "where is my parcel", "other"),
    ],
)
def test_the_same_in_other_words_or_the_same_words(before: str, after: str, label: str) -> None:
    assert asked_again(now(after, label), exchange(1, before)) == 1


@pytest.mark.parametrize(
    ("before", "after", "label"),
    [
        ("怎么退款", "退款多久到账", "refund"),
        ("where is my parcel", "where is my refund", "shipping"),
        ("怎么退款", "发票怎么开", "invoice"),
        ("好的", "好的", "refund"),
    ],
)
def test_something_new(before: str, after: str, label: str) -> None:
    assert asked_again(now(after, label), exchange(1, before)) is None


def test_only_what_was_answered_a_moment_ago_counts() -> None:
    question = "怎么退款"
    assert asked_again(now(question), exchange(1, question, decision="no_answer")) is None
    assert asked_again(now(question), exchange(1, question, reason="chosen")) is None
    later = [m for n in (3, 5, 7) for m in exchange(n, f"别的事情{n}", "other")]
    assert asked_again(now(question), [*exchange(1, question), *later]) is None
    assert asked_again(now(question), [*exchange(1, question), *later[:4]]) == 1
    pressed = Understanding("zh", Prediction((), 0.0), question=question)
    assert asked_again(pressed, exchange(1, question)) is None


def test_overlap_of_nothing_is_none() -> None:
    assert overlap("", "") == 0.0
    assert overlap("退款", "退款") == 1.0
