"""Vectors of passages in PostgreSQL's pgvector: an index that several servers share.

A cache like every index, so no migration makes it: it is created when pgvector is there, in a
schema of its own. A row dies with its passage, in the same transaction. The vectors of each encoder
lie beside those of others, each (encoder, role) with an HNSW index of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Double,
    ForeignKey,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import UserDefinedType

from storage.base import table_of
from storage.database import POSTGRESQL, Database
from storage.errors import StorageError
from storage.models import PassageRow

_LOCK = 0x6B656676  # "kefv": one process creates at a time
_MOST_NUMBERS = 2_000
"""pgvector indexes no longer vectors than this."""
_INDEXED_FROM = 1_000
"""Below, looking at every vector is as quick. Many are put first and indexed together after that,
which takes a fraction of the time of indexing one by one."""
_EXPLORED = 200
"""hnsw.ef_search: how many neighbours a search looks at; at least as many as it returns."""
_SCHEMA = "kefu_search"


class _Vector(UserDefinedType[str]):
    """pgvector's type, written as `[0.1,0.2]`."""

    cache_ok = True

    def __init__(self, dimension: int | None = None) -> None:
        self.dimension = dimension

    def get_col_spec(self, **_: object) -> str:
        """The type's name in SQL."""
        return "vector" if self.dimension is None else f"vector({self.dimension:d})"


