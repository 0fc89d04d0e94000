"""What operators see of all conversations at once, and customers of the queue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from storage.base import table_of
from storage.errors import NotFoundError
from storage.messages import conversations, customers, messages
from storage.models import StaffRow
from storage.types import ConversationStatus, DeskEntry, Mark, Role, Standing

_staff = table_of(StaffRow)
_EXCERPT = 200
_SPOKEN = (Role.CUSTOMER.value, Role.OPERATOR.value)


class OperatorQueue:
    """Reads only; moves are made through `Conversations`."""

    def __init__(self, session: Session) -> None:
        """Work within this session."""
        self._session = session

    def standing(self, conversation_id: str) -> Standing:
        """Who answers a conversation now, and its place in the queue if it waits."""
        query = (
            select(
                conversations.c.status,
                conversations.c.epoch,
                conversations.c.waiting_since,
                _staff.c.name,
            )
            .outerjoin(_staff, _staff.c.id == conversations.c.staff_id)
            .where(conversations.c.id == conversation_id)
        )
        row = self._session.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no conversation {conversation_id!r}")
        status = ConversationStatus(row.status)
        if status is ConversationStatus.WAITING:
            place = self._ahead(conversation_id, row.waiting_since) + 1
            return Standing(status, row.epoch, position=place)
        operator = row.name if status is ConversationStatus.PERSON else None
        return Standing(status, row.epoch, operator=operator)

    def marks(self, conversation_ids: Collection[str]) -> dict[str, Mark]:
        """How far these conversations are; one that is gone is left out."""
        columns = (conversations.c.id, conversations.c.last_seq, conversations.c.epoch,
                   conversations.c.status)  # fmt: skip
        query = select(*columns).where(conversations.c.id.in_(conversation_ids))
        rows = self._session.execute(query).all()
        waiting = ConversationStatus.WAITING.value
        line = self._line() if any(row.status == waiting for row in rows) else None
        return {
            row.id: Mark(row.last_seq, row.epoch, line if row.status == waiting else None)
            for row in rows
        }

    def _line(self) -> str:
        """Who joins comes last, and who leaves is one less: either changes this."""
        count, last = func.count(), func.max(conversations.c.waiting_since)
        waiting = conversations.c.status == ConversationStatus.WAITING.value
        row = self._session.execute(select(count, last).where(waiting)).one()
        return f"{row[0]} {row[1]}"

    def _ahead(self, conversation_id: str, since: Any) -> int:  # noqa: ANN401 (a column's value)
        waiting = conversations.c.status == ConversationStatus.WAITING.value
        earlier = or_(
            conversations.c.waiting_since < since,
            and_(conversations.c.waiting_since == since, conversations.c.id < conversation_id),
        )
        query = select(func.count()).select_from(conversations).where(waiting, earlier)
        return int(self._session.scalar(query) or 0)

    def waiting(self, limit: int = 200) -> list[DeskEntry]:
        """Who waits for a person, the longest first."""
        query = _entries(conversations.c.status == ConversationStatus.WAITING.value)
        query = query.order_by(conversations.c.waiting_since, conversations.c.id)
        return self._read(query.limit(limit))

    def held(self, limit: int = 200) -> list[DeskEntry]:
        """What people have now, the latest activity first."""
        query = _entries(conversations.c.status == ConversationStatus.PERSON.value)
        return self._read(query.order_by(conversations.c.updated_at.desc()).limit(limit))

    def entry(self, conversation_id: str) -> DeskEntry:
        """One conversation, whoever answers it."""
        found = self._read(_entries(conversations.c.id == conversation_id))
        if not found:
            raise NotFoundError(f"there is no conversation {conversation_id!r}")
        return found[0]

    def authors(self, conversation_id: str, seqs: Collection[int]) -> dict[int, str]:
        """The names of the staff who wrote these messages, by seq."""
        if not seqs:
            return {}
        query = (
            select(messages.c.seq, _staff.c.name)
            .join(_staff, _staff.c.id == messages.c.staff_id)
            .where(messages.c.conversation_id == conversation_id, messages.c.seq.in_(seqs))
        )
        return {row.seq: row.name for row in self._session.execute(query)}

    def _read(self, query: Select[Any]) -> list[DeskEntry]:
        rows = self._session.execute(query).all()
        newest = self._newest([row.id for row in rows])
        return [_entry(row, newest.get(row.id)) for row in rows]

    def _newest(self, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Role and text of the newest message that a person wrote, per conversation."""
        if not ids:
            return {}
        last = (
            select(messages.c.conversation_id, func.max(messages.c.seq).label("seq"))
            .where(messages.c.conversation_id.in_(ids), messages.c.role.in_(_SPOKEN))
            .group_by(messages.c.conversation_id)
            .subquery()
        )
        query = select(messages.c.conversation_id, messages.c.role, messages.c.text).join(
            last,
            and_(
                last.c.conversation_id == messages.c.conversation_id, last.c.seq == messages.c.seq
            ),
        )
        return {row.conversation_id: (row.role, row.text) for row in self._session.execute(query)}


def _entries(condition: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            conversations.c.id,
            conversations.c.channel,
            conversations.c.status,
            conversations.c.language,
            conversations.c.customer_id,
            conversations.c.staff_id,
            conversations.c.waiting_since,
            conversations.c.updated_at,
            customers.c.external_id,
            customers.c.attributes,
            _staff.c.name,
        )
        .join(customers, customers.c.id == conversations.c.customer_id)
        .outerjoin(_staff, _staff.c.id == conversations.c.staff_id)
        .where(condition)
    )


def _entry(row: Row[Any], newest: tuple[str, str] | None) -> DeskEntry:
    role, text = newest or (None, "")
    return DeskEntry(
        id=row.id,
        channel=row.channel,
        status=ConversationStatus(row.status),
        language=row.language,
        customer_id=row.customer_id,
        customer=row.external_id,
        attributes=row.attributes or {},
        operator_id=row.staff_id,
        operator=row.name,
        waiting_since=row.waiting_since,
        updated_at=row.updated_at,
        last_role=None if role is None else Role(role),
        last_text=text[:_EXCERPT],
    )
