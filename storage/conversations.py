"""Conversations and their messages: the rows that a turn reads and writes."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from storage import turns
from storage.base import utc_now
from storage.database import insert_or_ignore
from storage.errors import ConflictError, InputError, NotFoundError
from storage.feedback import save_feedback
from storage.messages import (
    CONVERSATION_COLUMNS,
    MESSAGE_COLUMNS,
    conversation_from,
    conversations,
    customers,
    message_from,
    messages,
)
from storage.models import MessageRow
from storage.signals import add_review_item
from storage.types import (
    Conversation,
    ConversationStatus,
    Message,
    NewMessage,
    NewReply,
    Received,
    Role,
    Turn,
)


class Conversations:
    """All that is read and written about conversations, within one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def create(
        self,
        channel: str,
        *,
        external_customer_id: str | None = None,
        language: str | None = None,
        conversation_id: str | None = None,
    ) -> Conversation:
        """Open a conversation that the bot answers; a new id is made unless one is given."""
        now = utc_now()
        values: dict[str, Any] = {
            "id": conversation_id or uuid.uuid4().hex,
            "channel": channel,
            "customer_id": self._customer(channel, external_customer_id),
            "status": ConversationStatus.BOT.value,
            "epoch": 0,
            "last_seq": 0,
            "language": language,
            "state": {},
            "created_at": now,
            "updated_at": now,
        }
        insert = insert_or_ignore(self._session, conversations).values(values)
        row = self._session.execute(insert.returning(*CONVERSATION_COLUMNS)).one_or_none()
        if row is None:
            raise ConflictError(f"conversation {conversation_id!r} exists already; use another id")
        return conversation_from(row)

    def _customer(self, channel: str, external_id: str | None) -> int:
        values = {"channel": channel, "external_id": external_id, "created_at": utc_now()}
        insert = insert_or_ignore(self._session, customers).values(values)
        made = self._session.scalar(insert.returning(customers.c.id))
        if made is not None:
            return int(made)
        known = select(customers.c.id).where(
            customers.c.channel == channel, customers.c.external_id == external_id
        )
        return int(self._session.scalars(known).one())

    def get(self, conversation_id: str) -> Conversation:
        """The conversation of this id."""
        query = select(*CONVERSATION_COLUMNS).where(conversations.c.id == conversation_id)
        row = self._session.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no conversation {conversation_id!r}")
        return conversation_from(row)

    def find_for_customer(self, channel: str, external_customer_id: str) -> Conversation | None:
        """The newest conversation of this customer that is not closed."""
        query = (
            select(*CONVERSATION_COLUMNS)
            .join(customers, customers.c.id == conversations.c.customer_id)
            .where(
                customers.c.channel == channel,
                customers.c.external_id == external_customer_id,
                conversations.c.status != ConversationStatus.CLOSED.value,
            )
            .order_by(conversations.c.created_at.desc(), conversations.c.id)
            .limit(1)
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else conversation_from(row)

    def customer_address(self, conversation_id: str) -> str | None:
        """The customer's id on the conversation's channel; None for an unnamed visitor."""
        query = (
            select(customers.c.external_id)
            .join(conversations, conversations.c.customer_id == customers.c.id)
            .where(conversations.c.id == conversation_id)
        )
        return self._session.scalar(query)

    def receive(self, new: NewMessage) -> Received:
        """Store a customer's message; the same external id again gives back the stored one."""
        return turns.receive(self._session, new)

    def turn(self, message_id: int, *, history: int = 20) -> Turn:
        """What is known when the turn of this message begins; read it after taking the lock."""
        return turns.read_turn(self._session, message_id, history=history)

    def record(
        self,
        message_id: int,
        reply: NewReply,
        *,
        epoch: int,
        status: ConversationStatus | None = None,
        state: dict[str, Any] | None = None,
        language: str | None = None,
        outbox: tuple[str, str] | None = None,
        review: str | None = None,
        asked_again: int | None = None,
    ) -> Message:
        """Store the one reply to a message with all that it changes.

        Raises `EpochMovedError` if the conversation has left `epoch`, and `ConflictError` if the
        message has a reply already; either way nothing is written. A changed status moves the
        epoch. `outbox` is (channel, target) to push to, `review` a kind of the review queue,
        `asked_again` the earlier message whose question this one repeats.
        """
        changes = turns.Changes(epoch, status, state, language, outbox, review, asked_again)
        return turns.record(self._session, message_id, reply, changes)

    def unanswered(self) -> list[Message]:
        """Customers' messages that no reply names, oldest first: what a crash left behind."""
        answer = aliased(MessageRow)
        query = (
            select(*MESSAGE_COLUMNS)
            .outerjoin(answer, answer.reply_to == messages.c.id)
            .where(messages.c.role == Role.CUSTOMER.value, answer.id.is_(None))
            .order_by(messages.c.id)
        )
        return [message_from(row) for row in self._session.execute(query)]

    def messages_after(self, conversation_id: str, seq: int, limit: int = 200) -> list[Message]:
        """The messages that follow `seq`, in order, empty relay rows included."""
        query = (
            select(*MESSAGE_COLUMNS)
            .where(messages.c.conversation_id == conversation_id, messages.c.seq > seq)
            .order_by(messages.c.seq)
            .limit(limit)
        )
        return [message_from(row) for row in self._session.execute(query)]

    def last_messages(self, conversation_id: str, count: int) -> list[Message]:
        """The last messages, at most `count`, in their order."""
        query = (
            select(*MESSAGE_COLUMNS)
            .where(messages.c.conversation_id == conversation_id)
            .order_by(messages.c.seq.desc())
            .limit(count)
        )
        return [message_from(row) for row in self._session.execute(query)][::-1]

    def add_to_review(
        self, message_id: int, kind: str, *, guess: str | None = None, proposal: str | None = None
    ) -> None:
        """Put a customer's question on the review queue, or another signal on its item."""
        add_review_item(self._session, message_id, kind=kind, guess=guess, proposal=proposal)

    def message(self, message_id: int) -> Message:
        """The message of this id."""
        query = select(*MESSAGE_COLUMNS).where(messages.c.id == message_id)
        row = self._session.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no message {message_id}")
        return message_from(row)

    def by_external_id(self, conversation_id: str, external_id: str) -> Message | None:
        """The message that the channel knows by this id."""
        return turns.by_external_id(self._session, conversation_id, external_id)

    def reply_to(self, message_id: int) -> Message | None:
        """The reply to this message, if it has one."""
        return turns.reply_to(self._session, message_id)

    def say(
        self,
        conversation_id: str,
        *,
        role: Role,
        text: str,
        masked_text: str,
        staff_id: int | None = None,
        outbox: tuple[str, str] | None = None,
        external_id: str | None = None,
    ) -> Message:
        """Store what an operator or the system says; it answers no particular message.

        The same `external_id` again gives back the stored message and pushes nothing.
        """
        if role not in {Role.OPERATOR, Role.SYSTEM}:
            raise InputError(f"expected the role operator or system, found {role.value!r}")
        spoken = turns.Spoken(role, text, masked_text, staff_id, external_id)
        return turns.say(self._session, conversation_id, spoken, outbox)

    def set_status(
        self, conversation_id: str, status: ConversationStatus, *, staff_id: int | None = None
    ) -> Conversation:
        """Take, give back, queue or close; the epoch moves if status or holder changes."""
        moved = (
            update(conversations)
            .where(
                conversations.c.id == conversation_id,
                (conversations.c.status != status.value)
                | conversations.c.staff_id.is_distinct_from(staff_id),
            )
            .values(
                status=status.value,
                staff_id=staff_id,
                waiting_since=utc_now() if status is ConversationStatus.WAITING else None,
                epoch=conversations.c.epoch + 1,
                updated_at=utc_now(),
            )
            .returning(*CONVERSATION_COLUMNS)
        )
        try:
            row = self._session.execute(moved).one_or_none()
        except IntegrityError as error:
            raise NotFoundError(f"there is no staff account {staff_id}") from error
        return self.get(conversation_id) if row is None else conversation_from(row)

    def add_feedback(self, message_id: int, value: int, reason: str | None = None) -> None:
        """Keep the customer's newest thumb on a reply; a thumb down asks for a review."""
        save_feedback(self._session, self.message(message_id), value, reason)

    def list_recent(
        self, limit: int = 50, status: ConversationStatus | None = None
    ) -> list[Conversation]:
        """Conversations by last activity, newest first."""
        query = select(*CONVERSATION_COLUMNS).order_by(conversations.c.updated_at.desc())
        if status is not None:
            query = query.where(conversations.c.status == status.value)
        rows = self._session.execute(query.limit(limit))
        return [conversation_from(row) for row in rows]
