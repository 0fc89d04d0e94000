"""Brings a database to a revision of its tables, by the scripts in the checkout's `alembic/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from storage.database import POSTGRESQL, Database
from storage.errors import InputError, StorageError

_LOCK = 0x6B656675  # "kefu"; any number works, as long as every process takes the same


def upgrade(database: Database, revision: str = "head") -> None:
    """Create or advance the tables; either the whole way, or nothing is changed."""
    if database.path is not None:
        _make_folder(database.path.parent)
    with database.connection() as connection:
        _take_turn(connection)
        with _known_revision(revision):
            command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the tables back to a revision, `base` being none at all."""
    with database.connection() as connection:
        _take_turn(connection)
        with _known_revision(revision):
            command.downgrade(_config(connection), revision)


def current(database: Database) -> str | None:
    """The revision that the tables are at, or None when there are none yet."""
    with database.session(read_only=True) as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def head() -> str:
    """The newest revision that this checkout knows."""
    found = ScriptDirectory.from_config(_config(None)).get_current_head()
    if found is None:
        raise StorageError(f"expected migrations in {_scripts() / 'versions'}, found none")
    return found


def _take_turn(connection: Connection) -> None:
    # On SQLite, BEGIN IMMEDIATE already lets one process migrate at a time.
    if connection.dialect.name == POSTGRESQL:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


@contextmanager
def _known_revision(revision: str) -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise InputError(
            f"expected a revision that this checkout knows, found {revision!r} ({error}); "
            "`head` is the newest, `base` is before the first"
        ) from error


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _scripts() -> Path:
    folder = Path(__file__).resolve().parent.parent / "alembic"
    if not (folder / "env.py").is_file():
        raise StorageError(
            f"expected the migrations in {folder}, found none; install Kefu from a checkout"
        )
    return folder


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"expected to create the folder {folder}, found {error.strerror}; "
            "name a home that can be written"
        ) from error
