"""A folder of saved caches, of which the newest whole one counts; kill -9 leaves it or the next.

Each saving is a folder of its own. Its manifest, with the checksum of every file, is written last
and under another name first, so a folder with a manifest is whole. Older folders go afterwards.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MANIFEST = "manifest.json"
_LOCK = "save.lock"


def save_cache(home: Path, facts: dict[str, Any], write: Callable[[Path], None]) -> None:
    """Let `write` fill a new folder below `home`, and make it the one that counts."""
    home.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(home):
        folder = home / f"{_number(home) + 1:06d}-{secrets.token_hex(4)}"
        folder.mkdir()
        write(folder)
        files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
        fresh = folder / f"{_MANIFEST}.new"
        fresh.write_text(json.dumps({**facts, "files": files}), encoding="utf-8")
        fresh.rename(folder / _MANIFEST)
        for other in _folders(home):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)


def whole_caches(home: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The folders whose files are all as they were saved, with what was noted, newest first."""
    for folder in _folders(home):
        manifest = _manifest(folder)
        if manifest is None:
            continue
        try:
            whole = all(
                _sha256(folder / name) == digest for name, digest in manifest["files"].items()
            )
        except (OSError, KeyError, TypeError, AttributeError):
            continue
        if whole:
            yield folder, manifest


def noted(home: Path) -> dict[str, Any] | None:
    """What was noted at the newest saving, without a look at its files; None if there is none."""
    found = (_manifest(folder) for folder in _folders(home))
    return next((manifest for manifest in found if manifest is not None), None)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def _folders(home: Path) -> list[Path]:
    """All folders of savings, newest first."""
    try:
        return sorted((path for path in home.iterdir() if path.is_dir()), reverse=True)
    except OSError:
        return []


def _number(home: Path) -> int:
    numbers = [path.name.partition("-")[0] for path in _folders(home)]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """The system frees the lock of a process that dies, so what it left behind can be removed."""
    descriptor = os.open(home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
