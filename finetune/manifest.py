"""The manifest of a bundle: the sha256 of every file, so that a damaged one is never served.

It imports no model library, since a rollback checks files and must take no longer than that.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from finetune.errors import BundleDamagedError

MANIFEST = "manifest.json"
_FORMAT = 1


def write_manifest(folder: Path) -> None:
    """Write down what every file of the folder is."""
    content = {"format": _FORMAT, "sha256": _digests(folder)}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")


def verify_bundle(folder: Path) -> None:
    """Compare every file with the manifest; BundleDamagedError names the first that differs."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        expected: dict[str, str] = manifest["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(folder, "its manifest cannot be read") from error
    found = _digests(folder)
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            state = "is missing" if name not in found else "is not what the manifest says"
            raise damaged(folder, f"{name} {state}")


def damaged(folder: Path, why: str) -> BundleDamagedError:
    """The error for a bundle that is not whole, with what to do."""
    return BundleDamagedError(
        f"expected a whole bundle in {folder.name}, but {why}; "
        "promote another one (`kefu bundles list`) or run `kefu retrain --force`"
    )


def _digests(folder: Path) -> dict[str, str]:
    digests = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            digests[path.relative_to(folder).as_posix()] = digest
    return digests
