"""What the operators' group shows: cards of conversations, and the messages below them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from storage.conversations import Conversations
from storage.database import insert_or_ignore
from storage.messages import CONVERSATION_COLUMNS, conversation_from, conversations
from storage.models import DeskPostRow, DeskThreadRow
from storage.types import Conversation, ConversationStatus, DeskThread, Message, Role

_HELD = (ConversationStatus.WAITING.value, ConversationStatus.PERSON.value)


@dataclass(frozen=True, slots=True)
class DeskNews:
    """A conversation that the group does not show as it is.

    `history` are its last messages, oldest first; `unseen` those of the customer that came since.
    """

    conversation: Conversation
    thread: DeskThread | None
    history: tuple[Message, ...]
    unseen: tuple[Message, ...]
    last_seq: int
    waiting: int

    @property
    def wants_card(self) -> bool:
        """Whether this is a new hand-off, rather than a change of one that is shown."""
        if self.conversation.status is not ConversationStatus.WAITING:
            return False
        return self.thread is None or self.thread.epoch != self.conversation.epoch


class Desk:
    """The operators' group in one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def news(self, *, shown: int = 6, limit: int = 20) -> list[DeskNews]:
        """What the group must be told, in the order in which the conversations moved."""
        threads = DeskThreadRow
        held = conversations.c.status.in_(_HELD)
        query = (
            select(*CONVERSATION_COLUMNS, conversations.c.last_seq)
            .outerjoin(threads, threads.conversation_id == conversations.c.id)
            .where(
                or_(
                    threads.conversation_id.is_(None)
                    & (conversations.c.status == ConversationStatus.WAITING.value),
                    threads.epoch != conversations.c.epoch,
                    held & (threads.seq < conversations.c.last_seq),
                )
            )
            .order_by(conversations.c.updated_at)
            .limit(limit)
        )
        waiting = self._waiting()
        return [
            self._news(conversation_from(row), row.last_seq, shown, waiting)
            for row in self._session.execute(query).all()
        ]

    def thread(self, conversation_id: str) -> DeskThread | None:
        """How the group shows this conversation."""
        row = self._session.get(DeskThreadRow, conversation_id, populate_existing=True)
        return None if row is None else _thread(row)

    def put(self, thread: DeskThread) -> None:
        """The group shows this now."""
        self._session.merge(
            DeskThreadRow(
                conversation_id=thread.conversation_id,
                card=thread.card,
                epoch=thread.epoch,
                status=thread.status.value,
                seq=thread.seq,
            )
        )
        self._session.flush()

    def post(self, reference: str, conversation_id: str) -> None:
        """A reply to this message of the group belongs to that conversation."""
        values = {"reference": reference, "conversation_id": conversation_id}
        self._session.execute(insert_or_ignore(self._session, DeskPostRow).values(values))

    def conversation_of(self, reference: str) -> str | None:
        """The conversation that a message of the group is about."""
        row = self._session.get(DeskPostRow, reference)
        return None if row is None else row.conversation_id

    def _waiting(self) -> int:
        query = select(func.count()).where(
            conversations.c.status == ConversationStatus.WAITING.value
        )
        return int(self._session.scalar(query) or 0)

    def _news(
        self, conversation: Conversation, last_seq: int, shown: int, waiting: int
    ) -> DeskNews:
        repository = Conversations(self._session)
        thread = self.thread(conversation.id)
        history = repository.messages_after(conversation.id, max(0, last_seq - shown))
        unseen: list[Message] = []
        if thread is not None and conversation.status.value in _HELD:
            since = repository.messages_after(conversation.id, thread.seq)
            unseen = [message for message in since if message.role is Role.CUSTOMER]
            last_seq = since[-1].seq if since else last_seq
        return DeskNews(conversation, thread, tuple(history), tuple(unseen), last_seq, waiting)


def _thread(row: DeskThreadRow) -> DeskThread:
    status = ConversationStatus(row.status)
    return DeskThread(row.conversation_id, row.card, row.epoch, status, row.seq)
