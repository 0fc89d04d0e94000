"""A customer to talk with, on either database."""

from __future__ import annotations

from typing import Any

import pytest

from storage.conversations import Conversations
from storage.database import Database
from storage.types import Conversation, Message, NewMessage, NewReply, Received, Turn


class Talk:
    """Short ways to hold a conversation; each method is a session of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def open(self, channel: str = "web", **values: Any) -> Conversation:
        with self.database.session() as session:
            return Conversations(session).create(channel, **values)

    def receive(
        self, conversation: Conversation, external_id: str = "m1", text: str = "到哪了？"
    ) -> Received:
        new = NewMessage(conversation.id, external_id, text=text, masked_text=text, language="zh")
        with self.database.session() as session:
            return Conversations(session).receive(new)

    def turn(self, message: Message, **values: Any) -> Turn:
        with self.database.session(read_only=True) as session:
            return Conversations(session).turn(message.id, **values)

    def record(
        self,
        message: Message,
        reply: NewReply | None = None,
        *,
        epoch: int = 0,
        **changes: Any,
    ) -> Message:
        reply = reply or self.reply()
        with self.database.session() as session:
            return Conversations(session).record(message.id, reply, epoch=epoch, **changes)

    def reply(self, text: str = "在路上。", **values: Any) -> NewReply:
        values = {"language": "zh", "decision": "template", **values}
        return NewReply(text=text, masked_text=text, **values)

    def answered(
        self, conversation: Conversation, external_id: str = "m1", **reply: Any
    ) -> Message:
        message = self.receive(conversation, external_id).message
        return self.record(message, self.reply(**reply))

    def messages(self, conversation: Conversation) -> list[Message]:
        with self.database.session(read_only=True) as session:
            return Conversations(session).messages_after(conversation.id, 0, limit=10_000)

    def get(self, conversation: Conversation) -> Conversation:
        with self.database.session(read_only=True) as session:
            return Conversations(session).get(conversation.id)


@pytest.fixture
def talk(database: Database) -> Talk:
    return Talk(database)
