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
from storage.knowledge import Knowledge
from storage.models import Base
from storage.review import ReviewQueue
from storage.types import Labels, NewMessage, NewPassage
from storage.vectors import pgvector_problem

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
    steps = [migrate.head()]
    while (found := migrate.current(empty_database)) is not None:
        migrate.downgrade(empty_database, "-1")
        assert migrate.current(empty_database) != found
        steps.append(migrate.current(empty_database))
    assert table_names(empty_database) == {"alembic_version"}
    for expected in reversed(steps[:-1]):
        migrate.upgrade(empty_database, "+1")
        assert migrate.current(empty_database) == expected
    assert differences(empty_database) == []


def test_review_items_of_one_message_become_one_and_part_again(empty_database: Database):
    migrate.upgrade(empty_database, "c41d9a7e2b58")
    with empty_database.session() as session:
        conversation = Conversations(session).create("web")
        new = NewMessage(conversation.id, "m", "到哪了", "到哪了")
        message = Conversations(session).receive(new).message
    columns = "kind, message_id, question, status, created_at"
    with empty_database.connection() as connection:
        for kind, status in (("no_answer", "open"), ("thumbs_down", "rejected")):
            values = f"'{kind}', {message.id}, '到哪了', '{status}', CURRENT_TIMESTAMP"
            connection.exec_driver_sql(f"INSERT INTO review_item ({columns}) VALUES ({values})")
    migrate.upgrade(empty_database)
    with empty_database.session(read_only=True) as session:
        item = ReviewQueue(session).get(2)
    assert (item.kinds, item.status) == (("no_answer", "thumbs_down"), "rejected")
    migrate.downgrade(empty_database, "c41d9a7e2b58")
    with empty_database.connection() as connection:
        rows = connection.exec_driver_sql("SELECT id, kind FROM review_item").all()
    assert [tuple(row) for row in rows] == [(2, "no_answer")]


def test_shared_vectors_do_not_stand_in_the_way_down(postgresql_database: Database):
    assert pgvector_problem(postgresql_database) is None
    assert differences(postgresql_database) == []
    migrate.downgrade(postgresql_database, "base")
    assert table_names(postgresql_database) == {"alembic_version"}
    migrate.upgrade(postgresql_database)
    assert pgvector_problem(postgresql_database) is None


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


def test_no_step_forgets_which_passage_ids_were_given(empty_database: Database):
    migrate.upgrade(empty_database, "c41d9a7e2b58")
    with empty_database.connection() as connection:
        connection.exec_driver_sql(
            "INSERT INTO document (name, title, content_hash, language, kind, text, created_at, "
            "updated_at) VALUES ('a', '', '', '', '', '', '2026-01-01', '2026-01-01')"
        )
        for _ in range(3):
            connection.exec_driver_sql(
                'INSERT INTO passage (document_id, heading, text, start, "end", language, '
                "questions) VALUES (1, '', 'x', 0, 1, 'zh', '[]')"
            )
        connection.exec_driver_sql("DELETE FROM passage WHERE id > 1")
    migrate.upgrade(empty_database)
    with empty_database.session() as session:
        knowledge = Knowledge(session)
        assert [passage.labels for passage in knowledge.passages()] == [Labels()]
        new = NewPassage("y", "", 0, 1, "zh")
        knowledge.put_document("b", "", "h", "zh", "document", "y", [new])
        assert max(passage.id for passage in knowledge.passages()) == 4
