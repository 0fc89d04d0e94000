"""The hot path: the few statements of every turn, built once.

The UPDATE that takes the next seq also takes the conversation's row lock (PostgreSQL; on SQLite
the session holds the write lock anyway), so seq has no gaps and no two writers see one epoch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, exists, func, insert, null, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.base import storable, table_of, utc_now
from storage.database import inserts_or_ignore, reason_of
from storage.errors import ConflictError, EpochMovedError, NotFoundError
from storage.messages import (
    CONVERSATION_COLUMNS,
    MESSAGE_COLUMNS,
    conversation_from,
    conversations,
    customer_message_values,
    message_from,
    messages,
    reply_values,
)
from storage.models import AttachmentRow, KnowledgeStateRow, OutboxRow
from storage.signals import add_review_item
from storage.types import (
    ConversationStatus,
    DeliveryStatus,
    Message,
    NewMessage,
    NewReply,
    Received,
    ReviewKind,
    Role,
    Turn,
)

_attachments = table_of(AttachmentRow)
_knowledge = table_of(KnowledgeStateRow)
_outbox = table_of(OutboxRow)

_TAKE_SEQ = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(last_seq=conversations.c.last_seq + 1, updated_at=bindparam("now"))
    .returning(conversations.c.last_seq, conversations.c.epoch)
)
_GIVE_SEQ_BACK = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(last_seq=conversations.c.last_seq - 1)
)
_STORE_ONCE = {
    dialect: insert_once.returning(*MESSAGE_COLUMNS)
    for dialect, insert_once in inserts_or_ignore(messages).items()
}
_INSERT_MESSAGE = insert(messages).returning(*MESSAGE_COLUMNS)
_BY_EXTERNAL_ID = select(*MESSAGE_COLUMNS).where(
    messages.c.conversation_id == bindparam("conversation"),
    messages.c.external_id == bindparam("external"),
)
_REPLY_TO = select(*MESSAGE_COLUMNS).where(messages.c.reply_to == bindparam("message"))
_STATE_OF_TURN = (
    select(
        *CONVERSATION_COLUMNS,
        messages.c.seq,
        select(_knowledge.c.revision).scalar_subquery().label("knowledge_revision"),
    )
    .join(messages, messages.c.conversation_id == conversations.c.id)
    .where(messages.c.id == bindparam("message"))
)
_MESSAGES_OF_TURN = (
    select(*MESSAGE_COLUMNS)
    .where(
        or_(
            messages.c.reply_to == bindparam("message"),
            (messages.c.conversation_id == bindparam("conversation"))
            & messages.c.seq.between(bindparam("first"), bindparam("last")),
        )
    )
    .order_by(messages.c.seq)
)
_reply = messages.alias("reply")
_asked = messages.alias("asked")
_status = bindparam("new_status", type_=conversations.c.status.type)
_MOVE_ON = (
    update(conversations)
    .where(
        conversations.c.id
        == select(_asked.c.conversation_id)
        .where(_asked.c.id == bindparam("message"))
        .scalar_subquery(),
        conversations.c.epoch == bindparam("known_epoch"),
        ~exists().where(_reply.c.reply_to == bindparam("message")),
    )
    .values(
        last_seq=conversations.c.last_seq + 1,
        updated_at=bindparam("now"),
        status=func.coalesce(_status, conversations.c.status),
        epoch=conversations.c.epoch
        + case((func.coalesce(_status, conversations.c.status) != conversations.c.status, 1),
               else_=0),
        waiting_since=case(
            (_status.is_(None) | (_status == conversations.c.status),
             conversations.c.waiting_since),
            (_status == ConversationStatus.WAITING.value,
             bindparam("now", type_=conversations.c.waiting_since.type)),
            else_=null(),
        ),
        state=func.coalesce(
            bindparam("new_state", type_=conversations.c.state.type), conversations.c.state
        ),
        language=func.coalesce(
            bindparam("new_language", type_=conversations.c.language.type),
            conversations.c.language,
        ),
    )
    .returning(conversations.c.id, conversations.c.last_seq)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reply changes beside its own row, and the epoch that it was prepared in."""

    epoch: int
    status: ConversationStatus | None
    state: dict[str, Any] | None
    language: str | None
    outbox: tuple[str, str] | None
    review: str | None
    asked_again: int | None = None
    """The earlier message whose question this one asks again."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an operator or the system says."""

    role: Role
    text: str
    masked_text: str
    staff_id: int | None
    external_id: str | None = None


def receive(session: Session, new: NewMessage) -> Received:
    """Store a customer's message, or find the one with the same external id."""
    now = utc_now()
    seq, epoch = _take_seq(session, new.conversation_id, now)
    connection = session.connection()
    store = _STORE_ONCE[connection.dialect.name]
    row = connection.execute(store, customer_message_values(new, seq, now)).one_or_none()
    if row is not None:
        if new.attachment is not None:
            attached = {"message_id": row.id, **asdict(new.attachment)}
            connection.execute(insert(_attachments).values(attached))
        return Received(message_from(row), None, is_new=True, epoch=epoch)
    connection.execute(_GIVE_SEQ_BACK, {"conversation": new.conversation_id})
    message = by_external_id(session, new.conversation_id, new.external_id)
    if message is None:
        raise NotFoundError(f"there is no message {new.external_id!r}")
    return Received(message, reply_to(session, message.id), is_new=False, epoch=epoch)


