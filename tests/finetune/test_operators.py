"""Which question did an operator answer?"""

from __future__ import annotations

from datetime import UTC, datetime

from finetune.operators import answered_question
from storage.types import Message, Role

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ANSWER = "倒入白醋煮十分钟就行。"


def said(number, role, text, **more):
    return Message(number, "c", number, role, text, text, "zh", NOW, **more)


def asked(number, text):
    return said(number, Role.CUSTOMER, text)


def bot(number, reply_to, decision, reason="x"):
    return said(number, Role.BOT, "…", reply_to=reply_to, decision=decision,
                trace={"reason": reason})  # fmt: skip


def test_the_question_before_the_request_for_a_person():
    before = [
        asked(1, "水壶有水垢怎么办"), bot(2, 1, "no_answer"), asked(3, "转人工"),
        bot(4, 3, "handoff"), asked(5, "在吗"), bot(6, 5, "relay"),
    ]  # fmt: skip
    assert answered_question(before, ANSWER).id == 1


def test_what_was_asked_while_a_person_answers():
    before = [asked(1, "水壶有水垢怎么办"), bot(2, 1, "no_answer"), asked(3, "能用柠檬酸吗")]
    assert answered_question(before, ANSWER).id == 3


def test_a_greeting_answers_nothing_and_hides_nothing():
    before = [asked(1, "水壶有水垢怎么办"), said(2, Role.OPERATOR, "您好，请稍等")]
    assert answered_question(before, "您好，很高兴为您服务") is None
    assert answered_question(before, ANSWER).id == 1


def test_an_answered_question_is_not_answered_twice():
    before = [asked(1, "水壶有水垢怎么办"), said(2, Role.OPERATOR, ANSWER)]
    assert answered_question(before, "每三个月一次。") is None
    assert answered_question([], ANSWER) is None
    pressed = [asked(1, "How do I return it?"), bot(2, 1, "template", "chosen")]
    assert answered_question(pressed, ANSWER) is None
