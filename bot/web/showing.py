"""Messages and the state of a conversation, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.handoff import is_open
from bot.web.schemas import MessageOut, StandingOut, message_out
from bot.web.state import Web
from storage.attachments import Attachments
from storage.desk import Desk
from storage.types import Message, Role, Standing


def shown(session: Session, conversation_id: str, messages: Sequence[Message]) -> list[MessageOut]:
    """Messages with their files and the names of the staff who wrote them."""
    ids = [m.external_id for m in messages if m.role is Role.CUSTOMER and m.external_id]
    files = Attachments(session).of_messages(conversation_id, ids)
    spoken = [m.seq for m in messages if m.role is Role.OPERATOR]
    authors = Desk(session).authors(conversation_id, spoken)
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
