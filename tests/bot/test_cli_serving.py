"""`kefu serve` and its siblings as processes: sockets, locks, signals."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
import structlog

from bot.cli import execute
from bot.commands.lock import HomeInUseError, held_by, only_one
from bot.commands.options import settings_for
from bot.commands.output import ProgressBars
from bot.commands.shops import prepare, shop_folder
from bot.settings import Settings
from finetune.errors import NotEnoughDataError
from storage.database import Database, sqlite_url
from storage.errors import InputError
from storage.jobs import Jobs
from storage.migrate import upgrade
from storage.types import JobStatus

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _logging_as_before():
    """A command sends the log to the stderr of its time, which ends with the test."""
    yield
    structlog.reset_defaults()


@asynccontextmanager
async def kefu(*arguments, **settings):
    """A command in a process of its own; terminated at the end of the block if it still runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEFU_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", *map(str, arguments), env=kept | settings, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def address_of(process):
    """Where the chat page is, as the command prints it."""
    async with asyncio.timeout(120):
        async for line in process.stdout:
            if line.startswith(b"chat page"):
                return line.split()[-1].decode()
    raise AssertionError((await process.stderr.read()).decode())


def get(url):
    with urlopen(url, timeout=30) as response:
        return json.load(response)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_answers_and_stops_cleanly(tmp_path, number):
    async with kefu("serve", "--port", 0, "--home", tmp_path) as process:
        address = await address_of(process)
        assert await asyncio.to_thread(get, f"{address}healthz")
        process.send_signal(number)
        _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert b"kefu: stopped" in told
    assert b"Traceback" not in told


async def test_one_process_serves_a_home(tmp_path, capsys):
    async with kefu("serve", "--port", 0, "--home", tmp_path) as process:
        await address_of(process)
        code = await asyncio.to_thread(execute, ["serve", "--port", "0", "--home", str(tmp_path)])
        told = capsys.readouterr().err
    assert code == 2
    assert f"found process {process.pid}" in told


def test_a_taken_port_is_one_clear_line(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = execute(["run", "--port", str(port), "--home", str(tmp_path)])
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    assert f"port {port}" in line
    assert "--port" in line


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_that_is_not_ours_is_refused(tmp_path, capsys, host):
    code = execute(["serve", "--host", host, "--port", "0", "--home", str(tmp_path)])
    assert code == 2
    assert host in capsys.readouterr().err


def test_a_shop_that_is_none_is_refused(tmp_path, capsys):
    code = execute(["run", "--shop", str(tmp_path), "--home", str(tmp_path / "home")])
    assert code == 2
    assert "shop.toml" in capsys.readouterr().err


def test_the_lock_goes_with_the_block(tmp_path):
    with only_one(tmp_path, "serve"):
        assert held_by(tmp_path, "serve") == str(os.getpid())
        with pytest.raises(HomeInUseError), only_one(tmp_path, "serve"):
            pass
    assert held_by(tmp_path, "serve") is None


async def test_the_worker_does_what_is_queued(tmp_path):
    database = Database(sqlite_url(tmp_path / "kefu.db"))
    upgrade(database)
    with database.session() as session:
        job = Jobs(session).enqueue("retrain", {"encoder": None, "force": False})
    # In a process of its own, since a worker gives way to others for as long as it lives.
    async with kefu("worker", "--once", "--home", tmp_path) as process:
        _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    with database.session() as session:
        done = Jobs(session).get(job.id)
    database.dispose()
    # There is nothing to learn from in an empty home, and the job says so.
    assert done.status is JobStatus.FAILED
    assert f"job {job.id} (retrain) failed: " in told.decode()


def test_the_other_commands_use_the_shop_of_the_last_run(tmp_path, monkeypatch):
    shop, home = tmp_path / "店", tmp_path / "home"
    shop.mkdir()
    (shop / "shop.toml").write_text('name = "Shop"\n', encoding="utf-8")
    settings = Settings(home=home, shop=shop)
    with pytest.raises(NotEnoughDataError), ProgressBars() as progress:
        prepare(settings, progress)
    command = SimpleNamespace(obj=home)
    assert settings_for(command, None).shop == shop
    assert settings_for(command, None, shop=tmp_path).shop == tmp_path
    assert settings_for(command, tmp_path / "another home").shop is None
    shutil.rmtree(shop)
    assert settings_for(command, None).shop is None
    with pytest.raises(InputError, match="last run with, found it gone"):
        shop_folder(settings_for(command, None))
    monkeypatch.setenv("KEFU_SHOP", str(tmp_path))
    assert settings_for(command, None).shop == tmp_path
