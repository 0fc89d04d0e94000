"""Where a reply of the customer's own conversation is from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session

from bot.citing import CitedPlace, cited_place
from bot.loading import today_in
from bot.web.auth import OwnConversation
from bot.web.conversations import MAX_ID, RowId, errors
from bot.web.schemas import Out
from bot.web.state import WebDep
from storage.conversations import Conversations
from storage.errors import NotFoundError
from storage.types import Citation

router = APIRouter(prefix="/api", tags=["customers"])

Number = Annotated[int, Path(ge=1, le=MAX_ID)]


class CitedPlaceOut(Out):
    """Cited words within the text around them, which is never more than a part of the document.

    `start` and `end` count characters (Unicode code points) of `text`. `changed`: the document
    does not say it any more, and `text` is the evidence as it was stored with the reply.
    """

    title: str
    heading: str
    text: str
    start: int
    end: int
    changed: bool
    more_before: bool
    more_after: bool


@router.get(
    "/conversations/{conversation_id}/messages/{message_id}/citations/{n}",
    responses=errors(401, 403, 404, 422, 503),
)
async def citation(
    web: WebDep, own: OwnConversation, message_id: RowId, n: Number
) -> CitedPlaceOut:
    """The place that the number `n` of a reply points to, with the text around it."""
    settings = web.services.settings

    def place(session: Session) -> CitedPlace:
        cited = _citation(session, own.conversation.id, message_id, n)
        return cited_place(session, cited, today_in(settings)())

    return CitedPlaceOut.model_validate(await web.services.work.read(place))


def _citation(session: Session, conversation_id: str, message_id: int, n: int) -> Citation:
    message = Conversations(session).message(message_id)
    if message.conversation_id == conversation_id:
        for each in message.citations:
            if each.n == n:
                return each
    raise NotFoundError(f"message {message_id} of this conversation has no citation {n}")
