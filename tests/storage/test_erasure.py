"""Erasure: nothing of the customer is left, and nothing of anybody else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from storage.attached import AttachedQuestions
from storage.audit import AuditLog
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.desk import Desk
from storage.drafts import Drafts
from storage.erasure import erase_customer
from storage.errors import NotFoundError
from storage.examples import Examples
from storage.feedback import save_rating
from storage.files import StoredFiles
from storage.knowledge import Knowledge
from storage.models import Base
from storage.review import ReviewQueue
from storage.types import (
    Attachment,
    ConversationStatus,
    DeskThread,
    Erased,
    Example,
    NewAttachedQuestion,
    NewMessage,
    NewPassage,
    ShownDraft,
    StoredFile,
)

SECRET = "悄悄话"


def live_through_everything(talk, external_id="42"):
    """A customer with a row in every table that can hold one."""
    conversation = talk.open("telegram", external_customer_id=external_id)
    message = talk.receive(conversation, "m1", SECRET).message
    photo = NewMessage(conversation.id, "m0", SECRET, SECRET, attachment=Attachment("x", SECRET))
    reply = talk.record(
        message, talk.reply(SECRET), outbox=("telegram", external_id), review="no_answer"
    )
    later = talk.receive(conversation, "m2", SECRET).message
    with talk.database.session() as session:
        Conversations(session).add_feedback(reply.id, -1, SECRET)
        file = StoredFile(f"f{external_id}", conversation.id, "m1", SECRET, "image/png", 3)
        StoredFiles(session).add(file, SECRET.encode())
        save_rating(session, conversation.id, 1, SECRET)
        Conversations(session).receive(photo)
        Drafts(session).show(ShownDraft(later.id, external_id, SECRET))
        Desk(session).post(f"{external_id}:{SECRET}", conversation.id)
        Desk(session).put(DeskThread(conversation.id, SECRET, 0, ConversationStatus.WAITING, 1))
        accepted = ReviewQueue(session).open()[0]
        ReviewQueue(session).decide([accepted.id], "accepted", "x")
        Examples(session).add(
            [
                Example(SECRET, "x", None, "zh", source="feedback", message_id=later.id),
                Example(SECRET, "x", None, "zh", source="golden", golden=True,
                        customer_id=conversation.customer_id),
            ]
        )  # fmt: skip
    return conversation


def counts(database):
    with database.session(read_only=True) as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }


def everything(database):
    with database.session(read_only=True) as session:
        return "\n".join(
            str(list(row))
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        )


def test_everything_of_the_customer_goes_and_is_counted(talk):
    before = counts(talk.database)
    conversation = live_through_everything(talk)
    with talk.database.session() as session:
        erased = erase_customer(session, "42", by="ann")
    assert erased == Erased(
        customers=1, conversations=1, messages=4, examples=3, golden=1, feedback=1,
        review_items=1, deliveries=1, files=1, ratings=1,
    )  # fmt: skip
    assert SECRET not in everything(talk.database)
    assert conversation.id not in everything(talk.database)
    after = counts(talk.database)
    assert {name for name in after if after[name] != before[name]} == {"audit_log"}


def test_the_log_says_that_it_was_done_without_saying_who_it_was(talk):
    conversation = talk.open("telegram", external_customer_id="tg-secret-name")
    with talk.database.session() as session:
        erase_customer(session, "tg-secret-name", by="ann")
        (entry,) = AuditLog(session).recent()
    assert (entry.actor, entry.action) == ("ann", "customer.erase")
    assert entry.subject == f"customer:{conversation.customer_id}"
    assert "tg-secret-name" not in everything(talk.database)


def test_other_customers_keep_everything(talk):
    conversation = live_through_everything(talk, "7")
    talk.open("telegram", external_customer_id="42")
    before = counts(talk.database)
    with talk.database.session() as session:
        erase_customer(session, "42")
    after = counts(talk.database)
    lost = {name: before[name] - after[name] for name in after if after[name] != before[name]}
    assert lost == {"customer": 1, "conversation": 1, "audit_log": -1}
    assert len(talk.messages(conversation)) == 4


def test_a_customer_is_erased_by_number_or_on_every_channel_by_name(talk):
    telegram = talk.open("telegram", external_customer_id="42")
    talk.open("web", external_customer_id="42")
    visitor = talk.open("web")
    with talk.database.session() as session:
        assert erase_customer(session, visitor.customer_id).customers == 1
        assert erase_customer(session, "42").customers == 2
        with pytest.raises(NotFoundError, match="no customer"):
            erase_customer(session, telegram.customer_id)
        with pytest.raises(NotFoundError, match="no customer '42'"):
            erase_customer(session, "42")


def test_the_number_of_an_erased_customer_is_never_given_again(talk):
    erased = talk.open().customer_id
    with talk.database.session() as session:
        erase_customer(session, erased)
    assert talk.open().customer_id > erased


def test_bundles_trained_since_the_data_came_are_marked_once(talk):
    add = {"data_fingerprint": "f", "metrics": {}, "outcome": "promoted"}
    with talk.database.session() as session:
        Bundles(session).add("before", **add)
    live_through_everything(talk)
    with talk.database.session() as session:
        Bundles(session).add("after", **add)
        assert erase_customer(session, "42").bundles == ("after",)
    with talk.database.session() as session:
        marked = Bundles(session).get("after").erased_since
        assert marked is not None
        assert Bundles(session).get("before").erased_since is None
    live_through_everything(talk)
    with talk.database.session() as session:
        assert erase_customer(session, "42").bundles == ()
        assert Bundles(session).get("after").erased_since == marked


def test_who_taught_nothing_marks_nothing(talk):
    talk.answered(talk.open("telegram", external_customer_id="42"))
    with talk.database.session() as session:
        Bundles(session).add("b", data_fingerprint="f", metrics={}, outcome="promoted")
        assert erase_customer(session, "42").bundles == ()
        assert Bundles(session).get("b").erased_since is None


def test_questions_that_only_this_customer_asked_leave_the_searchable_answers(talk):
    conversation = talk.open("telegram", external_customer_id="42")
    asked = Example("我的秘密问题", "x", "答案。", "zh", customer_id=conversation.customer_id)
    shared = replace(asked, question="大家都问")
    other = replace(shared, customer_id=None, source="other")
    passage = NewPassage("答案。", "", 0, 3, "zh", questions=("我的秘密问题 ", "大家都问"))
    with talk.database.session() as session:
        Examples(session).add([asked, shared, other])
        knowledge = Knowledge(session)
        knowledge.put_document("answer:1", "x", "h", "zh", "answer", "答案。", [passage])
        before = knowledge.revision()
        erased = erase_customer(session, "42")
        (left,) = knowledge.passages()
        assert left.questions == ("大家都问",)
        assert [c.passage_id for c in knowledge.changes_since(before)] == [left.id]
    assert (erased.passages, erased.examples) == (1, 2)


def test_attached_questions_that_only_this_customer_asked_are_forgotten(talk):
    conversation = talk.open("telegram", external_customer_id="42")
    asked = Example("我的秘密问题", "x", None, "zh", customer_id=conversation.customer_id)
    attached = [
        NewAttachedQuestion("a.md", "答案", question, "staff", "ann")
        for question in ("我的秘密问题", "大家都问")
    ]
    with talk.database.session() as session:
        Examples(session).add([asked])
        AttachedQuestions(session).add(attached)
        number = AttachedQuestions(session).all()[0].id
        AttachedQuestions(session).remove(number)
        erase_customer(session, "42")
    assert "我的秘密问题" not in everything(talk.database)
    with talk.database.session() as session:
        (left,) = AttachedQuestions(session).all("a.md")
        assert left.question == "大家都问"


def test_a_reply_in_the_making_finds_nothing_to_answer(talk):
    message = talk.receive(talk.open("telegram", external_customer_id="42")).message
    with talk.database.session() as session:
        erase_customer(session, "42")
    with pytest.raises(NotFoundError):
        talk.record(message)
