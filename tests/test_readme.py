"""README's two commands, run in a copy of the working tree as a newcomer would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIRST_SECONDS = 240
"""Far above what it takes: the machine may be busy, and a hang must end."""
BARE_SECONDS = 180
SECOND_SECONDS = 60


@dataclass(frozen=True)
class Run:
    """`make run` as it was seen from outside."""

    seconds: float
    output: str
    reply: dict[str, str]


def readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^    (make \w+)\s+#", text, flags=re.MULTILINE)


def clone(folder: Path) -> Path:
    """A copy of what a commit of this tree would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return folder


def lend_packages(copy: Path) -> None:
    """Give a copy the packages that these tests run with, as if it had installed them."""
    binaries = copy / ".venv" / "bin"
    binaries.mkdir(parents=True)
    python = binaries / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    stamp = "cat pyproject.toml constraints.txt scripts/install | cksum > .venv/.kefu-run"
    subprocess.run(["sh", "-c", stamp], cwd=copy, check=True)


@contextmanager
def running(copy: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """README's first command, in a process group of its own; ended after the block."""
    log = copy / "run.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEFU_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*readme_commands()[0].split(), f"PORT={port}"],
            cwd=copy,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        for each, wait in ((signal.SIGINT, 30), (signal.SIGKILL, 30)):
            if process.poll() is None:
                os.killpg(process.pid, each)
                wait_until(lambda: process.poll() is not None, wait, log, strict=False)


def wait_until(
    is_so: Callable[[], bool], seconds: float, log: Path, *, strict: bool = True
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.05)
    if strict:
        pytest.fail(f"nothing after {seconds} s; it printed:\n{log.read_text('utf-8')[-3000:]}")


def run_and_ask(copy: Path, seconds: float) -> Run:
    port = free_port()
    began = time.monotonic()
    with running(copy, port) as (process, log):

        def greeted() -> bool:
            if process.poll() is not None:
                pytest.fail(f"it ended by itself:\n{log.read_text('utf-8')[-3000:]}")
            return f"http://127.0.0.1:{port}/docs" in log.read_text("utf-8")

        wait_until(greeted, seconds, log)
        took = time.monotonic() - began
        reply = ask(port, "我的快递到哪了")
    return Run(took, log.read_text("utf-8"), reply)


def stories(copy: Path) -> dict[str, Any]:
    """The sample's stories, played to the bot that the copy has trained."""
    command = [sys.executable, "-m", "bot.cli", "evaluate", "stories", "examples/shop/stories"]
    ran = subprocess.run(
        [*command, "--json"],
        cwd=copy,
        env={**os.environ, "KEFU_HOME": "var", "KEFU_SHOP": "examples/shop"},
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(ran.stdout)


def ask(port: int, question: str) -> dict[str, str]:
    begun = post(port, "/api/conversations", {})
    path = f"/api/conversations/{begun['conversation']}/messages"
    return post(port, path, {"id": "1", "text": question}, begun["token"])


def post(port: int, path: str, body: object, token: str = "") -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers)
    with urlopen(request, timeout=60) as response:
        return json.load(response)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def check_first(run: Run) -> None:
    assert "Traceback" not in run.output
    assert run.reply["decision"] in ("template", "form"), run.reply
    assert "question" in run.output
    assert "reply" in run.output
    # The table holds samples in both languages, with what the running server answered.
    assert "我的快递到哪了" in run.output
    assert "Where is my order?" in run.output
    assert "chat page" in run.output


@pytest.mark.timeout(FIRST_SECONDS + SECOND_SECONDS + 120)
def test_make_run_serves_and_serves_again_sooner(tmp_path):
    copy = clone(tmp_path / "kefu")
    lend_packages(copy)
    first = run_and_ask(copy, FIRST_SECONDS)
    check_first(first)
    second = run_and_ask(copy, SECOND_SECONDS)
    assert second.reply["reply"] == first.reply["reply"]
    assert second.seconds < 0.6 * first.seconds, "the second start trains or imports again"
    told = stories(copy)
    # Another processor rounds otherwise, which may move a turn over a limit that it stands at.
    assert len(told["failed"]) <= 0.05 * told["n"], told["failed"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_make_run_from_a_bare_clone(tmp_path):
    """Installs everything: it needs a package index, and a machine with nothing else to do."""
    copy = clone(tmp_path / "kefu")
    first = run_and_ask(copy, 600)
    check_first(first)
    assert first.seconds < BARE_SECONDS


def test_readme_names_the_two_commands():
    assert readme_commands() == ["make run", "make test"]


def test_ci_runs_what_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.rstrip().endswith(f"exec {readme_commands()[1]}")


def test_make_test_installs_checks_and_tests():
    # The outer make that runs the tests would add its own lines.
    ran = subprocess.run(
        ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-n", "test", "VENV=/venv"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    steps = [line.strip() for line in ran.stdout.splitlines()]
    assert steps == [
        "scripts/install /venv dev",
        "scripts/check /venv/bin/python",
        "exec /venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder",
    ]


def test_an_old_python_is_refused_in_one_line(tmp_path):
    """With nothing but an old `python3` on the path, the error says what to do."""
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ntest "$1" = -V && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    ran = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "find-python")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "expected Python 3.11 or newer, found Python 3.9.2" in ran.stderr
    assert ran.stdout == ""
