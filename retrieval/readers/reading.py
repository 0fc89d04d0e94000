"""Chooses the reader by a file's suffix and gives back what it found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from retrieval.errors import EmptyFileError, FileTooLargeError, UnsupportedFileError
from retrieval.readers.decoding import decode
from retrieval.readers.html import add_html
from retrieval.readers.isolated import SUFFIXES as ISOLATED
from retrieval.readers.isolated import read_isolated
from retrieval.readers.jsonl import add_jsonl
from retrieval.readers.markdown import add_markdown
from retrieval.readers.outline import Outline
from retrieval.readers.plain import add_plain
from retrieval.readers.table import add_csv
from retrieval.types import ParsedDocument, Problem

MAX_BYTES = 20 * 1024 * 1024
SUFFIXES = (".md", ".markdown", ".html", ".htm", ".txt", ".csv", ".jsonl", *ISOLATED)


@dataclass(frozen=True, slots=True)
class Reading:
    """The documents of a file, and the rows of it that could not be used."""

    documents: tuple[ParsedDocument, ...]
    problems: tuple[Problem, ...] = ()


def read_document(path: PurePath, data: bytes) -> list[ParsedDocument]:
    """The documents in a file's bytes; the path gives the kind, the name and a spare title."""
    return list(read_file(path, data).documents)


def read_file(path: PurePath, data: bytes) -> Reading:
    """As `read_document`, with the unusable rows beside the documents."""
    name = path.as_posix()
    check_supported(path)
    check_size(name, len(data))
    if not data:
        raise EmptyFileError(f"{name} is empty: there is nothing to read in it.")
    if (suffix := path.suffix.lower()) in ISOLATED:
        document, unusable = read_isolated(suffix, data, name, path.stem)
        return Reading((document,), tuple(unusable))
    outline = Outline()
    problems = _fill(outline, path, decode(data, name))
    if outline.is_empty:
        raise EmptyFileError(f"{name} holds no text that could be searched.")
    return Reading((outline.build(name, path.stem),), tuple(problems))


def check_size(name: str, size: int) -> None:
    """Refuse a file over the size limit."""
    if size > MAX_BYTES:
        raise FileTooLargeError(
            f"Expected {name} to be at most {MAX_BYTES // 1024**2} MB, "
            f"found {size / 1024**2:.1f} MB. Split it into smaller files."
        )


def check_supported(path: PurePath) -> None:
    """Refuse a file whose suffix no reader knows."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UnsupportedFileError(
            f"Expected a file of one of the kinds {' '.join(SUFFIXES)}, "
            f"found {suffix or 'no suffix'} in {path.as_posix()}. Save it as one of these."
        )


def _fill(outline: Outline, path: PurePath, text: str) -> list[Problem]:
    match path.suffix.lower():
        case ".md" | ".markdown":
            add_markdown(text, outline, path.as_posix())
        case ".html" | ".htm":
            add_html(text, outline, path.as_posix())
        case ".csv":
            return add_csv(text, outline, path.as_posix())
        case ".jsonl":
            return add_jsonl(text, outline, path.as_posix())
        case _:
            add_plain(text, outline)
    return []
