"""Customers of a channel: which conversation is theirs, and what is known of reaching them."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.base import storable, utc_now
from storage.conversations import Conversations
from storage.database import insert_or_ignore
from storage.messages import conversations, customers, messages
from storage.types import Conversation


class Customers:
    """The customers of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def conversation(
        self, channel: str, external_customer_id: str, external_id: str | None = None
    ) -> Conversation:
        """The conversation that a message of this customer belongs to, opened if there is none.

        It is the one that has the message `external_id` already, closed or not, else the newest
        that is not closed. Two processes that ask at once get the same one.
        """
        found = self._locked(channel, external_customer_id)
        if found is None:
            values = {
                "channel": channel,
                "external_id": external_customer_id,
                "created_at": utc_now(),
            }
            self._session.execute(insert_or_ignore(self._session, customers).values(values))
            found = self._locked(channel, external_customer_id)
        repository = Conversations(self._session)
        known = self._with_message(found, external_id)
        if known is not None:
            return repository.get(known)
        newest = repository.find_for_customer(channel, external_customer_id)
        return newest or repository.create(channel, external_customer_id=external_customer_id)

    def id_of(self, channel: str, external_customer_id: str) -> int | None:
        """The customer's number, if the channel has such a customer."""
        query = select(customers.c.id).where(
            customers.c.channel == channel, customers.c.external_id == external_customer_id
        )
        return self._session.scalar(query)

    def choose_language(self, conversation_id: str, language: str) -> None:
        """What the customer wants to read until their own words say otherwise."""
        chosen = update(conversations).where(conversations.c.id == conversation_id)
        self._session.execute(chosen.values(language=language))

    def set_reachable(self, channel: str, external_customer_id: str, *, reachable: bool) -> None:
        """Mark, or unmark, this customer's conversations as not to be reached."""
        owner = select(customers.c.id).where(
            customers.c.channel == channel, customers.c.external_id == external_customer_id
        )
        blocked = conversations.c.unreachable_since
        changed = update(conversations).where(
            conversations.c.customer_id.in_(owner),
            blocked.is_not(None) if reachable else blocked.is_(None),
        )
        self._session.execute(changed.values(unreachable_since=None if reachable else utc_now()))

    def _locked(self, channel: str, external_customer_id: str) -> int | None:
        query = select(customers.c.id).where(
            customers.c.channel == channel, customers.c.external_id == external_customer_id
        )
        return self._session.scalar(query.with_for_update())

    def _with_message(self, customer_id: int | None, external_id: str | None) -> str | None:
        if external_id is None:
            return None
        query = (
            select(messages.c.conversation_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(
                conversations.c.customer_id == customer_id,
                messages.c.external_id == storable(external_id),
            )
        )
        return self._session.scalar(query)