_passages = table_of(PassageRow)
_vectors = Table(
    "passage_vector",
    MetaData(schema=_SCHEMA),
    Column(
        "passage_id", BigInteger, ForeignKey(_passages.c.id, ondelete="CASCADE"), primary_key=True
    ),
    Column("encoder", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("embedding", _Vector, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredVector:
    """A vector to keep: its passage, the digest of its text, and its numbers as `[0.1,0.2]`."""

    passage_id: int
    digest: str
    embedding: str


def pgvector_problem(database: Database) -> str | None:
    """Why vectors cannot be kept in this database; None if they can, and the table is made."""
    if database.dialect != POSTGRESQL:
        return "the database is not PostgreSQL"
    try:
        with database.connection() as connection:
            if not _is_available(connection):
                return "the server does not have the extension pgvector"
            if not _exists(connection, "passage_vector"):
                _create(connection)
    except (DBAPIError, StorageError) as error:
        return f"pgvector cannot be set up ({str(error).splitlines()[0]})"
    return None


def _is_available(connection: Connection) -> bool:
    query = text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
    return connection.scalar(query) is not None


def _exists(connection: Connection | Session, name: str) -> bool:
    return connection.scalar(select(func.to_regclass(f"{_SCHEMA}.{name}"))) is not None


def _create(connection: Connection) -> None:
    _take_turn(connection)
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}"))
    connection.execute(CreateTable(_vectors, if_not_exists=True))


def _take_turn(connection: Connection | Session) -> None:
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


class PassageVectors:
    """The vectors of one encoder in one role (a passage's own, or of its questions)."""

    def __init__(self, session: Session, encoder: str, role: str, dimension: int) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session
        self._encoder, self._role = encoder, role
        self._dimension = dimension

    def build(self) -> bool:
        """Make the HNSW index of this encoder and role where one is due and missing.

        Until it is committed, nobody else can put vectors. False if nothing was to be done.
        """
        name = _index_name(self._encoder, self._role)
        if self._dimension > _MOST_NUMBERS or _exists(self._session, name):
            return False
        if self.count() < _INDEXED_FROM:
            return False
        _take_turn(self._session)
        typed = f"CAST(embedding AS vector({self._dimension:d}))"
        mine = f"encoder = {_quoted(self._encoder)} AND role = {_quoted(self._role)}"
        self._session.execute(
            text(
                f"CREATE INDEX IF NOT EXISTS {name} ON {_SCHEMA}.passage_vector "
                f"USING hnsw (({typed}) vector_ip_ops) WHERE {mine}"
            )
        )
        return True

    def _mine(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """The condition of the partial index, written out: it is used only where it is seen."""
        return (
            _vectors.c.encoder == _literal(self._encoder),
            _vectors.c.role == _literal(self._role),
        )

    def held(self, passage_ids: Sequence[int]) -> dict[int, set[str]]:
        """The digests of the texts of these passages that have vectors."""
        found: dict[int, set[str]] = {}
        rows = self._session.execute(
            select(_vectors.c.passage_id, _vectors.c.digest).where(
                *self._mine(), _vectors.c.passage_id == func.any(_numbers(passage_ids))
            )
        )
        for passage_id, digest in rows:
            found.setdefault(passage_id, set()).add(digest)
        return found

    def put(self, vectors: Iterable[StoredVector], revision: int) -> None:
        """Add vectors of passages that still exist, as of this revision of the knowledge."""
        rows = [
            {"number": each.passage_id, "digest": each.digest, "embedding": each.embedding}
            for each in vectors
        ]
        if not rows:
            return
        # Only of a passage that is there, and that nobody takes away before this is committed.
        row = (
            select(
                _passages.c.id,
                cast(self._encoder, Text),
                cast(self._role, Text),
                cast(bindparam("digest"), Text),
                cast(revision, BigInteger),
                cast(bindparam("embedding"), _Vector),
            )
            .where(_passages.c.id == bindparam("number"))
            .with_for_update(read=True, key_share=True)
        )
        made = insert(_vectors).from_select([column.name for column in _vectors.c], row)
        self._session.execute(made.on_conflict_do_nothing(), rows)

    def keep_only(self, digests: Mapping[int, Collection[str]], revision: int) -> None:
        """Remove what these passages have of other texts; what a later revision put stays."""
        rows = [{"number": number, "kept": list(kept)} for number, kept in digests.items()]
        if not rows:
            return
        kept = bindparam("kept", type_=ARRAY(Text))
        self._session.execute(
            delete(_vectors).where(
                _vectors.c.passage_id == bindparam("number"),
                _vectors.c.encoder == self._encoder,
                _vectors.c.role == self._role,
                _vectors.c.revision <= revision,
                _vectors.c.digest != func.all(kept),
            ),
            rows,
            execution_options={"synchronize_session": False},
        )

    def nearest(self, embedding: str, k: int) -> list[tuple[int, float]]:
        """(passage id, inner product) of the nearest k vectors, best first; ids may repeat."""
        self._session.execute(text(f"SET LOCAL hnsw.ef_search = {max(_EXPLORED, k):d}"))
        typed = _Vector(self._dimension)
        # pgvector's <#> is the inner product turned negative, so that less is nearer.
        distance = cast(_vectors.c.embedding, typed).op("<#>")(cast(embedding, typed))
        query = select(_vectors.c.passage_id, cast(distance, Double)).where(*self._mine())
        rows = self._session.execute(query.order_by(distance).limit(k))
        return [(number, -score) for number, score in rows]

    def count(self) -> int:
        """Number of vectors."""
        query = select(func.count()).select_from(_vectors).where(*self._mine())
        return int(self._session.scalar(query) or 0)


def forget_encoders(session: Session, kept: Collection[str]) -> int:
    """Remove the vectors of every encoder but these, with their indexes; how many there were."""
    others = _vectors.c.encoder.not_in(kept)
    known = session.execute(select(_vectors.c.encoder, _vectors.c.role).distinct().where(others))
    for encoder, role in known.all():
        session.execute(text(f"DROP INDEX IF EXISTS {_SCHEMA}.{_index_name(encoder, role)}"))
    gone = session.execute(delete(_vectors).where(others).returning(_vectors.c.passage_id))
    return len(gone.all())


def _index_name(encoder: str, role: str) -> str:
    return "ix_" + hashlib.sha256(f"{encoder}\n{role}".encode()).hexdigest()[:24]


def _literal(value: str) -> BindParameter[str]:
    return bindparam(None, value, type_=Text, literal_execute=True)


def _numbers(values: Sequence[int]) -> BindParameter[Sequence[int]]:
    return bindparam(None, list(values), type_=ARRAY(BigInteger))


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
