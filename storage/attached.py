"""Questions that are attached to passages, beside those that documents bring themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.orm import Session

from storage.base import chunks, table_of, utc_now
from storage.errors import NotFoundError
from storage.models import AttachedQuestionRow
from storage.normalise import text_key
from storage.types import QUESTION_FROM_FILE, AttachedQuestion, NewAttachedQuestion

_table = table_of(AttachedQuestionRow)
_COLUMNS = (
    _table.c.document, _table.c.quote, _table.c.question, _table.c.source, _table.c.origin,
    _table.c.id,
)  # fmt: skip

_Key = tuple[str, str]


class AttachedQuestions:
    """The attached questions of one session.

    They are only remembered here; `retrieval.attached` puts them on the passages.
    """

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def all(self, document: str | None = None) -> list[AttachedQuestion]:
        """Those that count, of all documents or of one, the oldest first."""
        query = select(*_COLUMNS).where(~_table.c.removed).order_by(_table.c.id)
        if document is not None:
            query = query.where(_table.c.document == document)
        return [AttachedQuestion(*row) for row in self._session.execute(query)]

    def add(self, questions: Sequence[NewAttachedQuestion], *, revive: bool = False) -> int:
        """Store those that are new to their document; gives their number.

        One that was removed stays removed unless it is to `revive`.
        """
        known = self._known({each.document for each in questions})
        wanted = {_key(each): each for each in questions}
        new = [each for key, each in wanted.items() if key not in known]
        old = [known[key] for key in wanted if key in known and known[key].removed]
        self._insert(new)
        if not revive:
            return len(new)
        for row in old:
            again = wanted[row.document, row.question_key]
            self._change(row.id, again)
        return len(new) + len(old)

    def put_file(self, name: str, questions: Sequence[NewAttachedQuestion]) -> tuple[int, int, int]:
        """Let a file of this name stand for these; gives how many were added, kept and dropped.

        What was removed in the product stays removed for as long as the file names it.
        """
        mine = (_table.c.source == QUESTION_FROM_FILE, _table.c.origin == name)
        before = {(row.document, row.question_key): row for row in self._rows(*mine)}
        wanted = {_key(each): each for each in questions}
        self.drop([row.id for key, row in before.items() if key not in wanted])
        known = self._known({each.document for each in questions})
        added = [each for key, each in wanted.items() if key not in known]
        self._insert(added)
        for key, row in before.items():
            if key in wanted and row.quote != wanted[key].quote and not row.removed:
                self._change(row.id, wanted[key])
        return len(added), len(wanted) - len(added), len(before.keys() - wanted.keys())

    def remove(self, number: int) -> AttachedQuestion:
        """Let a question count no more; raises NotFoundError if none of this id counts."""
        gone = update(_table).where(_table.c.id == number, ~_table.c.removed).values(removed=True)
        row = self._session.execute(gone.returning(*_COLUMNS)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no attached question {number}")
        return AttachedQuestion(*row)

    def drop(self, numbers: Sequence[int]) -> None:
        """Forget questions of these ids."""
        for some in chunks(numbers):
            self._session.execute(delete(_table).where(_table.c.id.in_(some)))

    def forget(self, keys: Collection[str]) -> None:
        """Forget questions of these keys, removed ones too."""
        for some in chunks(keys):
            self._session.execute(delete(_table).where(_table.c.question_key.in_(some)))

    def _known(self, documents: Collection[str]) -> dict[_Key, Row[*tuple[Any, ...]]]:
        rows = [row for some in chunks(documents) for row in self._rows(_in(some))]
        return {(row.document, row.question_key): row for row in rows}

    def _rows(self, *conditions: ColumnElement[bool]) -> Sequence[Row[*tuple[Any, ...]]]:
        return self._session.execute(select(_table).where(*conditions)).all()

    def _insert(self, questions: Sequence[NewAttachedQuestion]) -> None:
        if questions:
            rows = [_values(each) for each in questions]
            self._session.execute(insert(_table), rows)

    def _change(self, number: int, question: NewAttachedQuestion) -> None:
        changed = update(_table).where(_table.c.id == number).values(_values(question))
        self._session.execute(changed)


def _in(documents: Collection[str]) -> ColumnElement[bool]:
    return _table.c.document.in_(documents)


def _key(question: NewAttachedQuestion) -> _Key:
    return question.document, text_key(question.question)


def _values(question: NewAttachedQuestion) -> dict[str, Any]:
    return {
        "document": question.document,
        "quote": question.quote,
        "question": question.question,
        "question_key": text_key(question.question),
        "source": question.source,
        "origin": question.origin,
        "removed": False,
        "created_at": utc_now(),
    }
