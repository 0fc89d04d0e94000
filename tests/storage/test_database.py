"""Sessions: one commit, rollback, reading alongside a writer, errors a person can read."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from storage.base import table_of, utc_now
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.database import Database, sqlite_url
from storage.errors import (
    ConflictError,
    EpochMovedError,
    InputError,
    KefuError,
    NotFoundError,
    PermissionDeniedError,
    StorageError,
    UnauthorizedError,
)
from storage.models import Base, BundleRow, ConversationRow, StaffRow


def add_staff(session, name="ann"):
    row = StaffRow(name=name, password_hash="h", role="admin", active=True, created_at=utc_now())
    session.add(row)
    session.flush()


def fail_after_writing(session):
    add_staff(session)
    raise KeyError("mine")


def names(database):
    with database.session(read_only=True) as session:
        return list(session.scalars(select(StaffRow.name)))


def test_a_session_commits_at_its_end(database):
    with database.session() as session:
        add_staff(session)
        assert names(database) == []
    assert names(database) == ["ann"]


def test_an_error_rolls_everything_back_and_passes_through(database):
    with pytest.raises(KeyError, match="mine"), database.session() as session:
        fail_after_writing(session)
    assert names(database) == []


def test_a_session_that_only_reads_refuses_to_write(database):
    refused = pytest.raises(StorageError, match=r"read-?\s?only")
    with refused, database.session(read_only=True) as session:
        add_staff(session)
    with database.session() as session:
        add_staff(session)
    assert names(database) == ["ann"]


def test_two_rows_of_one_name_are_a_conflict(database):
    with database.session() as session:
        add_staff(session)
    refused = pytest.raises(ConflictError, match="refused the change")
    with refused as refusal, database.session() as session:
        add_staff(session)
    assert "\n" not in str(refusal.value)


def test_foreign_keys_hold(database):
    with pytest.raises(ConflictError), database.session() as session:
        session.execute(text("INSERT INTO template_text (text_key, template_id) VALUES ('k', 99)"))


def test_reading_does_not_wait_for_a_writer(database):
    with database.session() as session:
        add_staff(session)
        reader = threading.Thread(target=names, args=(database,))
        reader.start()
        reader.join(timeout=5)
        assert not reader.is_alive()


def test_moments_come_back_aware_and_in_utc(database):
    moment = datetime(2026, 3, 1, 8, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
    with database.session() as session:
        Bundles(session).add(
            "b", data_fingerprint="f", metrics={}, outcome="promoted", created_at=moment
        )
    with database.session(read_only=True) as session:
        stored = Bundles(session).get("b").created_at
    assert stored == moment
    assert stored.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database):
    naive = datetime(2026, 3, 1)  # noqa: DTZ001
    with pytest.raises(Exception, match="with a time zone"), database.session() as session:
        session.execute(select(BundleRow).where(BundleRow.created_at < naive)).all()


def test_a_number_that_json_lacks_is_refused_by_both(database):
    metrics = {"accuracy": float("nan")}
    with pytest.raises(Exception, match="not JSON compliant"), database.session() as session:
        Bundles(session).add("b", data_fingerprint="f", metrics=metrics, outcome="promoted")


def test_a_number_that_no_column_holds_is_bad_input(database):
    with pytest.raises(InputError, match="too large"), database.session() as session:
        Conversations(session).message(10**30)


def test_relationships_are_never_loaded_behind_our_back(talk):
    talk.open()
    with talk.database.session() as session:
        row = session.scalars(select(ConversationRow)).one()
        with pytest.raises(Exception, match="lazy"):
            _ = row.customer


def test_sqlite_is_set_up_for_many_readers_and_kill_9(sqlite_database):
    expected = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 30_000}
    for read_only in (False, True):
        with sqlite_database.session(read_only=read_only) as session:
            for pragma, value in expected.items():
                assert session.scalar(text(f"PRAGMA {pragma}")) == value


def test_sqlite_numbers_are_never_given_again(sqlite_database):
    with sqlite_database.connection() as connection:
        made = dict(connection.execute(text("SELECT name, sql FROM sqlite_master")).all())
    for table in Base.metadata.sorted_tables:
        if table.primary_key.columns.keys() == ["id"] and table.autoincrement_column is not None:
            assert "AUTOINCREMENT" in made[table.name], table.name


def test_a_database_out_of_reach_is_said_so(tmp_path: Path):
    for url in (
        sqlite_url(tmp_path / "missing" / "kefu.db"),
        f"postgresql://kefu:secret@/kefu?host={tmp_path}",
    ):
        database = Database(url)
        refused = pytest.raises(StorageError, match="check that it is reachable")
        with refused as refusal, database.session() as session:
            session.execute(text("SELECT 1"))
        assert "secret" not in str(refusal.value) + database.url
        database.dispose()


def test_a_writer_that_waited_too_long_is_told_so(sqlite_database):
    impatient = Database(sqlite_url(sqlite_database.path), busy_seconds=0.05)
    with sqlite_database.session() as session:
        add_staff(session)
        refused = pytest.raises(StorageError, match="database is locked")
        with refused, impatient.session() as other:
            add_staff(other, "bob")
    with impatient.session() as other:
        add_staff(other, "bob")
    assert names(impatient) == ["ann", "bob"]
    impatient.dispose()


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path):
    path = tmp_path / "kefu.db"
    path.write_bytes(b"not a database at all" * 100)
    database = Database(sqlite_url(path))
    with pytest.raises(StorageError, match="not a database"), database.session() as session:
        session.execute(text("SELECT 1"))
    database.dispose()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://localhost/kefu", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_names_no_database_of_ours_is_refused(url):
    with pytest.raises(InputError, match="expected a database URL"):
        Database(url)


def test_the_short_name_of_postgresql_is_understood(postgresql):
    database = Database(postgresql.url("postgres").replace("postgresql://", "postgres://"))
    assert database.dialect == "postgresql"
    assert database.path is None
    database.dispose()


def test_a_path_with_odd_characters(tmp_path: Path):
    path = tmp_path / "客服 100%?#" / "kefu.db"
    path.parent.mkdir()
    database = Database(sqlite_url(path))
    with database.connection() as connection:
        assert inspect(connection).get_table_names() == []
    assert database.path == path
    assert path.exists()
    database.dispose()


def test_every_table_can_be_used_without_the_orm():
    assert {table_of(mapper.class_).name for mapper in Base.registry.mappers} == set(
        Base.metadata.tables
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KefuError, 500),
        (InputError, 400),
        (UnauthorizedError, 401),
        (PermissionDeniedError, 403),
        (NotFoundError, 404),
        (ConflictError, 409),
        (EpochMovedError, 409),
        (StorageError, 503),
    ],
)
def test_each_error_knows_its_status(error, status):
    assert error.status_code == status
    assert issubclass(error, KefuError)
    assert error.code


def test_two_conversations_are_written_side_by_side_on_postgresql(postgresql_database):
    with postgresql_database.session() as one, postgresql_database.session() as two:
        first = Conversations(one).create("web")
        second = Conversations(two).create("web")
    assert first.id != second.id
