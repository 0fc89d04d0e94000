"""What trainings leave behind: halves of folders, and bundles that nobody needs any more.

Whoever calls this holds the lock of trainings, so that nothing here is somebody's work at hand.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from finetune.errors import BundleDamagedError
from finetune.manifest import read_uses
from storage.bundles import Bundles
from storage.database import Database


class Folders(Protocol):
    """The folders of a home that training writes to."""

    @property
    def bundles_dir(self) -> Path:
        """`bundles/<id>`."""
        ...

    @property
    def encoders_dir(self) -> Path:
        """`encoders/<fingerprint>`."""
        ...

    @property
    def indexes_dir(self) -> Path:
        """Search caches."""
        ...


@dataclass(frozen=True, slots=True)
class Pruned:
    """The names of what was removed, and the bytes that this freed."""

    bundles: tuple[str, ...]
    encoders: tuple[str, ...]
    indexes: tuple[str, ...]
    freed: int


def sweep(home: Folders) -> None:
    """Remove the halves of bundles and encoders whose writer was killed."""
    for parent in (home.bundles_dir, home.encoders_dir):
        for folder in _folders(parent):
            if _is_half(folder):
                shutil.rmtree(folder)


def prune(home: Folders, database: Database, keep: int, *, by: str) -> Pruned:
    """Remove all but the newest `keep` bundles, and the encoders and caches that only they used.

    The live bundle and the one that a rollback goes back to always stay. Rows are marked before
    files go, so that after a crash in between the next call removes what is left.
    """
    with database.session() as session:
        Bundles(session).prune(keep, by=by)
        kept = {each.id for each in Bundles(session).list() if each.removed_at is None}
    bundles = _others(home.bundles_dir, kept)
    encoders, indexes = _unused(home, kept)
    freed = sum(map(_remove, (*bundles, *encoders, *indexes)))
    return Pruned(_names(bundles), _names(encoders), _names(indexes), freed)


def _unused(home: Folders, kept: Set[str]) -> tuple[list[Path], list[Path]]:
    """Encoders and caches that no kept bundle names; none where one of them cannot say."""
    try:
        uses = [read_uses(home.bundles_dir / bundle_id) for bundle_id in kept]
    except BundleDamagedError:
        return [], []
    encoders = {use.encoder for use in uses if use.encoder is not None}
    indexes = {use.index for use in uses if use.index is not None}
    # A server may be saving a cache that is kept; its half is named so.
    saving = {f"{name}.new" for name in indexes}
    return _others(home.encoders_dir, encoders), _others(home.indexes_dir, indexes | saving)


def _others(parent: Path, names: Set[str]) -> list[Path]:
    return [folder for folder in _folders(parent) if folder.name not in names]


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []


def _is_half(folder: Path) -> bool:
    return folder.name.startswith(".") and folder.name.endswith(".new")


def _remove(folder: Path) -> int:
    """Remove a folder; the bytes that its files had."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder)
    return size


def _names(folders: Sequence[Path]) -> tuple[str, ...]:
    return tuple(folder.name for folder in folders)
