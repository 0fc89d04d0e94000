"""Messages and the state of a conversation, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.handoff import is_open
from bot.web.schemas import MessageOut, StandingOut, message_out
from bot.web.state import Web
from storage.files import StoredFiles
from storage.queue import OperatorQueue
from storage.types import Message, Role, Standing


def shown(
    session: Session, conversation_id: str, messages: Sequence[Message], *, epoch: int
) -> list[MessageOut]:
    """Messages with their files and the names of the staff who wrote them.

    Files are taken once a person was asked for, which moves the epoch: before that there are none
    to look for, and most conversations never come to it.
    """
    people = (Role.CUSTOMER, Role.OPERATOR)
    ids = [m.external_id for m in messages if m.role in people and m.external_id]
    files = StoredFiles(session).of_messages(conversation_id, ids if epoch else ())
    spoken = [m.seq for m in messages if m.role is Role.OPERATOR]
    authors = OperatorQueue(session).authors(conversation_id, spoken)
    return [
        message_out(message, files.get(message.external_id or ""), authors.get(message.seq))
        for message in messages
    ]


def standing(web: Web, now: Standing) -> StandingOut:
    """Who answers now, for the customer."""
    return StandingOut(
        status=now.status,
        epoch=now.epoch,
        position=now.position,
        operator=now.operator,
        open=is_open(web.services.shop),
        staffed=web.operators.count > 0,
    )
