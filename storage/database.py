"""The connection to the database: one class for SQLite and PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from storage.base import Base
from storage.errors import ConflictError, InputError, StorageError

SQLITE = "sqlite"
POSTGRESQL = "postgresql"

_to_json = partial(json.dumps, allow_nan=False, separators=(",", ":"))
# NaN would be stored by SQLite and refused by PostgreSQL: refuse it on both.


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite database in this file."""
    return URL.create(SQLITE, database=str(path)).render_as_string(hide_password=False)


class Database:
    """Hands out sessions; each commits once at its end, or rolls back if anything was raised.

    On SQLite a session takes the write lock when it begins (BEGIN IMMEDIATE), so that what it
    read is still true when it writes; a session opened with `read_only` takes none and sees the
    database as it was when it first looked.
    """

    def __init__(self, url: str, *, busy_seconds: float = 30.0) -> None:
        """Prepare the connections; nothing is opened before the first session.

        `busy_seconds` is how long a writer on SQLite waits for another one to finish.
        """
        self._url = _checked_url(url)
        self.dialect = self._url.get_backend_name()
        if self.dialect == SQLITE:
            self._writer = _sqlite_engine(self._url, busy_seconds, read_only=False)
            self._reader = _sqlite_engine(self._url, busy_seconds, read_only=True)
        else:
            self._writer = _postgresql_engine(self._url)
            self._reader = self._writer.execution_options(postgresql_readonly=True)

    @property
    def url(self) -> str:
        """Where the database is, safe to print: a password shows as stars."""
        return self._url.render_as_string(hide_password=True)

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database; None for PostgreSQL."""
        return Path(self._url.database or "") if self.dialect == SQLITE else None

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """A unit of work: committed once at the end, rolled back on any error."""
        with _translated_errors():
            engine = self._reader if read_only else self._writer
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A bare connection inside one transaction, for migrations and checks."""
        with _translated_errors(), self._writer.begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Leave nothing of deleted rows in the files of the database.

        SQLite: the file is written anew and the log is emptied; writers wait meanwhile.
        PostgreSQL: the space of deleted rows is freed for reuse.
        """
        with _translated_errors(), self._writer.connect() as connection:
            driver = connection.connection.driver_connection
            if driver is None:
                raise StorageError("the database gave no connection; try again")
            if self.dialect == SQLITE:
                for command in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    driver.execute(command).close()
            else:
                driver.autocommit = True
                try:
                    driver.execute("VACUUM")
                finally:
                    driver.autocommit = False

    def dispose(self) -> None:
        """Close the connections; the database may be used again afterwards."""
        self._writer.dispose()
        self._reader.dispose()


def reason_of(error: Exception) -> str:
    """What the database said, in one line; the lines after it may quote a customer's row."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return (str(said).splitlines() or ["no reason given"])[0]


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(
            f"the database refused the change because another one came first ({reason_of(error)}); "
            "read the present state and try again"
        ) from error
    except (DataError, OverflowError) as error:
        raise InputError(
            "expected values that the database can hold, found one too large"
        ) from error
    except ProgrammingError:
        raise  # a mistake of ours, such as a table that no migration made
    except (DatabaseError, InterfaceError, sqlite3.DatabaseError) as error:
        raise StorageError(
            f"the database cannot do this now ({reason_of(error)}); "
            "check that it is reachable, writable and not full"
        ) from error
    except PoolTimeoutError as error:
        raise StorageError("the database is busy: no connection came free; try again") from error


def _checked_url(url: str) -> URL:
    expected = "expected a database URL like sqlite:////path/kefu.db or postgresql://user@host/name"
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError as error:
        raise InputError(f"{expected}, found one that cannot be read") from error
    backend = parsed.get_backend_name()
    if backend not in {SQLITE, POSTGRESQL}:
        raise InputError(f"{expected}, found one for {backend!r}")
    if backend == SQLITE and parsed.database in {None, "", ":memory:"}:
        raise InputError(f"{expected}, found SQLite without a file; name one")
    return parsed


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(url, json_serializer=_to_json, pool_pre_ping=True, pool_size=10)


def _sqlite_engine(url: URL, busy_seconds: float, *, read_only: bool) -> Engine:
    engine = create_engine(
        url, json_serializer=_to_json, pool_size=10, connect_args={"timeout": busy_seconds}
    )
    # sqlite3 would begin transactions by itself, later than we want and never IMMEDIATE.
    event.listen(engine, "connect", partial(_prepare_sqlite, read_only=read_only))
    event.listen(engine, "begin", partial(_begin, how="BEGIN" if read_only else "BEGIN IMMEDIATE"))
    return engine


def _prepare_sqlite(
    connection: sqlite3.Connection, _record: ConnectionPoolEntry, *, read_only: bool
) -> None:
    connection.isolation_level = None
    for pragma in _pragmas(read_only=read_only):
        connection.execute(f"PRAGMA {pragma}").close()


def _pragmas(*, read_only: bool) -> list[str]:
    pragmas = [
        "foreign_keys = ON",
        "synchronous = NORMAL",
        "temp_store = MEMORY",
        "secure_delete = ON",  # erased text is overwritten, not only unlinked
    ]
    # Only a writer may switch the journal; the mode then stays with the file.
    return [*pragmas, "query_only = ON"] if read_only else ["journal_mode = WAL", *pragmas]


def _begin(connection: Connection, *, how: str) -> None:
    # Straight to the driver: three times in every turn, SQLAlchemy's way costs as much again as
    # the transaction itself.
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(how).close()


def insert_or_ignore(session: Session, table: type[Base] | Table) -> Insert:
    """An INSERT that does nothing when a unique constraint already holds such a row."""
    return inserts_or_ignore(table)[session.get_bind().dialect.name]


def inserts_or_ignore(table: type[Base] | Table) -> dict[str, Insert]:
    """As `insert_or_ignore`, for every dialect: to build a statement once."""
    return {
        SQLITE: sqlite.insert(table).on_conflict_do_nothing(),
        POSTGRESQL: postgresql.insert(table).on_conflict_do_nothing(),
    }
