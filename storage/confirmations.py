"""What conversations confirm by themselves: pressed buttons, thumbs up, operators' answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.base import chunks, table_of
from storage.messages import MESSAGE_COLUMNS, conversations, message_from, messages
from storage.models import FeedbackRow
from storage.types import Confirmed, Message, Role

_feedback = table_of(FeedbackRow)
_TEMPLATE, _CLARIFY = "template", "clarify"
_CLOSE, _CHOSEN = "close", "chosen"
_BUTTON = "intent:"


class Confirmations:
    """What one session finds confirmed; nothing is written."""

    def __init__(self, session: Session) -> None:
        """Read within this session."""
        self._session = session

    def pressed(self) -> list[Confirmed]:
        """Questions whose intent the customer chose from the buttons of "did you mean"."""
        said = (
            select(*MESSAGE_COLUMNS)
            .where(
                messages.c.role == Role.BOT.value,
                messages.c.decision.in_((_TEMPLATE, _CLARIFY)),
                messages.c.conversation_id.in_(
                    select(messages.c.conversation_id).where(messages.c.decision == _CLARIFY)
                ),
            )
            .order_by(messages.c.conversation_id, messages.c.seq)
        )
        disliked = set(
            self._session.scalars(select(_feedback.c.message_id).where(_feedback.c.value == -1))
        )
        chosen: dict[int, str] = {}
        offer: Message | None = None
        for reply in map(message_from, self._session.execute(said)):
            reason = reply.trace.get("reason")
            if reply.decision == _CLARIFY and reason == _CLOSE:
                offer = reply
            elif reason == _CHOSEN and reply.id not in disliked:
                question = _question_of(offer, reply)
                if question is not None:
                    chosen[question] = str(reply.intent)
        return self._confirmed(chosen)

    def thumbs_up(self) -> list[Confirmed]:
        """Questions whose template the customer liked; a button's text is no question."""
        query = (
            select(*MESSAGE_COLUMNS)
            .join(_feedback, _feedback.c.message_id == messages.c.id)
            .where(
                _feedback.c.value == 1,
                messages.c.decision == _TEMPLATE,
                messages.c.intent.is_not(None),
                messages.c.reply_to.is_not(None),
            )
        )
        liked = map(message_from, self._session.execute(query))
        return self._confirmed(
            {
                reply.reply_to or 0: str(reply.intent)
                for reply in liked
                if reply.trace.get("reason") != _CHOSEN
            }
        )

    def told_by_operators(self) -> Iterator[list[Message]]:
        """The messages of each conversation in which an operator spoke, in order."""
        spoken = select(messages.c.conversation_id).where(messages.c.role == Role.OPERATOR.value)
        query = (
            select(*MESSAGE_COLUMNS)
            .where(messages.c.conversation_id.in_(spoken))
            .order_by(messages.c.conversation_id, messages.c.seq)
        )
        found = map(message_from, self._session.execute(query))
        for _, told in groupby(found, key=lambda message: message.conversation_id):
            yield list(told)

    def answered(self, intents: Mapping[int, str]) -> list[Confirmed]:
        """The customers' messages of these ids as confirmed questions of their intents."""
        return self._confirmed(intents)

    def _confirmed(self, intents: Mapping[int, str]) -> list[Confirmed]:
        found: list[Confirmed] = []
        for some in chunks(sorted(intents)):
            query = (
                select(
                    messages.c.id, conversations.c.customer_id, messages.c.masked_text,
                    messages.c.language, conversations.c.language.label("spoken"),
                    messages.c.created_at,
                )
                .join(conversations, conversations.c.id == messages.c.conversation_id)
                .where(messages.c.id.in_(some), messages.c.role == Role.CUSTOMER.value)
                .order_by(messages.c.id)
            )  # fmt: skip
            found += [
                Confirmed(
                    message_id=row.id,
                    customer_id=row.customer_id,
                    question=row.masked_text,
                    language=row.language or row.spoken or "",
                    intent=intents[row.id],
                    asked_at=row.created_at,
                )
                for row in self._session.execute(query)
            ]
        return found


def _question_of(offer: Message | None, reply: Message) -> int | None:
    """The message whose question a pressed button settled; None unless the offer had the button."""
    if offer is None or offer.conversation_id != reply.conversation_id:
        return None
    payload = f"{_BUTTON}{reply.intent}"
    offered = any(button.payload == payload for button in offer.quick_replies)
    return offer.reply_to if offered else None
