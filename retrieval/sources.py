"""The files to import: where they are, what their documents are called, and their bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from retrieval.errors import DocumentError, UnreadableFileError
from retrieval.readers.reading import check_size, check_supported
from retrieval.types import Problem
from retrieval.zipped import SUFFIX as ARCHIVE
from retrieval.zipped import members, read_member


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import: `name` is its document's, `folder` the one it was found in, if any.

    A `member` is the number of a file in the archive at `path`.
    """

    path: Path
    name: PurePosixPath
    folder: Path | None = None
    member: int | None = None


def is_folder(path: Path) -> bool:
    """Whether the path holds documents, as a folder or as an archive."""
    return path.is_dir() or _is_archive(path)


def find_sources(
    paths: Sequence[Path], root: Path | None, problems: list[Problem]
) -> Iterator[Source]:
    """The files named, and those below the folders named; what cannot be used is a problem.

    A document is named by its path below `root`; without one, below the folder that holds what
    was given (`knowledge/returns.md` whether the file or the folder was named). Links that lead
    out of a folder are not followed, hidden files are passed over.
    """
    for path in paths:
        base = _base(path, root)
        if path.is_dir():
            yield from _walk(path, base, problems)
        else:
            yield from _file(path, _name(path, base), None, problems)


def read_source(source: Source) -> bytes:
    """The file's bytes, if it is one that can be read."""
    if not _is_text(str(source.name)):
        raise UnreadableFileError("Expected a file name in UTF-8, found other bytes. Rename it.")
    try:
        status = source.path.stat()
        # A pipe or a device would block or never end.
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFileError(f"Expected a file at {source.name}, found something else.")
        check_supported(source.name)
        if source.member is not None:
            return read_member(source.path, source.member, str(source.name))
        check_size(str(source.name), status.st_size)
        return source.path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFileError(
            f"Expected a file or folder at {source.path}, found none. Check the path."
        ) from None
    except OSError as error:
        raise UnreadableFileError(f"Could not read {source.name}: {error.strerror}.") from error


def printable(name: PurePosixPath | str) -> str:
    """The name with what is no UTF-8 in it replaced, so that it can be stored and shown."""
    return str(name).encode("utf-8", "replace").decode("utf-8")


def _is_text(name: str) -> bool:
    return name == printable(name)


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() == ARCHIVE and path.is_file()


def _file(
    path: Path, name: PurePosixPath, folder: Path | None, problems: list[Problem]
) -> Iterator[Source]:
    """The file itself, or the files in it if it is an archive, named below its own name."""
    if not _is_archive(path):
        yield Source(path, name, folder)
        return
    try:
        found = list(members(path))
    except (DocumentError, OSError) as error:
        problems.append(Problem(printable(name), None, str(error)))
        return
    for member in found:
        inner = name.with_suffix("") / member.name
        if member.problem is not None:
            # Not the path itself: it may be one that leads out.
            problems.append(Problem(printable(f"{name}: {member.name}"), None, member.problem))
        else:
            yield Source(path, inner, folder or path.resolve(), member.index)


def _base(path: Path, root: Path | None) -> Path:
    if root is not None:
        return root.resolve()
    resolved = path.resolve()
    return resolved.parent if resolved.is_dir() else resolved.parent.parent


def _name(path: Path, base: Path) -> PurePosixPath:
    # The last part may be a link that the user named: its own name counts, not its target's.
    full = path.parent.resolve() / path.name if path.name else path.resolve()
    if full.is_relative_to(base):
        return PurePosixPath(full.relative_to(base).as_posix())
    return PurePosixPath(full.name)


def _walk(folder: Path, base: Path, problems: list[Problem]) -> Iterator[Source]:
    inside = folder.resolve()

    def unreadable(error: OSError) -> None:
        reason = f"Could not look into the folder: {error.strerror}."
        problems.append(Problem(printable(str(error.filename)), None, reason))

    for current, below, files in os.walk(folder, onerror=unreadable):
        below[:] = sorted(each for each in below if not each.startswith("."))
        for each in sorted(files):
            path = Path(current) / each
            if each.startswith("."):
                continue
            name = _name(path, base)
            if path.resolve().is_relative_to(inside):
                yield from _file(path, name, inside, problems)
            else:
                reason = "Expected a file of the folder, found a link that leads out of it."
                problems.append(Problem(printable(name), None, reason))
