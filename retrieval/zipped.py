"""ZIP archives of documents: a folder in one file, opened with care."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from retrieval.errors import FileTooLargeError, UnreadableFileError
from retrieval.readers.archive import check_archive
from retrieval.readers.reading import MAX_BYTES, check_size

SUFFIX = ".zip"
MAX_ENTRIES = 2_000
MAX_TOTAL = 200 * 1024 * 1024
"""Bytes that the files of one archive may have together once unpacked."""

_KIND = "a ZIP archive of documents"
_UTF8_NAME = 0x800


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: its own number and its path in there, or why it cannot be used."""

    index: int
    name: PurePosixPath
    problem: str | None = None


def members(path: Path) -> Iterator[Member]:
    """The files of an archive; DocumentError if it cannot be opened or is beyond all measure."""
    with path.open("rb") as file:
        check_archive(file, path.name, _KIND)
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        places = {id(entry): place for place, entry in enumerate(archive.infolist())}
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or total > MAX_TOTAL:
        raise FileTooLargeError(
            f"Expected {path.name} to hold at most {MAX_ENTRIES:,} files of "
            f"{MAX_TOTAL // 1024**2} MB together, found {len(entries):,} of "
            f"{total / 1024**2:,.0f} MB. Split it into smaller archives."
        )
    for entry in entries:
        name = PurePosixPath(_name(entry).replace("\\", "/"))
        if any(part.startswith((".", "__MACOSX")) and part != ".." for part in name.parts):
            continue
        yield Member(places[id(entry)], name, _problem(name))


def read_member(path: Path, index: int, name: str) -> bytes:
    """The bytes of one file of an archive, whatever size it claims to have."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(archive.infolist()[index]) as file:
            data = file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise UnreadableFileError(
            f"Expected {name} to be whole, found it damaged in its archive. Zip it again."
        ) from error
    check_size(name, len(data))
    return data


def _name(entry: zipfile.ZipInfo) -> str:
    """Chinese Windows writes names in GBK without saying so."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename


def _problem(name: PurePosixPath) -> str | None:
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        return "Expected a path inside the archive, found one that leads out of it."
    if name.suffix.lower() == SUFFIX:
        return "Expected documents in the archive, found another archive. Unpack it first."
    return None
