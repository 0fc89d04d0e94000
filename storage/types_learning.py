"""Records of what the bot learns from: templates, examples, knowledge, bundles."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from storage.errors import ConflictError

SEARCH_KIND_DOCUMENT = "document"
SEARCH_KIND_ANSWER = "answer"
ANSWER_PREFIX = "answer:"
"""The document of a template's answers is named by this and the template's name.

No file name begins so: it would have to stand in a folder of this name.
"""

OUT_OF_SCOPE = "oos"
"""The intent label of a question that the shop does not serve (a negative example)."""


SOURCE_CORRECTION = "correction"
"""The source of an example that a person decided in review; the last one on a question counts."""

SOURCE_WEAK = "weak"
"""The source of an example that a customer or an operator confirmed without any review."""


@dataclass(frozen=True, slots=True)
class Template:
    """An answer template at its newest revision; `id` is permanent and never reused.

    `texts` maps a language code to its wordings, `results` to those that say what the action
    found or did.
    """

    id: int
    name: str
    texts: dict[str, tuple[str, ...]]
    revision: int
    slots: tuple[str, ...] = ()
    action: str | None = None
    protected: bool = False
    origin: str = "shop"
    retired: bool = False
    results: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """A template to create or revise, as read from a shop file or made by discovery or an admin."""

    name: str
    texts: dict[str, tuple[str, ...]]
    slots: tuple[str, ...] = ()
    action: str | None = None
    protected: bool = False
    origin: str = "shop"
    results: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled question. `intent` is a label, `oos`, or None when only an answer is known."""

    question: str
    intent: str | None
    answer: str | None
    language: str
    source: str = "history"
    weight: float = 1.0
    origin: str = ""
    line: int | None = None
    golden: bool = False
    customer_id: int | None = None
    message_id: int | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A source of knowledge, e.g. a file; `content_hash` says whether it changed."""

    id: int
    name: str
    title: str
    content_hash: str
    language: str
    kind: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What a passage may be filtered by: tags, and the first and the last day it is valid on."""

    tags: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None

    def are_valid_on(self, day: date) -> bool:
        """Whether the passage holds on this day."""
        began = self.valid_from is None or self.valid_from <= day
        return began and (self.valid_until is None or day <= self.valid_until)

    def within(self, outer: Labels) -> Labels:
        """These, with the tags of what they stand in, and its dates where they name none."""
        return Labels(
            tuple(dict.fromkeys((*outer.tags, *self.tags))),
            self.valid_from or outer.valid_from,
            self.valid_until or outer.valid_until,
        )


UNLABELLED = Labels()


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage before it is stored; `start` and `end` are offsets into the document's text."""

    text: str
    heading: str
    start: int
    end: int
    language: str
    questions: tuple[str, ...] = ()
    labels: Labels = UNLABELLED


@dataclass(frozen=True, slots=True)
class Passage:
    """A stored passage: what search finds and a citation points to."""

    id: int
    document: str
    title: str
    kind: str
    heading: str
    text: str
    start: int
    end: int
    language: str
    questions: tuple[str, ...] = ()
    labels: Labels = UNLABELLED


QUESTION_FROM_FILE = "file"
QUESTION_FROM_STAFF = "staff"
QUESTION_WRITTEN = "written"
"""Where an attached question is from: a file of the shop, a person, or a language model."""


@dataclass(frozen=True, slots=True)
class NewAttachedQuestion:
    """A question by which the passage of `document` that holds `quote` shall be found.

    `origin` is the file's name, the person's, or the language model's.
    """

    document: str
    quote: str
    question: str
    source: str
    origin: str


@dataclass(frozen=True, slots=True)
class AttachedQuestion(NewAttachedQuestion):
    """An attached question as it is stored."""

    id: int = 0


@dataclass(frozen=True, slots=True)
class PassageChange:
    """One entry of the change log: at `revision`, passage `passage_id` was put or deleted."""

    revision: int
    passage_id: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class BundleRecord:
    """A bundle known to the database; the files live in the home's `bundles/<id>` folder."""

    id: str
    created_at: datetime
    data_fingerprint: str
    metrics: dict[str, Any]
    outcome: str
    live: bool
    promoted_at: datetime | None = None
    erased_since: datetime | None = None
    """When data that it was trained on was first erased after its training."""
    removed_at: datetime | None = None
    """When its files were removed to make room; it cannot be promoted any more."""

    def must_have_files(self) -> None:
        """Raise ConflictError if its files were removed."""
        if self.removed_at is not None:
            raise ConflictError(
                f"the files of bundle {self.id!r} were removed on {self.removed_at:%Y-%m-%d}; "
                "promote another one (`kefu bundles list`)"
            )


@dataclass(frozen=True, slots=True)
class AdapterRecord:
    """An adapter known to the database; the files live in the home's `adapters/<id>` folder.

    `base` is the name or path of the chat model that it belongs to.
    """

    id: str
    created_at: datetime
    base: str
    data_fingerprint: str
    metrics: dict[str, Any]
    outcome: str
    live: bool
    promoted_at: datetime | None = None
    erased_since: datetime | None = None
    """When a conversation that it was trained on was first erased after its training."""
