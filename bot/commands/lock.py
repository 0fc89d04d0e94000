"""One process of a kind per home: a lock file that the system releases with the process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import HomeUnusableError
from storage.errors import ConflictError

TRAINING_LOCK = "retrain"
"""Held by whoever trains or clears up what trainings left."""

_USES = {TRAINING_LOCK: "train in"}
_SERVE = "serve"


class HomeInUseError(ConflictError):
    """Another process serves this home, or trains in it, already."""

    code = "home_in_use"


@contextmanager
def only_one(home: Path, name: str) -> Iterator[None]:
    """Hold `home/NAME.lock` for as long as the block lasts, or say who holds it."""
    path = home / f"{name}.lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise HomeUnusableError(
            f"expected to write {path}, found: {error.strerror}; choose another --home"
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUseError(
                f"expected nobody else to {_USES.get(name, _SERVE)} the home {home}, "
                f"found process {_holder(file)}; stop it, or choose another --home"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)


def held_by(home: Path, name: str) -> str | None:
    """The process that holds the lock; None if it is free."""
    try:
        with only_one(home, name):
            return None
    except HomeInUseError:
        return (home / f"{name}.lock").read_text().strip() or "unknown"


def _holder(file: int) -> str:
    return os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
