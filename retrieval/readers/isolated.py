"""Reads PDF and Office files in a process of its own, with little time, memory and knowledge.

Their parsers are large and the files come from anywhere: whatever a hostile one does to its
reader, an import goes on. The child gets the bytes on stdin, an empty environment and limits, and
answers with one JSON document.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from retrieval.errors import (
    DocumentError,
    EmptyFileError,
    FileTooLargeError,
    UnreadableFileError,
)
from retrieval.readers.docx import add_docx
from retrieval.readers.outline import Outline
from retrieval.readers.pdf import add_pdf
from retrieval.readers.xlsx import add_xlsx
from retrieval.types import ParsedDocument, Problem, Section
from storage.types import Labels

MAX_SECONDS = 60
MAX_MEMORY = 2 * 1024**3
"""Bytes of address space; the parsers themselves take a quarter of it."""

MAX_CHARACTERS = 5_000_000

_READERS: dict[str, Callable[[bytes, Outline, str], list[Problem] | None]] = {
    ".pdf": add_pdf,
    ".docx": add_docx,
    ".xlsx": add_xlsx,
}
SUFFIXES = tuple(_READERS)

_ERRORS = {kind.__name__: kind for kind in (EmptyFileError, FileTooLargeError, UnreadableFileError)}


def read_isolated(
    suffix: str, data: bytes, name: str, title: str
) -> tuple[ParsedDocument, list[Problem]]:
    """The document in a file's bytes and its unusable rows; `title` is for one without its own."""
    command = [sys.executable, "-P", "-X", "utf8", "-m", __name__, suffix, name, title]
    try:
        ran = subprocess.run(  # noqa: S603 (our own module; the name is an argument, not a command)
            command,
            input=data,
            capture_output=True,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            timeout=MAX_SECONDS + 10,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_much(name) from None
    if ran.returncode:
        raise _too_much(name)
    found = json.loads(ran.stdout)
    if "error" in found:
        raise _ERRORS[found["error"]](found["reason"])
    values = found["document"]
    values["sections"] = tuple(
        Section(
            each["heading"],
            each["start"],
            each["end"],
            tuple(each["questions"]),
            _labels(each["labels"]),
        )
        for each in values["sections"]
    )
    values["labels"] = _labels(values["labels"])
    return ParsedDocument(**values), [Problem(**each) for each in found["problems"]]


def _labels(found: dict[str, Any]) -> Labels:
    first, last = (
        date.fromisoformat(day) if (day := found[name]) else None
        for name in ("valid_from", "valid_until")
    )
    return Labels(tuple(found["tags"]), first, last)


def _too_much(name: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"Gave up on {name}: reading it takes over {MAX_SECONDS} s or "
        f"{MAX_MEMORY // 1024**3} GB of memory. Split it, or save its text as Markdown."
    )


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parse(suffix: str, name: str, title: str, data: bytes) -> dict[str, object]:
    outline = Outline()
    problems = _READERS[suffix](data, outline, name) or []
    if outline.is_empty:
        raise EmptyFileError(f"{name} holds no text that could be searched.")
    document = outline.build(name, title)
    if len(document.text) > MAX_CHARACTERS:
        raise FileTooLargeError(
            f"Expected {name} to hold at most {MAX_CHARACTERS:,} characters, "
            f"found {len(document.text):,}. Split it into smaller files."
        )
    return {"document": asdict(document), "problems": [asdict(each) for each in problems]}


def main() -> None:
    """The child: bytes in, JSON out."""
    _limit()
    suffix, name, title = sys.argv[1:4]
    try:
        found = _parse(suffix, name, title, sys.stdin.buffer.read())
    except DocumentError as error:
        found = {"error": type(error).__name__, "reason": str(error)}
    # A date is written as its ISO form.
    sys.stdout.write(json.dumps(found, default=str))


if __name__ == "__main__":
    main()
