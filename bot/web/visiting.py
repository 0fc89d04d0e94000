"""Around a conversation: renew its token, say who one is, typing, rating, transcript."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from bot.announce import announce_customer_typing
from bot.transcript import transcript
from bot.web.auth import OwnConversation, address_of
from bot.web.conversations import OWN, errors
from bot.web.identity import IdentityNotConfiguredError, apply_identity, read_identity
from bot.web.schemas import IdentityIn, NewConversationOut, RatingIn
from bot.web.state import WebDep
from bot.web.text import clean_text
from storage.conversations import Conversations
from storage.errors import ConflictError
from storage.feedback import save_rating
from storage.types import ConversationStatus, Message

router = APIRouter(prefix="/api/conversations/{conversation_id}", tags=["customers"])

TRANSCRIPT_MESSAGES = 5000


@router.post("/token", responses=OWN)
async def renew(web: WebDep, owned: OwnConversation) -> NewConversationOut:
    """A new token for the one that is still good."""
    visit = owned.visit
    token = web.visitors.issue(visit.conversation, visit.origin, visit.visitor)
    return NewConversationOut(conversation=visit.conversation, token=token)


@router.post("/identity", status_code=204, responses=OWN | errors(400, 409, 413, 429))
async def identify(
    request: Request, web: WebDep, owned: OwnConversation, body: IdentityIn
) -> Response:
    """Say who the visitor is, by a token that the company's server has signed for this once."""
    secret = web.services.settings.identity_secret
    if secret is None:
        raise IdentityNotConfiguredError(
            "set KEFU_IDENTITY_SECRET to accept identities that are signed with it"
        )
    web.limits.count(owned.visit.visitor, address_of(request))
    identity = read_identity(body.token, secret.get_secret_value())
    conversation_id = owned.conversation.id
    await web.services.work.run(lambda s: apply_identity(s, conversation_id, identity))
    return Response(status_code=204)


@router.post("/typing", status_code=204, responses=OWN)
async def typing(web: WebDep, owned: OwnConversation) -> Response:
    """The customer is writing: the person who has the conversation sees it."""
    announce_customer_typing(web.services.events, owned.conversation.id)
    return Response(status_code=204)


@router.post("/rating", status_code=204, responses=OWN | errors(400, 409, 413))
async def rate(web: WebDep, owned: OwnConversation, body: RatingIn) -> Response:
    """Say what a conversation was worth, once it has ended; saying it again replaces it."""
    conversation = owned.conversation
    if conversation.status is not ConversationStatus.CLOSED:
        raise ConflictError("a conversation can be rated when it has ended")
    comment = clean_text(body.comment) if body.comment else None
    await web.services.work.run(
        lambda session: save_rating(session, conversation.id, body.score, comment)
    )
    return Response(status_code=204)


@router.get(
    "/transcript",
    response_class=Response,
    responses=OWN | {200: {"content": {"text/plain": {}}, "description": "The transcript."}},
)
async def transcript_of(web: WebDep, owned: OwnConversation) -> Response:
    """The whole conversation as plain text, to keep."""
    conversation = owned.conversation

    def read(session: Session) -> list[Message]:
        conversations = Conversations(session)
        return conversations.messages_after(conversation.id, 0, limit=TRANSCRIPT_MESSAGES)

    messages = await web.services.work.read(read)
    language = conversation.language or web.services.shop.language
    text = transcript(messages, language, web.services.shop)
    return Response(
        text,
        media_type="text/plain",
        headers={"Content-Disposition": f'attachment; filename="chat-{conversation.id[:8]}.txt"'},
    )
