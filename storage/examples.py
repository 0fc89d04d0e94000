"""Labelled questions: what training, evaluation and corrections are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    Select,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session

from storage.base import chunks, table_of, utc_now
from storage.database import insert_or_ignore
from storage.models import ExampleRow
from storage.normalise import text_key
from storage.types import SOURCE_CORRECTION, Example

_table = table_of(ExampleRow)


class Examples:
    """The examples of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(self, examples: Iterable[Example]) -> tuple[int, int]:
        """Store the examples; returns how many were new, and how many were known already.

        Two are the same if question, intent, answer and source read alike, as they were when
        they came in. A correction replaces earlier corrections of the same question.
        """
        added = unchanged = 0
        for chunk in chunks(examples):
            new = self._add_chunk(chunk)
            added += new
            unchanged += len(chunk) - new
        return added, unchanged

    def all(self, sources: Sequence[str] | None = None) -> list[Example]:
        """Every example, or those of some sources, in the order they came in."""
        query = select(_table).order_by(_table.c.id)
        if sources is not None:
            query = query.where(_table.c.source.in_(sources))
        return self._read(query)

    def golden(self) -> list[Example]:
        """The frozen questions of the gate, which are never trained on."""
        return self._read(select(_table).where(_table.c.golden).order_by(_table.c.id))

    def corrections(self) -> list[Example]:
        """What people decided in review: the last decision on each question."""
        return self.all([SOURCE_CORRECTION])

    def replace_source(self, source: str, examples: Iterable[Example]) -> tuple[int, int]:
        """Make these the only examples of their source; returns how many came, and how many went.

        What stays keeps its id and its date.
        """
        wanted = list(examples)
        keep = {_values(example)["identity"] for example in wanted}
        known = self._session.execute(
            select(_table.c.id, _table.c.identity).where(_table.c.source == source)
        )
        gone = [row.id for row in known if row.identity not in keep]
        for some in chunks(gone):
            self._execute(delete(_table).where(_table.c.id.in_(some)))
        return self.add(wanted)[0], len(gone)

    def mark_golden(self, ids: Iterable[int]) -> None:
        """Freeze these examples for the gate."""
        self._update_many({"golden": True}, [{"example": example_id} for example_id in ids])

    def assign_intents(self, intents: Mapping[int, str]) -> None:
        """Label examples by id, e.g. those that came with an answer only."""
        rows = [{"example": key, "label": intent} for key, intent in intents.items()]
        self._update_many({"intent": bindparam("label")}, rows)

    def intents(self) -> set[str]:
        """Every label that an example has."""
        query = select(_table.c.intent).where(_table.c.intent.is_not(None)).distinct()
        return set(self._session.scalars(query))

    def count(self) -> int:
        """How many examples there are."""
        return int(self._session.scalar(select(func.count()).select_from(_table)) or 0)

    def fingerprint(self) -> str:
        """A hash of all that training can see; the order of the rows does not matter."""
        columns = (
            _table.c.question, _table.c.intent, _table.c.answer, _table.c.language,
            _table.c.source, _table.c.weight, _table.c.golden,
        )  # fmt: skip
        rows = self._session.execute(select(*columns))
        hashes = sorted(_digest(list(row)) for row in rows)
        return hashlib.sha256("".join(hashes).encode()).hexdigest()

    def _add_chunk(self, chunk: Sequence[Example]) -> int:
        rows = {row["identity"]: row for row in map(_values, chunk)}
        self._supersede(rows)
        # Asked one statement at a time: only RETURNING says which of them are new.
        insert = insert_or_ignore(self._session, ExampleRow).returning(ExampleRow.identity)
        new = set(self._session.scalars(insert, list(rows.values())))
        frozen = [key for key, row in rows.items() if row["golden"] and key not in new]
        if frozen:
            self._execute(update(_table).where(_table.c.identity.in_(frozen)).values(golden=True))
        return len(new)

    def _supersede(self, rows: dict[str, dict[str, Any]]) -> None:
        decided = [row for row in rows.values() if row["source"] == SOURCE_CORRECTION]
        last = {row["question_key"]: row["identity"] for row in decided}
        for row in decided:
            if last[row["question_key"]] != row["identity"]:
                del rows[row["identity"]]
        if last:
            self._execute(
                delete(_table).where(
                    _table.c.source == SOURCE_CORRECTION,
                    _table.c.question_key.in_(list(last)),
                    _table.c.identity.not_in(list(last.values())),
                )
            )

    def _update_many(self, values: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        if rows:
            one: ColumnElement[bool] = _table.c.id == bindparam("example")
            self._session.connection().execute(update(_table).where(one).values(values), rows)

    def _execute(self, statement: Executable) -> None:
        self._session.connection().execute(statement)

    def _read(self, query: Select[Any]) -> list[Example]:
        return [_example(row) for row in self._session.execute(query)]


def _values(example: Example) -> dict[str, Any]:
    question_key = text_key(example.question)
    answer_key = "" if example.answer is None else text_key(example.answer)
    return {
        "identity": _digest([question_key, example.intent, answer_key, example.source]),
        "question": example.question,
        "question_key": question_key,
        "intent": example.intent,
        "answer": example.answer,
        "language": example.language,
        "source": example.source,
        "weight": example.weight,
        "origin": example.origin,
        "line": example.line,
        "golden": example.golden,
        "customer_id": example.customer_id,
        "message_id": example.message_id,
        "created_at": utc_now(),
    }


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _example(row: Row[*tuple[Any, ...]]) -> Example:
    return Example(
        question=row.question,
        intent=row.intent,
        answer=row.answer,
        language=row.language,
        source=row.source,
        weight=row.weight,
        origin=row.origin,
        line=row.line,
        golden=row.golden,
        customer_id=row.customer_id,
        message_id=row.message_id,
        id=row.id,
    )
