"""Records of the operators' desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.types_talk import ConversationStatus, Role


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers a conversation now; the higher epoch is the newer word on that.

    `position` counts from 1 in the queue of those who wait for a person; `operator` is the name
    of the person who has the conversation.
    """

    status: ConversationStatus
    epoch: int
    position: int | None = None
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a conversation is: who has heard of it up to here has nothing to read.

    `line` stands for the whole queue, and is there for who waits in it: it differs after anybody
    has joined or left.
    """

    last_seq: int
    epoch: int
    line: str | None = None


@dataclass(frozen=True, slots=True)
class DeskEntry:
    """A conversation as operators see it in their list.

    `customer` is the external id, `last_text` the newest message that a person wrote.
    """

    id: str
    channel: str
    status: ConversationStatus
    language: str | None
    customer_id: int
    customer: str | None
    attributes: Mapping[str, Any]
    operator_id: int | None
    operator: str | None
    waiting_since: datetime | None
    updated_at: datetime
    last_role: Role | None
    last_text: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A customer's file without its content; `external_id` is that of its message."""

    id: str
    conversation_id: str
    external_id: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A wording to use again, per language."""

    id: int
    title: str
    texts: Mapping[str, str]
    editor: str
    updated_at: datetime
