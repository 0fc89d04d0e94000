"""The migrations: up, down, up again, and the same tables as the models."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import alembic
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from storage import migrate
from storage.conversations import Conversations
from storage.database import Database, sqlite_url
from storage.errors import InputError, StorageError
from storage.models import Base

ROOT = Path(__file__).resolve().parents[2]


def table_names(database: Database) -> set[str]:
    with database.connection() as connection:
        return set(inspect(connection).get_table_names())


def differences(database: Database) -> list[object]:
    with database.connection() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, Base.metadata)


def test_up_gives_the_tables_of_the_models(empty_database: Database):
    assert migrate.current(empty_database) is None
    migrate.upgrade(empty_database)
    assert migrate.current(empty_database) == migrate.head()
    assert differences(empty_database) == []


def test_drift_would_be_seen(empty_database: Database):
    migrate.upgrade(empty_database)
    with empty_database.connection() as connection:
        connection.exec_driver_sql("ALTER TABLE staff ADD COLUMN shoe_size INTEGER")
        connection.exec_driver_sql("DROP INDEX uq_job_unfinished_kind")
    assert len(differences(empty_database)) == 2


def test_down_leaves_nothing_and_up_works_again(empty_database: Database):
    migrate.upgrade(empty_database)
    migrate.downgrade(empty_database, "base")
    assert migrate.current(empty_database) is None
    assert table_names(empty_database) == {"alembic_version"}
    migrate.upgrade(empty_database)
    assert differences(empty_database) == []


def test_every_single_step_can_be_taken_back(empty_database: Database):
    migrate.upgrade(empty_database)
    migrate.downgrade(empty_database, "-1")
    below = migrate.current(empty_database)
    assert below not in {None, migrate.head()}
    assert differences(empty_database)
    migrate.upgrade(empty_database, "+1")
    assert migrate.current(empty_database) == migrate.head()


def test_upgrade_again_keeps_the_data(database: Database):
    with database.session() as session:
        conversation = Conversations(session).create("web")
    migrate.upgrade(database)
    with database.session(read_only=True) as session:
        assert Conversations(session).get(conversation.id) == conversation


def test_a_failed_upgrade_leaves_nothing(empty_database: Database):
    with empty_database.connection() as connection:
        connection.exec_driver_sql("CREATE TABLE message (id INTEGER)")
    with pytest.raises(Exception, match="message.* already exists"):
        migrate.upgrade(empty_database)
    assert "staff" not in table_names(empty_database)


def test_the_folder_of_a_new_home_is_created(tmp_path: Path):
    database = Database(sqlite_url(tmp_path / "a" / "b" / "kefu.db"))
    migrate.upgrade(database)
    assert migrate.current(database) == migrate.head()
    database.dispose()


def test_a_home_that_cannot_be_created_is_said_so(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    database = Database(sqlite_url(tmp_path / "file" / "kefu.db"))
    with pytest.raises(StorageError, match="expected to create the folder"):
        migrate.upgrade(database)


def test_the_folder_of_migrations_does_not_hide_the_installed_package():
    assert not (ROOT / "alembic" / "__init__.py").exists()
    assert str(ROOT) in sys.path or "" in sys.path
    assert ROOT not in Path(alembic.__file__).parents or "site-packages" in alembic.__file__


def test_migrations_are_named_by_their_date_and_topic():
    scripts = sorted((ROOT / "alembic" / "versions").glob("*.py"))
    assert scripts
    for script in scripts:
        assert re.fullmatch(r"\d{8}_\d{4}_[a-z_]+\.py", script.name)
    assert len(ScriptDirectory(str(ROOT / "alembic")).get_heads()) == 1


@pytest.mark.parametrize("move", [migrate.upgrade, migrate.downgrade])
def test_a_revision_that_nobody_knows_is_one_clear_line(database, move):
    with pytest.raises(InputError, match="expected a revision that this checkout knows") as raised:
        move(database, "nonsense")
    assert "\n" not in str(raised.value)
    assert migrate.current(database) == migrate.head()
