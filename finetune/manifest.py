"""The manifest of a bundle: the sha256 of every file, so that a damaged one is never served.

It imports no model library, since a rollback checks files and must take no longer than that.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import BundleDamagedError

MANIFEST = "manifest.json"
DESCRIPTION = "bundle.json"
_FORMAT = 1
_ENCODER_PARTS = "modules.json"


def write_manifest(folder: Path) -> None:
    """Write down what every file of the folder is."""
    content = {"format": _FORMAT, "sha256": _digests(folder)}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")


def verify_bundle(folder: Path) -> None:
    """Compare every file with the manifest; BundleDamagedError names the first that differs."""
    if problem := find_damage(folder):
        raise damaged(folder, problem)


def find_damage(folder: Path) -> str | None:
    """What is not as the manifest of this folder says; None if it is whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        expected: dict[str, str] = dict(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return "its manifest cannot be read"
    found = _digests(folder)
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            state = "is missing" if name not in found else "is not what the manifest says"
            return f"{name} {state}"
    return None


def verify_for_serving(folder: Path, encoders: Path) -> None:
    """As `verify_bundle`, and the search encoder that the bundle names must lie in the home.

    Whether that is the very one is found out by whoever loads it: its weights are its name.
    """
    verify_bundle(folder)
    uses = read_uses(folder)
    if uses.encoder is not None and not (encoders / uses.encoder / _ENCODER_PARTS).is_file():
        raise damaged(folder, f"its search encoder {uses.encoder} is not in the home")


def sync_to_disk(folder: Path) -> None:
    """Bring the files to the disk before the folder gets its final name."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Uses:
    """What a bundle needs beside its own files: folders of `encoders/` and `indexes/`."""

    encoder: str | None
    index: str | None


def read_uses(folder: Path) -> Uses:
    """What a bundle says that it needs; an encoder that is loaded by name lies in no folder."""
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        encoder = description["encoder"]
        source = str(encoder["source"]) if encoder["embedded"] else None
        return Uses(source, description.get("index"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(folder, "its description cannot be read") from error


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
