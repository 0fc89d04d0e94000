"""Erasing a customer, or what is old: everything that came from them, wherever it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Delete, Row, Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from storage.adapters import mark_erased
from storage.attached import AttachedQuestions
from storage.audit import AuditLog
from storage.base import chunks, table_of, utc_now
from storage.errors import InputError, NotFoundError
from storage.knowledge import Knowledge
from storage.messages import conversations, customers, messages
from storage.models import (
    AttachmentRow,
    BundleRow,
    DeskPostRow,
    DeskThreadRow,
    ExampleRow,
    FeedbackRow,
    OutboxRow,
    RatingRow,
    ReviewItemRow,
    ServiceRequestRow,
    ShownDraftRow,
    StoredFileRow,
    VerificationFailureRow,
)
from storage.normalise import text_key
from storage.types import REVIEW_ACCEPTED, Erased

_attachments = table_of(AttachmentRow)
_bundles = table_of(BundleRow)
_deliveries = table_of(OutboxRow)
_drafts = table_of(ShownDraftRow)
_examples = table_of(ExampleRow)
_feedback = table_of(FeedbackRow)
_files = table_of(StoredFileRow)
_posts = table_of(DeskPostRow)
_ratings = table_of(RatingRow)
_reviews = table_of(ReviewItemRow)
_requests = table_of(ServiceRequestRow)
_attempts = table_of(VerificationFailureRow)
_threads = table_of(DeskThreadRow)

_Rows = Sequence[Row[*tuple[Any, ...]]]


def erase_customer(session: Session, customer: int | str, *, by: str = "staff") -> Erased:
    """Remove a customer, by id (a number) or by external id (a text, on every channel).

    It reaches conversations with all that hangs on their messages, examples and golden
    questions traced to the customer, and their questions attached to searchable passages (the
    change log tells the caches). Bundles trained since those examples came are marked, and so are
    adapters that were trained on the messages.
    Documents that were written in answer to the customer's questions stay, and are named.
    """
    found = _find(session, customer)
    owned = select(conversations.c.id).where(conversations.c.customer_id.in_(found))
    erased = _erase(session, owned, found)
    for customer_id in found:
        _write_down(session, "customer.erase", f"customer:{customer_id}", erased, by)
    return erased


def erase_older_than(
    session: Session, days: int, *, limit: int = 200, by: str = "retention"
) -> Erased | None:
    """Remove the conversations, at most `limit`, in which nothing has happened for so many days.

    All that `erase_customer` reaches goes with them; customers go with their last conversation.
    None if there was nothing to remove: call it again, in a session of its own, until then.
    """
    if days < 1:
        raise InputError(f"expected at least 1 day to keep conversations, found {days}")
    before = utc_now() - timedelta(days=days)
    old = (
        select(conversations.c.id)
        .where(conversations.c.updated_at < before)
        .order_by(conversations.c.updated_at, conversations.c.id)
        .limit(limit)
    )
    ids = list(session.scalars(old))
    if not ids:
        return None
    owned = select(conversations.c.id).where(conversations.c.id.in_(ids))
    erased = _erase(session, owned, _left_alone(session, ids))
    _write_down(session, "retention.erase", f"older than {days} days", erased, by)
    return erased


def _left_alone(session: Session, ids: list[str]) -> list[int]:
    """The customers who have no conversation beside these."""
    others = conversations.alias()
    has_others = exists().where(
        others.c.customer_id == conversations.c.customer_id, others.c.id.not_in(ids)
    )
    query = select(conversations.c.customer_id).where(conversations.c.id.in_(ids), ~has_others)
    return list(session.scalars(query.distinct()))


def _erase(session: Session, owned: Select[Any], gone: list[int]) -> Erased:
    """Remove these conversations, and the customers who go with them."""
    # Whoever is in the middle of a turn finishes first, or finds nothing to write to.
    session.execute(owned.with_for_update())
    spoken = select(messages.c.id).where(messages.c.conversation_id.in_(owned))
    traced = _traced(session, gone, spoken)
    marked = _mark_bundles(session, traced)
    adapters = mark_erased(session, session.scalars(spoken))
    documents = _documents(session, spoken)
    _delete_examples(session, traced)
    keys = {row.question_key for row in traced} | _keys_of(session, spoken)
    passages = _forget_questions(session, keys)
    return Erased(
        examples=len(traced),
        golden=sum(row.golden for row in traced),
        passages=passages,
        bundles=marked,
        adapters=adapters,
        documents=documents,
        **_delete_talk(session, gone, owned, spoken),
    )


def _find(session: Session, customer: int | str) -> list[int]:
    column = customers.c.id if isinstance(customer, int) else customers.c.external_id
    query = select(customers.c.id).where(column == customer).with_for_update()
    found = list(session.scalars(query))
    if not found:
        raise NotFoundError(f"there is no customer {customer!r}")
    return found


def _documents(session: Session, spoken: Select[Any]) -> tuple[str, ...]:
    """Knowledge that staff wrote in answer to these messages."""
    query = select(_reviews.c.document).where(
        _reviews.c.message_id.in_(spoken), _reviews.c.document.is_not(None)
    )
    return tuple(sorted(set(session.scalars(query))))


def _keys_of(session: Session, spoken: Select[Any]) -> set[str]:
    """Keys of the questions that were decided in review: they may be attached to passages."""
    query = select(_reviews.c.question).where(
        _reviews.c.message_id.in_(spoken), _reviews.c.status == REVIEW_ACCEPTED
    )
    return {text_key(question) for question in session.scalars(query)}


def _traced(session: Session, found: list[int], spoken: Select[Any]) -> _Rows:
    columns = (
        _examples.c.id,
        _examples.c.question_key,
        _examples.c.golden,
        _examples.c.created_at,
    )
    query = select(*columns).where(
        or_(_examples.c.customer_id.in_(found), _examples.c.message_id.in_(spoken))
    )
    return session.execute(query).all()


def _mark_bundles(session: Session, traced: _Rows) -> tuple[str, ...]:
    if not traced:
        return ()
    since = min(row.created_at for row in traced)
    trained = _bundles.c.created_at >= since
    session.execute(
        update(_bundles)
        .where(trained, _bundles.c.erased_since.is_(None))
        .values(erased_since=utc_now())
    )
    ids = select(_bundles.c.id).where(trained).order_by(_bundles.c.created_at)
    return tuple(session.scalars(ids))


def _delete_examples(session: Session, traced: _Rows) -> None:
    for some in chunks(row.id for row in traced):
        session.execute(delete(_examples).where(_examples.c.id.in_(some)))


def _forget_questions(session: Session, keys: set[str]) -> int:
    """Take questions that nobody else asked off the passages that they are attached to."""
    gone = set(keys)
    for some in chunks(keys):
        query = select(_examples.c.question_key).where(_examples.c.question_key.in_(some))
        gone -= set(session.scalars(query))
    if not gone:
        return 0
    knowledge = Knowledge(session)
    left: dict[int, tuple[str, ...]] = {}
    for passage in knowledge.passages():
        kept = tuple(asked for asked in passage.questions if text_key(asked) not in gone)
        if kept != passage.questions:
            left[passage.id] = kept
    knowledge.set_questions(left)
    AttachedQuestions(session).forget(gone)
    return len(left)


def _delete_talk(
    session: Session, found: list[int], owned: Select[Any], spoken: Select[Any]
) -> dict[str, int]:
    # Named one by one: the last steps remove what the query would find them by.
    owned_ids = list(session.scalars(owned))
    for shown in (
        delete(_attachments).where(_attachments.c.message_id.in_(spoken)),
        delete(_drafts).where(_drafts.c.message_id.in_(spoken)),
        delete(_posts).where(_posts.c.conversation_id.in_(owned)),
        delete(_threads).where(_threads.c.conversation_id.in_(owned)),
    ):
        session.execute(shown)
    # In this order: what points to a row goes before the row.
    steps = {
        "feedback": delete(_feedback).where(_feedback.c.message_id.in_(spoken)),
        "review_items": delete(_reviews).where(_reviews.c.message_id.in_(spoken)),
        "deliveries": delete(_deliveries).where(_deliveries.c.message_id.in_(spoken)),
        "files": delete(_files).where(_files.c.conversation_id.in_(owned)),
        "ratings": delete(_ratings).where(_ratings.c.conversation_id.in_(owned)),
        "service_requests": delete(_requests).where(_requests.c.conversation_id.in_(owned)),
        "verification_failures": delete(_attempts).where(_attempts.c.conversation_id.in_(owned)),
        "messages": delete(messages).where(messages.c.conversation_id.in_(owned)),
        "conversations": delete(conversations).where(conversations.c.id.in_(owned_ids)),
        "customers": delete(customers).where(customers.c.id.in_(found)),
    }
    return {name: _deleted(session, step) for name, step in steps.items()}


def _deleted(session: Session, statement: Delete) -> int:
    return int(session.connection().execute(statement).rowcount)


def _write_down(session: Session, action: str, subject: str, erased: Erased, by: str) -> None:
    # The log must not keep what was erased: it names the numbers, never the external id.
    AuditLog(session).add(actor=by, action=action, subject=subject, detail=asdict(erased))
