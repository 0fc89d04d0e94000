"""The passage between bot and person, and the ways staff and customer move along it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from sqlalchemy.orm import Session

from bot.announce import announce_message, announce_status
from bot.events import Events
from bot.files import CheckedFile
from bot.replies import handoff_text
from bot.types import PUSHING_CHANNELS, Decision, DecisionKind, ShopFacts
from bot.work import Work
from finetune.operators import LOOKED_AT, answered_question
from storage.conversations import Conversations
from storage.files import StoredFiles
from storage.normalise import text_key
from storage.privacy import mask
from storage.templates import Templates
from storage.types import Conversation, ConversationStatus, Message, ReviewKind, Role


def next_status(decision: Decision, status: ConversationStatus) -> ConversationStatus | None:
    """Who answers after this decision; None if that does not change."""
    if decision.kind is DecisionKind.HANDOFF:
        wanted = ConversationStatus.WAITING
    elif decision.kind is DecisionKind.RELAY:
        wanted = status
    else:
        # The bot answered: also where the customer came back to it, or to a closed conversation.
        wanted = ConversationStatus.BOT
    return wanted if wanted is not status else None


def is_open(shop: ShopFacts) -> bool:
    """Whether people are there to answer now, as far as the shop's hours are known."""
    return shop.office is None or shop.office.are_open(datetime.now(UTC))


class Handoff:
    """Moves conversations between bot and people and tells their listeners.

    Each move takes effect at once, without waiting for a turn in progress: it moves the epoch,
    so a reply of the bot that is still being made is withdrawn.
    """

    def __init__(self, work: Work, events: Events, shop: ShopFacts) -> None:
        """`shop` says when people are there to answer."""
        self._work = work
        self._events = events
        self._shop = shop

    async def request(self, conversation_id: str) -> Message:
        """The customer wants a person: queue the conversation; returns the note that says so.

        A conversation that a person holds stays with that person.
        """
        conversation, note = await self._work.run(partial(self._request, conversation_id))
        announce_status(self._events, conversation)
        announce_message(self._events, note)
        return note

    async def take(self, conversation_id: str, staff_id: int) -> Conversation:
        """A member of staff takes the conversation over; the bot falls silent."""
        return await self._move(conversation_id, ConversationStatus.PERSON, staff_id)

    async def give_back(self, conversation_id: str) -> Conversation:
        """The bot answers again."""
        return await self._move(conversation_id, ConversationStatus.BOT)

    async def close(self, conversation_id: str) -> Conversation:
        """The matter is settled; a later message of the customer wakes the bot."""
        return await self._move(conversation_id, ConversationStatus.CLOSED)

    async def say(
        self, conversation_id: str, staff_id: int, text: str, *, external_id: str | None = None
    ) -> Message:
        """What a member of staff writes to the customer.

        The same `external_id` (the channel's own id of the message) is said once.
        """
        unit = partial(self._say, conversation_id, staff_id, text, external_id)
        message = await self._work.run(unit)
        announce_message(self._events, message)
        return message

    async def send_file(self, staff_id: int, found: CheckedFile, caption: str = "") -> Message:
        """A file that a member of staff sends, with its message; sent once per external id."""
        message = await self._work.run(partial(self._send_file, staff_id, found, caption))
        announce_message(self._events, message)
        return message

    async def _move(
        self, conversation_id: str, status: ConversationStatus, staff_id: int | None = None
    ) -> Conversation:
        conversation = await self._work.run(
            lambda s: Conversations(s).set_status(conversation_id, status, staff_id=staff_id)
        )
        announce_status(self._events, conversation)
        return conversation

    def _request(self, conversation_id: str, session: Session) -> tuple[Conversation, Message]:
        conversations = Conversations(session)
        conversation = conversations.get(conversation_id)
        if conversation.status is not ConversationStatus.PERSON:
            conversation = conversations.set_status(conversation_id, ConversationStatus.WAITING)
        text = handoff_text(conversation.language or self._shop.language, self._shop)
        return conversation, self._store(session, conversation, Role.SYSTEM, text)

    def _say(
        self,
        conversation_id: str,
        staff_id: int,
        text: str,
        external_id: str | None,
        session: Session,
    ) -> Message:
        conversations = Conversations(session)
        conversation = conversations.get(conversation_id)
        before = conversations.last_messages(conversation_id, LOOKED_AT)
        question = answered_question(before, text)
        said = self._store(session, conversation, Role.OPERATOR, text, staff_id, external_id)
        if question is not None and Templates(session).find_by_text(text_key(text)) is None:
            # What a template says already is learned without anybody's decision.
            conversations.add_to_review(
                question.id, ReviewKind.OPERATOR_ANSWERED, proposal=said.masked_text
            )
        return said

    def _send_file(
        self, staff_id: int, found: CheckedFile, caption: str, session: Session
    ) -> Message:
        """Nothing is learned from it: a file's name answers no question."""
        conversation = Conversations(session).get(found.file.conversation_id)
        stored = StoredFiles(session).add(found.file, found.content)
        text = caption or stored.name
        return self._store(session, conversation, Role.OPERATOR, text, staff_id, stored.external_id)

    def _store(
        self,
        session: Session,
        conversation: Conversation,
        role: Role,
        text: str,
        staff_id: int | None = None,
        external_id: str | None = None,
    ) -> Message:
        conversations = Conversations(session)
        return conversations.say(
            conversation.id,
            role=role,
            text=text,
            masked_text=mask(text, keep=self._shop.contacts),
            staff_id=staff_id,
            outbox=push_to(conversations, conversation),
            external_id=external_id,
        )


def push_to(conversations: Conversations, conversation: Conversation) -> tuple[str, str] | None:
    """The (channel, target) that a message must be pushed to; None where customers fetch it."""
    if conversation.channel not in PUSHING_CHANNELS:
        return None
    target = conversations.customer_address(conversation.id)
    return None if target is None else (conversation.channel, target)
