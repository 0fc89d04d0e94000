"""Reads files before a transaction is opened: parsing takes long, and customers write meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from retrieval.errors import DocumentError
from retrieval.readers import Reading, read_file
from retrieval.sources import Source, find_sources, printable, read_source
from storage.database import Database
from storage.knowledge import Knowledge
from storage.types import UNLABELLED, Labels

# Part of every content hash: documents are cut anew when readers or chunking change.
_VERSION = b"3"

ReadAhead = Mapping[tuple[str, str], Reading | DocumentError]
"""What reading came to, by document name and content hash."""


def content_hash(data: bytes, labels: Labels = UNLABELLED) -> str:
    """What tells whether a file, or the labels it is given, changed since it was imported."""
    given = b"" if labels == UNLABELLED else repr(labels).encode()
    return hashlib.sha256(_VERSION + given + data).hexdigest()


def read_ahead(
    database: Database,
    paths: Sequence[Path],
    *,
    root: Path | None = None,
    labels: Labels = UNLABELLED,
    progress: Callable[[str, float], None] | None = None,
) -> ReadAhead:
    """Read the files that the database does not hold as they are now.

    What cannot be found or opened is left to the import, which reports it.
    """
    with database.session(read_only=True) as session:
        known = {(each.name, each.content_hash) for each in Knowledge(session).documents()}
    sources = list(find_sources(paths, root, []))
    found: dict[tuple[str, str], Reading | DocumentError] = {}
    for done, source in enumerate(sources, start=1):
        try:
            data = read_source(source)
        except DocumentError:
            continue
        key = str(source.name), content_hash(data, labels)
        if key not in known:
            found[key] = _reading(source, data)
        if progress is not None:
            progress(printable(source.name), done / len(sources))
    return found


def _reading(source: Source, data: bytes) -> Reading | DocumentError:
    try:
        return read_file(source.name, data)
    except DocumentError as error:
        return error
