"""Weak rows: what conversations confirm, how little it counts, and how it goes again."""

from __future__ import annotations

import pytest

from finetune.dataset import build_dataset
from finetune.weak import MOST_PER_DAY, WEIGHT, collect_weak
from storage.conversations import Conversations
from storage.erasure import erase_customer
from storage.examples import Examples
from storage.templates import Templates
from storage.types import (
    SOURCE_CORRECTION,
    SOURCE_WEAK,
    Example,
    NewMessage,
    NewReply,
    QuickReply,
    Role,
    TemplateDraft,
)

REFUND = "退款会在 3 天内到账。"


class Chat:
    """One customer's conversation, told in short words."""

    def __init__(self, session, name="42"):
        self.session, self.conversations = session, Conversations(session)
        self.id = self.conversations.create("web", external_customer_id=name).id
        self.count = 0

    def ask(self, text, decision, intent=None, reason="sure", buttons=()):
        self.count += 1
        new = NewMessage(self.id, f"m{self.count}", text, text, "zh")
        message = self.conversations.receive(new).message
        quick = tuple(QuickReply(label, f"intent:{label}") for label in buttons)
        reply = NewReply("…", "…", "zh", decision, intent=intent, quick_replies=quick,
                         trace={"reason": reason})  # fmt: skip
        return self.conversations.record(message.id, reply, epoch=0)

    def operator(self, text):
        self.conversations.say(self.id, role=Role.OPERATOR, text=text, masked_text=text)


@pytest.fixture
def chat(session):
    Templates(session).save(TemplateDraft("refund", {"zh": (REFUND,)}), editor="shop")
    return Chat(session)


def weak(session):
    return [(e.question, e.intent, e.origin) for e in Examples(session).all([SOURCE_WEAK])]


def test_a_button_a_thumb_and_an_operator_confirm(session, chat):
    chat.ask("钱呢", "clarify", reason="close", buttons=("refund", "shipping"))
    chat.ask("怎么退款？", "template", "refund", "chosen")
    liked = chat.ask("退款多久到", "template", "refund")
    Conversations(session).add_feedback(liked.id, 1)
    chat.ask("我的钱什么时候回来", "no_answer")
    chat.operator("您好！退款会在 3 天内到账哦，谢谢。")
    assert collect_weak(session) == (3, 0)
    assert weak(session) == [
        ("钱呢", "refund", "weak:button"),
        ("退款多久到", "refund", "weak:thumb"),
        ("我的钱什么时候回来", "refund", "weak:operator"),
    ]
    found = Examples(session).all([SOURCE_WEAK])
    assert {e.weight for e in found} == {WEIGHT}
    assert not any(e.golden for e in found)
    assert all(e.message_id and e.customer_id for e in found)
    assert collect_weak(session) == (0, 0)


def test_what_was_not_confirmed_is_not_learned(session, chat):
    chat.ask("你好", "clarify", reason="empty", buttons=("refund",))
    chat.ask("怎么退款？", "template", "refund", "chosen")
    chat.ask("钱呢", "clarify", reason="close", buttons=("shipping",))
    chat.ask("怎么退款？", "template", "refund", "chosen")
    chat.ask("水壶坏了", "no_answer")
    chat.operator("寄回来我们看看。")
    chat.ask("什么时候到", "template", "shipping")
    assert collect_weak(session) == (0, 0)


def test_a_thumb_turned_down_takes_it_back(session, chat):
    liked = chat.ask("退款多久到", "template", "refund")
    Conversations(session).add_feedback(liked.id, 1)
    assert collect_weak(session) == (1, 0)
    Conversations(session).add_feedback(liked.id, -1)
    assert collect_weak(session) == (0, 1)
    assert weak(session) == []


def test_no_customer_teaches_much_in_a_day(session, chat):
    for number in range(MOST_PER_DAY + 4):
        liked = chat.ask(f"退款问题{number}", "template", "refund")
        Conversations(session).add_feedback(liked.id, 1)
    other = Chat(session, "7").ask("我也要退款", "template", "refund")
    Conversations(session).add_feedback(other.id, 1)
    assert collect_weak(session) == (MOST_PER_DAY + 1, 0)


def test_a_correction_overrules_and_erasure_takes_it(session, chat):
    liked = chat.ask("退款多久到", "template", "refund")
    Conversations(session).add_feedback(liked.id, 1)
    collect_weak(session)
    fixed = Example("退款多久到？", "other", None, "zh", source=SOURCE_CORRECTION)
    Examples(session).add([fixed, Example("x", "refund", None, "zh")])
    data = build_dataset(session)
    assert {row.label for row in data.rows if "多久到" in row.question} == {"other"}
    assert [row.question for row in data.corrections] == ["退款多久到？"]
    assert erase_customer(session, "42").examples == 1
    assert collect_weak(session) == (0, 0)