def read_turn(session: Session, message_id: int, *, history: int) -> Turn:
    """The conversation's state, the messages before this one, and a reply it may have."""
    connection = session.connection()
    row = connection.execute(_STATE_OF_TURN, {"message": message_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no message {message_id}")
    near = connection.execute(
        _MESSAGES_OF_TURN,
        {"message": message_id, "conversation": row.id,
         "first": row.seq - history, "last": row.seq - 1},
    )  # fmt: skip
    found = [message_from(each) for each in near]
    return Turn(
        conversation=conversation_from(row),
        history=tuple(message for message in found if message.seq < row.seq),
        reply=next((message for message in found if message.reply_to == message_id), None),
        knowledge_revision=row.knowledge_revision,
    )


def by_external_id(session: Session, conversation_id: str, external_id: str) -> Message | None:
    """The message that the channel knows by this id."""
    known = {"conversation": conversation_id, "external": storable(external_id)}
    row = session.connection().execute(_BY_EXTERNAL_ID, known).one_or_none()
    return None if row is None else message_from(row)


def reply_to(session: Session, message_id: int) -> Message | None:
    """The reply to this message, if it has one."""
    row = session.connection().execute(_REPLY_TO, {"message": message_id}).one_or_none()
    return None if row is None else message_from(row)


def record(session: Session, message_id: int, reply: NewReply, changes: Changes) -> Message:
    """Store the one reply to a message, or raise and have nothing written."""
    now = utc_now()
    moved = session.connection().execute(
        _MOVE_ON,
        {"message": message_id, "known_epoch": changes.epoch, "now": now,
         "new_status": changes.status and changes.status.value, "new_state": changes.state,
         "new_language": changes.language},
    ).one_or_none()  # fmt: skip
    if moved is None:
        raise _refusal(session, message_id, changes.epoch)
    values = reply_values(
        reply, reply_to=message_id, conversation_id=moved.id, seq=moved.last_seq, now=now
    )
    try:
        stored = message_from(session.connection().execute(_INSERT_MESSAGE, values).one())
    except IntegrityError as error:
        # On PostgreSQL two servers can both see no reply; the unique index lets one through.
        raise ConflictError(
            f"the reply to message {message_id} was refused ({reason_of(error)}); "
            "read the turn again"
        ) from error
    if changes.outbox is not None:
        _push(session, stored.id, changes.outbox, now)
    if changes.review is not None:
        add_review_item(session, message_id, kind=changes.review, guess=reply.intent)
    if changes.asked_again is not None:
        earlier = reply_to(session, changes.asked_again)
        guess = None if earlier is None else earlier.intent
        add_review_item(session, changes.asked_again, kind=ReviewKind.REPHRASED, guess=guess)
    return stored


def say(
    session: Session, conversation_id: str, spoken: Spoken, outbox: tuple[str, str] | None
) -> Message:
    """Store a message that answers no particular one; the same external id is stored once."""
    now = utc_now()
    seq, _ = _take_seq(session, conversation_id, now)
    if spoken.external_id is not None:
        known = by_external_id(session, conversation_id, spoken.external_id)
        if known is not None:
            session.connection().execute(_GIVE_SEQ_BACK, {"conversation": conversation_id})
            return known
    values = {
        "conversation_id": conversation_id,
        "seq": seq,
        "role": spoken.role.value,
        "text": spoken.text,
        "masked_text": spoken.masked_text,
        "created_at": now,
        "staff_id": spoken.staff_id,
        "external_id": spoken.external_id,
    }
    stored = message_from(session.connection().execute(_INSERT_MESSAGE, values).one())
    if outbox is not None:
        _push(session, stored.id, outbox, now)
    return stored


def _take_seq(session: Session, conversation_id: str, now: datetime) -> tuple[int, int]:
    """The next seq of a conversation, and the epoch that it is in."""
    taken = {"conversation": conversation_id, "now": now}
    row = session.connection().execute(_TAKE_SEQ, taken).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no conversation {conversation_id!r}")
    return int(row.last_seq), int(row.epoch)


def _refusal(session: Session, message_id: int, epoch: int) -> Exception:
    row = session.connection().execute(_STATE_OF_TURN, {"message": message_id}).one_or_none()
    if row is None:
        return NotFoundError(f"there is no message {message_id}")
    if reply_to(session, message_id) is not None:
        return ConflictError(f"message {message_id} has its one reply already")
    return EpochMovedError(
        f"the reply was prepared in epoch {epoch} of conversation {row.id}, "
        f"which is in epoch {row.epoch} now"
    )


def _push(session: Session, message_id: int, to: tuple[str, str], now: datetime) -> None:
    channel, target = to
    values = {
        "message_id": message_id,
        "channel": channel,
        "target": target,
        "status": DeliveryStatus.PENDING.value,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
        "updated_at": now,
    }
    session.connection().execute(insert(_outbox).values(values))
