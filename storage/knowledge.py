"""Documents, their passages, and the change log that the search caches replay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.orm import Session

from storage.base import chunks, storable, table_of, utc_now
from storage.errors import NotFoundError
from storage.models import (
    AttachedQuestionRow,
    DocumentRow,
    KnowledgeStateRow,
    PassageChangeRow,
    PassageRow,
)
from storage.types import Document, Labels, NewPassage, Passage, PassageChange

_documents = table_of(DocumentRow)
_passages = table_of(PassageRow)
_changes = table_of(PassageChangeRow)
_state = table_of(KnowledgeStateRow)
_attached = table_of(AttachedQuestionRow)

_DOCUMENT = (
    _documents.c.id, _documents.c.name, _documents.c.title, _documents.c.content_hash,
    _documents.c.language, _documents.c.kind,
)  # fmt: skip
_PASSAGES = select(_passages, _documents.c.name, _documents.c.title, _documents.c.kind).join(
    _documents, _documents.c.id == _passages.c.document_id
)

Outcome = Literal["added", "unchanged", "changed"]


class Knowledge:
    """The knowledge of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def put_document(
        self,
        name: str,
        title: str,
        content_hash: str,
        language: str,
        kind: str,
        text: str,
        passages: Sequence[NewPassage],
    ) -> Outcome:
        """Store a document with its passages; passages that read the same keep their ids.

        A document of the same hash, title and passages is left alone. Every passage that is
        new, gone, moved or shown under another title gets an entry in the change log.
        """
        values = {
            "title": title,
            "content_hash": content_hash,
            "language": language,
            "kind": kind,
            "text": text,
            "updated_at": utc_now(),
        }
        self._lock()
        known = self._document(name)
        if known is None:
            row = {"name": name, "created_at": values["updated_at"], **values}
            document_id = self._session.scalar(
                insert(_documents).values(row).returning(_documents.c.id)
            )
            self._log(put=self._insert_passages(int(document_id or 0), passages))
            return "added"
        retitled = (known.title, known.kind) != (title, kind)
        changed = self._replace_passages(known.id, passages, retitled=retitled)
        same = known.content_hash == content_hash and not retitled and not changed
        if same:
            return "unchanged"
        self._session.execute(update(_documents).where(_documents.c.id == known.id).values(values))
        return "changed"

    def delete_document(self, name: str) -> bool:
        """Remove a document with its passages and the questions attached to them.

        False if there is none of this name.
        """
        self._lock()
        known = self._document(name)
        if known is None:
            return False
        gone = [row.id for row in self._passage_rows(known.id)]
        self._session.execute(delete(_passages).where(_passages.c.document_id == known.id))
        self._session.execute(delete(_documents).where(_documents.c.id == known.id))
        self._session.execute(delete(_attached).where(_attached.c.document == name))
        self._log(deleted=gone)
        return True

    def documents(self) -> list[Document]:
        """Every document, by name."""
        rows = self._session.execute(select(*_DOCUMENT).order_by(_documents.c.name))
        return [Document(*row) for row in rows]

    def document(self, name: str) -> Document | None:
        """The document of this name, if there is one."""
        query = select(*_DOCUMENT).where(_documents.c.name == name)
        row = self._session.execute(query).one_or_none()
        return None if row is None else Document(*row)

    def document_text(self, name: str) -> str:
        """The whole text of a document, which the offsets of passages and citations point into."""
        query = select(_documents.c.text).where(_documents.c.name == name)
        text = self._session.scalar(query)
        if text is None:
            raise NotFoundError(f"there is no document {name!r}")
        return str(text)

    def passages(self, ids: Iterable[int] | None = None) -> list[Passage]:
        """All passages, or those of these ids that still exist, in the order of their ids."""
        query = _PASSAGES.order_by(_passages.c.id)
        if ids is None:
            return [_passage(row) for row in self._session.execute(query)]
        found: list[Passage] = []
        for some in chunks(sorted(set(ids))):
            rows = self._session.execute(query.where(_passages.c.id.in_(some)))
            found.extend(_passage(row) for row in rows)
        return found

    def passages_of(self, document: str) -> list[Passage]:
        """The passages of a document, in reading order."""
        query = _PASSAGES.where(_documents.c.name == document)
        rows = self._session.execute(query.order_by(_passages.c.start, _passages.c.id))
        return [_passage(row) for row in rows]

    def passages_between(self, document: str, start: int, end: int) -> list[Passage]:
        """The passages of a document that reach into `start` to `end`, in reading order."""
        within = (_passages.c.start < end, _passages.c.end > start)
        query = _PASSAGES.where(_documents.c.name == document, *within)
        rows = self._session.execute(query.order_by(_passages.c.start, _passages.c.id))
        return [_passage(row) for row in rows]

    def set_questions(self, questions: dict[int, tuple[str, ...]]) -> None:
        """Attach other questions to passages, by passage id, and log the passages as changed."""
        if questions:
            self._lock()
        for passage_id, asked in questions.items():
            self._session.execute(
                update(_passages).where(_passages.c.id == passage_id).values(questions=list(asked))
            )
        self._log(put=list(questions))

    def changes_since(self, revision: int) -> list[PassageChange]:
        """What became of each passage changed after `revision`: deletions first, then puts."""
        query = (
            select(_changes.c.revision, _changes.c.passage_id, _changes.c.deleted)
            .where(_changes.c.revision > revision)
            .order_by(_changes.c.revision)
        )
        rows = self._session.execute(query)
        last = {row.passage_id: PassageChange(*row) for row in rows}
        return sorted(last.values(), key=lambda change: (not change.deleted, change.revision))

    def revision(self) -> int:
        """The newest revision of the change log; 0 before the first change."""
        return int(self._session.scalars(select(_state.c.revision)).one())

    def _lock(self) -> None:
        # Revisions must be visible in their order: whoever writes knowledge waits here.
        self._session.execute(select(_state.c.revision).with_for_update())

    def _document(self, name: str) -> Row[*tuple[Any, ...]] | None:
        columns = (
            _documents.c.id, _documents.c.title, _documents.c.kind, _documents.c.content_hash,
        )  # fmt: skip
        query = select(*columns).where(_documents.c.name == name)
        return self._session.execute(query).one_or_none()

    def _passage_rows(self, document_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
        query = (
            select(_passages).where(_passages.c.document_id == document_id).order_by(_passages.c.id)
        )
        return self._session.execute(query).all()

    def _insert_passages(self, document_id: int, passages: Sequence[NewPassage]) -> list[int]:
        if not passages:
            return []
        rows = [{"document_id": document_id, **_values(passage)} for passage in passages]
        made = insert(_passages).returning(_passages.c.id, sort_by_parameter_order=True)
        return list(self._session.scalars(made, rows))

    def _replace_passages(
        self, document_id: int, passages: Sequence[NewPassage], *, retitled: bool
    ) -> bool:
        free: dict[object, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
        for row in reversed(self._passage_rows(document_id)):
            free[_content(_new(row))].append(row)
        new: list[NewPassage] = []
        put: list[int] = []
        for passage in passages:
            alike = free[_content(passage)]
            if not alike:
                new.append(passage)
                continue
            row = alike.pop()
            if self._move(row, passage) or retitled:
                put.append(row.id)
        gone = [row.id for rows in free.values() for row in rows]
        for some in chunks(gone):
            self._session.execute(delete(_passages).where(_passages.c.id.in_(some)))
        put += self._insert_passages(document_id, new)
        self._log(put=put, deleted=gone)
        return bool(put or gone)

    def _move(self, row: Row[*tuple[Any, ...]], passage: NewPassage) -> bool:
        if (row.start, row.end) == (passage.start, passage.end):
            return False
        self._session.execute(
            update(_passages)
            .where(_passages.c.id == row.id)
            .values(start=passage.start, end=passage.end)
        )
        return True

    def _log(self, *, put: Sequence[int] = (), deleted: Sequence[int] = ()) -> None:
        entries = [(each, True) for each in deleted] + [(each, False) for each in put]
        if not entries:
            return
        moved = update(_state).values(revision=_state.c.revision + len(entries))
        newest = self._session.scalars(moved.returning(_state.c.revision)).one()
        first, now = newest - len(entries) + 1, utc_now()
        rows = [
            {"revision": first + n, "passage_id": each, "deleted": gone, "created_at": now}
            for n, (each, gone) in enumerate(entries)
        ]
        self._session.execute(insert(_changes), rows)


def _content(passage: NewPassage) -> tuple[object, ...]:
    return (
        storable(passage.text), storable(passage.heading), passage.language, passage.questions,
        passage.labels,
    )  # fmt: skip


def _values(passage: NewPassage) -> dict[str, Any]:
    return {
        "heading": passage.heading,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "language": passage.language,
        "questions": list(passage.questions),
        "tags": list(passage.labels.tags) or None,
        "valid_from": passage.labels.valid_from,
        "valid_until": passage.labels.valid_until,
    }


def _new(row: Row[*tuple[Any, ...]]) -> NewPassage:
    return NewPassage(
        text=row.text,
        heading=row.heading,
        start=row.start,
        end=row.end,
        language=row.language,
        questions=tuple(row.questions),
        labels=Labels(tuple(row.tags or ()), row.valid_from, row.valid_until),
    )


def _passage(row: Row[*tuple[Any, ...]]) -> Passage:
    return Passage(
        id=row.id,
        document=row.name,
        title=row.title,
        kind=row.kind,
        heading=row.heading,
        text=row.text,
        start=row.start,
        end=row.end,
        language=row.language,
        questions=tuple(row.questions),
        labels=Labels(tuple(row.tags or ()), row.valid_from, row.valid_until),
    )
