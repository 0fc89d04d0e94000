"""What the staff API takes in and gives out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from bot.web.schemas import In, Out, single_line
from bot.web.text import clean_text
from storage.types import ConversationStatus, JobStatus, StaffRole

Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(single_line)]


def _readable(value: str) -> str:
    cleaned = clean_text(value)
    if not cleaned:
        raise ValueError("expected readable text, found none")
    return cleaned


Text = Annotated[str, Field(min_length=1), AfterValidator(_readable)]


class LoginIn(In):
    """Name and password."""

    name: Line
    password: SecretStr = Field(max_length=1000)


class StaffOut(Out):
    """A staff account."""

    id: int
    name: str
    role: StaffRole
    active: bool
    created_at: datetime


class NewStaffIn(In):
    """An account to make."""

    name: Line
    password: SecretStr = Field(min_length=10, max_length=1000)
    role: StaffRole = StaffRole.OPERATOR


class TokenIn(In):
    """An API token to make; without `days` it does not expire."""

    label: Line
    days: int | None = Field(default=None, ge=1, le=3650)


class NewTokenOut(Out):
    """The token, shown this once."""

    token: str
    label: str
    expires_at: datetime | None


class TokenOut(Out):
    """A token without its secret."""

    id: int
    label: str
    created_at: datetime
    expires_at: datetime | None


class ConversationOut(Out):
    """A conversation in a list."""

    id: str
    channel: str
    customer_id: int
    status: ConversationStatus
    epoch: int
    language: str | None
    created_at: datetime


class SayIn(In):
    """What a member of staff writes to the customer."""

    text: Text = Field(max_length=4000)


class StatusIn(In):
    """Where to move a conversation: `take` it, `give_back` to the bot, or `close` it."""

    move: Literal["take", "give_back", "close"]


class BundleOut(Out):
    """A bundle."""

    id: str
    created_at: datetime
    data_fingerprint: str
    metrics: dict[str, Any]
    outcome: str
    live: bool
    promoted_at: datetime | None
    erased_since: datetime | None
    removed_at: datetime | None


class PromoteIn(In):
    """Why a bundle is promoted; `override` passes the gate and is logged."""

    reason: Line = "promoted by hand"
    override: bool = False


class ExplainIn(In):
    """A message that a customer might write."""

    text: Text = Field(max_length=4000)


class JobOut(Out):
    """A background job."""

    id: int
    kind: str
    status: JobStatus
    payload: dict[str, Any]
    progress: float
    detail: str
    result: dict[str, Any] | None
    error: str | None
    attempts: int
    cancelled_by: str | None
    created_at: datetime
    finished_at: datetime | None


class RetrainIn(In):
    """How to retrain; `force` trains on unchanged data too."""

    encoder: Line | None = None
    tuning: Literal["frozen", "full", "lora"] | None = None
    int8: bool | None = None
    force: bool = False


class TemplateOut(Out):
    """A template at its newest revision."""

    id: int
    name: str
    texts: dict[str, list[str]]
    revision: int
    slots: list[str]
    action: str | None
    protected: bool
    origin: str
    retired: bool


class WordingIn(In):
    """The new wordings, per language; languages left out lose theirs."""

    texts: dict[Literal["zh", "en"], Annotated[list[Text], Field(min_length=1, max_length=20)]] = (
        Field(min_length=1)
    )


class DocumentOut(Out):
    """A document of the knowledge base."""

    id: int
    name: str
    title: str
    content_hash: str
    language: str
    kind: str


class UploadIn(In):
    """A document as text; the ending of `name` says how to read it.

    .md, .html, .txt, .csv or .jsonl; other kinds go to /api/admin/knowledge/files.
    """

    name: Line = Field(examples=["returns.md"])
    text: Text


class UploadOut(Out):
    """What became of an uploaded document: added, changed or unchanged."""

    name: str
    outcome: str
    passages: int


class ServiceRequestOut(Out):
    """What a verified customer asked for."""

    id: int
    kind: str
    reference: str
    conversation_id: str
    message_id: int
    order_number: str | None
    details: dict[str, str]
    status: str
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime


class RequestDecisionIn(In):
    """How a request ended."""

    status: Literal["done", "rejected"]
