"""The queue, identities, nonces, files and canned replies, on either database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.base import utc_now
from storage.canned import CannedReplies
from storage.conversations import Conversations
from storage.errors import ConflictError, InputError, NotFoundError
from storage.feedback import save_rating
from storage.files import MAX_PER_CONVERSATION, StoredFiles
from storage.identity import identify, use_nonce
from storage.queue import OperatorQueue
from storage.service import VerificationFailures
from storage.types import ConversationStatus, Mark, Role, StoredFile

WAITING, BOT = ConversationStatus.WAITING, ConversationStatus.BOT


def move(talk, conversation, status, **more):
    with talk.database.session() as session:
        return Conversations(session).set_status(conversation.id, status, **more)


def standing(talk, conversation):
    with talk.database.session(read_only=True) as session:
        return OperatorQueue(session).standing(conversation.id)


def test_the_queue_is_in_the_order_of_asking_whichever_way_it_was_asked(talk):
    first, second, third = talk.open(), talk.open(), talk.open()
    talk.record(talk.receive(first).message, status=WAITING)
    move(talk, second, WAITING)
    move(talk, third, WAITING)
    talk.record(talk.receive(first, "m2").message, epoch=1)
    assert [standing(talk, each).position for each in (first, second, third)] == [1, 2, 3]
    with talk.database.session(read_only=True) as session:
        assert [e.id for e in OperatorQueue(session).waiting()] == [first.id, second.id, third.id]
    talk.record(talk.receive(first, "m3").message, epoch=1, status=BOT)
    assert standing(talk, second).position == 1
    assert (standing(talk, first).status, standing(talk, first).position) == (BOT, None)
    move(talk, first, WAITING)
    assert standing(talk, first).position == 3


def test_the_list_shows_what_a_person_wrote_last(talk):
    conversation = talk.open()
    talk.answered(conversation)
    with talk.database.session() as session:
        conversations = Conversations(session)
        conversations.say(conversation.id, role=Role.SYSTEM, text="note", masked_text="note")
        entry = OperatorQueue(session).entry(conversation.id)
        assert (entry.last_role, entry.last_text) == (Role.CUSTOMER, "到哪了？")
        with pytest.raises(NotFoundError):
            OperatorQueue(session).entry("nowhere")
        with pytest.raises(NotFoundError):
            OperatorQueue(session).standing("nowhere")


def test_a_nonce_is_used_once_and_forgotten_when_it_expires(talk):
    soon = utc_now() + timedelta(minutes=5)
    with talk.database.session() as session:
        assert use_nonce(session, "n", soon)
        assert not use_nonce(session, "n", soon)
        assert use_nonce(session, "old", utc_now() - timedelta(minutes=1))
        assert use_nonce(session, "old", soon)


def test_an_unnamed_visitor_becomes_the_customer_once(talk):
    first, second = talk.open(), talk.open()
    with talk.database.session() as session:
        customer = identify(session, first.id, "c", {"name": "王"})
        assert identify(session, second.id, "c", {"name": "王芳"}) == customer
        assert identify(session, first.id, "c", {"name": "王芳"}) == customer
        entry = OperatorQueue(session).entry(first.id)
        assert (entry.customer_id, entry.customer) == (customer, "c")
        assert entry.attributes == {"name": "王芳"}
        with pytest.raises(ConflictError):
            identify(session, first.id, "d", {})
        with pytest.raises(NotFoundError):
            identify(session, "nowhere", "c", {})


def test_failed_proofs_follow_a_visitor_who_turns_out_to_be_somebody(talk):
    known, visitor, stranger = talk.open(), talk.open(), talk.open()
    with talk.database.session() as session:
        customer = identify(session, known.id, "c", {})
        for conversation in (Conversations(session).get(known.id), visitor, visitor, stranger):
            VerificationFailures(session).add(conversation, "order")
        day = timedelta(days=1)
        counted = VerificationFailures(session).count(customer, "order", within=day)
        assert (counted.customer, counted.order) == (1, 4)
        assert identify(session, visitor.id, "c", {}) == customer
        counted = VerificationFailures(session).count(customer, "order", within=day)
        assert (counted.customer, counted.order) == (3, 4)
        theirs = VerificationFailures(session).count(stranger.customer_id, "order", within=day)
        assert theirs.customer == 1


def test_files_are_found_by_their_messages(talk):
    conversation = talk.open()

    def file(number: int) -> StoredFile:
        return StoredFile(f"a{number}", conversation.id, f"m{number}", "图.png", "image/png", 3)

    with talk.database.session() as session:
        attachments = StoredFiles(session)
        stored = attachments.add(file(0), b"\0\xff1")
        assert attachments.add(StoredFile("b", *list_of(file(0))), b"zzz") == stored
        assert attachments.get("a0") == (stored, b"\0\xff1")
        assert attachments.of_messages(conversation.id, ["m0", "m9"]) == {"m0": stored}
        for number in range(1, MAX_PER_CONVERSATION):
            attachments.add(file(number), b"x")
        with pytest.raises(ConflictError):
            attachments.add(file(MAX_PER_CONVERSATION), b"x")
        assert attachments.add(file(0), b"again") == stored


def list_of(file: StoredFile) -> list:
    return [file.conversation_id, file.external_id, file.name, file.media_type, file.size]


def test_canned_replies_have_titles_of_their_own(talk):
    with talk.database.session() as session:
        canned = CannedReplies(session)
        made = canned.save("问候", {"zh": "您好", "en": " "}, "lin")
        assert made.texts == {"zh": "您好"}
        with pytest.raises(ConflictError):
            canned.save("问候", {"zh": "嗨"}, "lin")
        with pytest.raises(NotFoundError):
            canned.save("别的", {"zh": "嗨"}, "lin", reply_id=made.id + 7)
        with pytest.raises(InputError):
            canned.save("空", {}, "lin")
        canned.remove(made.id)
        assert canned.all() == []


def test_the_newest_rating_counts(talk):
    conversation = talk.open()
    with talk.database.session() as session:
        save_rating(session, conversation.id, 1, "bad")
        save_rating(session, conversation.id, 5, None)
        with pytest.raises(InputError):
            save_rating(session, conversation.id, 6, None)


def marks(talk, *conversations):
    with talk.database.session(read_only=True) as session:
        found = OperatorQueue(session).marks([each.id for each in conversations])
    return [found[each.id] for each in conversations]


def test_a_mark_moves_with_every_message_and_every_change_of_hands(talk):
    conversation, other = talk.open(), talk.open()
    seen = marks(talk, conversation, other)
    talk.answered(conversation)
    assert marks(talk, conversation, other) == [Mark(2, 0), seen[1]]
    move(talk, conversation, WAITING)
    (moved,) = marks(talk, conversation)
    assert (moved.last_seq, moved.epoch) == (2, 1)
    with talk.database.session(read_only=True) as session:
        assert OperatorQueue(session).marks(["nowhere"]) == {}
        assert OperatorQueue(session).marks([]) == {}


def test_the_mark_of_who_waits_moves_when_anybody_joins_or_leaves(talk):
    first, second, bystander = talk.open(), talk.open(), talk.open()
    move(talk, first, WAITING)
    lines = [marks(talk, first)[0].line]
    move(talk, second, WAITING)
    lines.append(marks(talk, first)[0].line)
    move(talk, second, BOT)
    move(talk, second, WAITING)
    lines.append(marks(talk, first)[0].line)
    move(talk, second, BOT)
    lines.append(marks(talk, first)[0].line)
    assert all(a != b for a, b in zip(lines, lines[1:], strict=False))
    assert None not in lines
    assert marks(talk, bystander)[0].line is None
