"""The search caches of a home on disk, seen from outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from storage.database import Database
from storage.knowledge import Knowledge


def drop_outdated_caches(indexes: Path, database: Database) -> list[str]:
    """Delete the search caches that have not caught up with the database; gives their names.

    They hold words and vectors of what was changed or erased since. Whoever searches next
    builds them again from the database.
    """
    with database.session(read_only=True) as session:
        revision = Knowledge(session).revision()
    dropped = []
    for folder in sorted(indexes.iterdir()) if indexes.is_dir() else []:
        if folder.is_dir() and _revision(folder) != revision:
            shutil.rmtree(folder)
            dropped.append(folder.name)
    return dropped


def _revision(folder: Path) -> int | None:
    """The revision that a whole cache has reached; None for what is unfinished or damaged."""
    if folder.suffix == ".new":
        return None
    try:
        return int(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
