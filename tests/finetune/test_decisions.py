"""Decisions in review: what each of the four does, at once and for training."""

from __future__ import annotations

import pytest

from finetune.dataset import build_dataset
from finetune.decisions import attach, decide
from finetune.types_review import Ignore, NewIntent, NewKnowledge, ThisIntent
from retrieval.answers import index_answers
from retrieval.attached import attach as put_on
from retrieval.attached import detach
from storage.attached import AttachedQuestions
from storage.conversations import Conversations
from storage.errors import InputError
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.review import ReviewQueue
from storage.templates import Templates
from storage.types import (
    QUESTION_FROM_STAFF,
    Example,
    NewAttachedQuestion,
    NewMessage,
    NewPassage,
    NewReply,
    TemplateDraft,
)

ASKED = "锅底糊了怎么弄"


@pytest.fixture
def items(session):
    """A shop with two answers, and two customers' questions in review."""
    for name in ("cleaning", "refund"):
        draft = TemplateDraft(name, {"zh": (f"关于{name}。",)})
        Templates(session).save(draft, editor="shop")
    Examples(session).add(
        [Example(ASKED, "refund", None, "zh"), Example("退", "refund", None, "zh")]
    )
    index_answers(session)
    for number, text in enumerate([ASKED, "锅底糊了，怎么弄？"]):
        conversation = Conversations(session).create("web")
        new = NewMessage(conversation.id, f"m{number}", text, text, "zh")
        message = Conversations(session).receive(new).message
        reply = NewReply("…", "…", "zh", "no_answer")
        Conversations(session).record(message.id, reply, epoch=0, review="no_answer")
    return [item.id for item in ReviewQueue(session).open()]


def asked_of(session):
    return {p.document: p.questions for p in Knowledge(session).passages()}


def test_an_intent_takes_the_questions_from_every_other(session, items):
    decided = decide(session, items, ThisIntent("cleaning"), by="ann")
    assert (decided.items, decided.intent) == (tuple(items), "cleaning")
    attached = asked_of(session)
    assert set(attached["answer:cleaning"]) == {ASKED, "锅底糊了，怎么弄？"}
    assert attached["answer:refund"] == ("退",)
    index_answers(session)
    assert ASKED not in asked_of(session)["answer:refund"]
    rows = build_dataset(session).rows
    assert {row.label for row in rows if "糊" in row.question} == {"cleaning"}
    assert ReviewQueue(session).open() == []


def test_a_new_intent_comes_with_its_template(session, items):
    verdict = NewIntent("burnt_pot", {"zh": "用小苏打煮十分钟。", "en": "Boil baking soda."})
    assert decide(session, items, verdict, by="ann").intent == "burnt_pot"
    made = Templates(session).by_name("burnt_pot")
    assert made.texts == {"zh": ("用小苏打煮十分钟。",), "en": ("Boil baking soda.",)}
    assert build_dataset(session).label_templates["burnt_pot"] == made.id
    with pytest.raises(InputError, match="has a template"):
        decide(session, items, verdict, by="ann")


def test_knowledge_is_found_by_the_questions_and_no_template_answers_them(session, items):
    text = "用小苏打煮十分钟，再用软布擦。\n\n## 保养\n\n每次用完晾干。"
    decided = decide(session, items[:1], NewKnowledge("锅底糊了", text), by="ann")
    assert (decided.document, decided.intent) == ("review/锅底糊了.md", "oos")
    passages = [p for p in Knowledge(session).passages() if p.document == decided.document]
    assert [p.questions for p in passages if "小苏打" in p.text] == [(ASKED,)]
    assert asked_of(session)["answer:refund"] == ("退",)
    (correction,) = build_dataset(session).corrections
    assert (correction.question, correction.label) == (ASKED, "oos")
    decide(session, items[1:], NewKnowledge("锅底糊了", text), by="ann")
    asked = [q for p in Knowledge(session).passages() if p.title == "锅底糊了" for q in p.questions]
    assert set(asked) == {ASKED, "锅底糊了，怎么弄？"}


def test_what_staff_attached_to_written_knowledge_can_still_be_taken_off(session, items):
    text = "用小苏打煮十分钟，再用软布擦。"
    name = decide(session, items[:1], NewKnowledge("锅底糊了", text), by="ann").document
    put_on(session, [NewAttachedQuestion(name, text, "一股焦味", QUESTION_FROM_STAFF, "bob")])
    decide(session, items[1:], NewKnowledge("锅底糊了", f"{text}\n然后冲净。"), by="ann")
    assert "一股焦味" in asked_of(session)[name]
    (attached,) = AttachedQuestions(session).all(name)
    detach(session, attached.id)
    assert set(asked_of(session)[name]) == {ASKED, "锅底糊了，怎么弄？"}


def test_what_is_ignored_teaches_nothing(session, items):
    before = Examples(session).fingerprint()
    assert decide(session, items, Ignore(), by="ann").decision == "rejected"
    assert Examples(session).fingerprint() == before


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (ThisIntent("clening"), "did you mean cleaning"),
        (NewIntent("oos", {"zh": "x"}), "found 'oos'"),
        (NewIntent("two words", {"zh": "x"}), "found 'two words'"),
        (NewIntent("new", {"zh": "  "}), "at least one language"),
        (NewKnowledge("", "x"), "title and a text"),
    ],
)
def test_what_cannot_be_done_changes_nothing(session, items, verdict, said):
    with pytest.raises(InputError, match=said):
        decide(session, items, verdict, by="ann")
    assert [item.id for item in ReviewQueue(session).open()] == items
    with pytest.raises(InputError, match="at least one review item"):
        decide(session, [], verdict, by="ann")


def test_a_question_goes_to_the_passage_that_shares_most_with_it():
    one, two = (
        NewPassage("descale the kettle", "", 0, 9, "en"),
        NewPassage("clean", "", 9, 14, "en"),
    )
    found = attach([one, two], ["how to descale", "cleaning"])
    assert [passage.questions for passage in found] == [("how to descale",), ("cleaning",)]
    assert attach([], ["x"]) == []
