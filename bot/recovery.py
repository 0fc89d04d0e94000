"""Answers what a crash left unanswered."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from bot.logs import logger
from bot.pipeline import Pipeline
from bot.types import Reply
from bot.work import Work
from storage.conversations import Conversations
from storage.types import Message


async def recover(
    work: Work, pipeline: Pipeline, *, channels: Collection[str] | None = None
) -> list[Reply]:
    """Answer every accepted message that has no reply, oldest first; of these channels, or all.

    A button that was pressed is known again by its words. Two processes that recover the same
    message give it one reply, because a second one is refused.
    """
    left = await work.read(lambda session: _unanswered(session, channels))
    if left:
        logger("recovery").info("recovering", messages=len(left))
    return [await pipeline.answer(message) for message in left]


def _unanswered(session: Session, channels: Collection[str] | None) -> list[Message]:
    conversations = Conversations(session)
    left = conversations.unanswered()
    if channels is None:
        return left
    ids = {message.conversation_id for message in left}
    mine = {each for each in ids if conversations.get(each).channel in channels}
    return [message for message in left if message.conversation_id in mine]
