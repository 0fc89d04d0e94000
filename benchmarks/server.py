"""A real server process on loopback, to be measured or killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.harness import ROOT, environment

START_SECONDS = 300
LOOK_SECONDS = 0.02


class ServerNotReadyError(Exception):
    """The server ended, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running process and where it listens."""

    process: subprocess.Popen[bytes]
    address: str

    def wait_until_ready(self, seconds: float = START_SECONDS) -> float:
        """Wait for /readyz; gives the seconds that it took."""
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            if self.process.poll() is not None:
                raise ServerNotReadyError(f"exit code {self.process.returncode}")
            if self._is_ready():
                return time.perf_counter() - began
            time.sleep(LOOK_SECONDS)
        raise ServerNotReadyError(f"{self.address} is not ready after {seconds} s")

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.address}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        """Send SIGKILL to the process and whatever it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, as Ctrl-C does; gives the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=60)


def start(
    home: Path, command: str = "serve", *, log: Path | None = None, **settings: str
) -> Server:
    """Start `kefu serve` or `kefu run` in a process group of its own; it is not ready yet."""
    port = free_port()
    arguments = ["-m", "bot.cli", "--home", str(home), command, "--port", str(port)]
    with (log or Path(os.devnull)).open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Server(process, f"http://127.0.0.1:{port}")


@contextmanager
def serving(
    home: Path, command: str = "serve", *, log: Path | None = None, **settings: str
) -> Iterator[Server]:
    """A server that is ready; it is gone after the block."""
    server = start(home, command, log=log, **settings)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.kill()


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
