"""Office files are ZIP archives: one that would blow up is refused before it is unpacked."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

from retrieval.errors import FileTooLargeError, UnreadableFileError

MAX_UNPACKED = 500_000_000
"""Bytes that the parts of one document may have together once unpacked."""

MAX_RATIO = 200
"""How many times smaller an archive may be than its content; text rarely passes 20."""

_SMALL = 20_000_000
_MAX_PARTS = 20_000


def check_archive(file: BinaryIO, name: str, kind: str) -> None:
    """Raise unless the file is a ZIP archive of a document's size."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise damaged(name, kind) from error
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableFileError(
            f"Expected {name} to be open, found it locked by a password. Save it without one."
        )
    unpacked = sum(part.file_size for part in parts)
    ratio = unpacked / max(1, sum(part.compress_size for part in parts))
    if (
        unpacked > MAX_UNPACKED
        or len(parts) > _MAX_PARTS
        or (unpacked > _SMALL and ratio > MAX_RATIO)
    ):
        raise FileTooLargeError(
            f"{name} unpacks to {unpacked / 1e6:,.0f} MB in {len(parts)} parts, which no document "
            "does. Save it anew with its text alone."
        )


def damaged(name: str, kind: str) -> UnreadableFileError:
    """The error for a file that is not what its name says."""
    return UnreadableFileError(
        f"Expected {name} to be {kind}, found a damaged or different file. "
        "Open it and save it again."
    )
