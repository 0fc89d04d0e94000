"""Past conversations into the database: masked, labelled with their language, each row once."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session

from finetune.sources import HistoryRow, read_history
from retrieval.evaluate import read_search_rows
from retrieval.ingest import Progress
from retrieval.language import detect_language
from retrieval.types import ImportReport, Problem
from storage.examples import Examples
from storage.imports import Imports
from storage.privacy import find_personal_data, mask
from storage.types import Example

KIND_HISTORY = "history"
KIND_GOLDEN = "golden"
KIND_SEARCH = "search"
SOURCE_HISTORY = "history"
SOURCE_GOLDEN = "golden"
SOURCE_DIALOGUE = "dialogue"
SOURCE_SEARCH = "search"
FROM_HISTORY = frozenset((SOURCE_HISTORY, SOURCE_DIALOGUE))
SHARED_BY = 3
"""A number said to this many customers is the company's own."""

_STEP = 2_000


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content_hash: str
    rows: Sequence[HistoryRow]
    problems: Sequence[Problem]
    seen: bool


def import_history(
    session: Session,
    paths: Iterable[Path],
    *,
    contacts: Sequence[str] = (),
    progress: Progress | None = None,
    kind: str = KIND_HISTORY,
) -> ImportReport:
    """Import history files; a file whose content was imported before changes nothing.

    Numbers and addresses in answers stay readable if they are the shop's `contacts` or were
    given to three customers or more. With `kind` golden the rows are frozen for the gate.
    """
    files = [_read(session, path, kind) for path in paths]
    new = [file for file in files if not file.seen]
    keep = (*contacts, *_shared_contacts(session, new)) if new else ()
    added = 0
    unchanged = sum(len(file.rows) for file in files if file.seen)
    for file in new:
        fresh, known = _store(session, file, keep, kind, progress)
        added, unchanged = added + fresh, unchanged + known
        Imports(session).record(
            kind, file.name, file.content_hash, {"added": fresh, "problems": len(file.problems)}
        )
    problems = tuple(problem for file in files for problem in file.problems)
    return ImportReport(added, unchanged, 0, problems)


def import_search_questions(session: Session, path: Path) -> ImportReport:
    """Import questions with the passages of documents that answer them.

    The passage stands in the example's answer; there is no intent.
    """
    rows, problems = read_search_rows(path)
    digest = content_hash(path)
    if Imports(session).seen(KIND_SEARCH, path.name, digest):
        return ImportReport(0, len(rows), 0, tuple(problems))
    added, known = Examples(session).add(
        Example(
            question=mask(row.question),
            intent=None,
            answer=row.passage,
            language=detect_language(row.question) or detect_language(row.passage) or "zh",
            source=SOURCE_SEARCH,
            origin=path.name,
            line=row.line,
        )
        for row in rows
        if row.passage
    )
    Imports(session).record(KIND_SEARCH, path.name, digest, {"added": added})
    return ImportReport(added, known, 0, tuple(problems))


def content_hash(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(session: Session, path: Path, kind: str) -> _File:
    rows, problems = read_history(path, empty_is_oos=kind == KIND_GOLDEN)
    digest = content_hash(path)
    seen = Imports(session).seen(kind, path.name, digest)
    return _File(path.name, digest, rows, problems, seen)


def _store(
    session: Session, file: _File, keep: Sequence[str], kind: str, progress: Progress | None
) -> tuple[int, int]:
    added = unchanged = 0
    examples = list(_examples(file, keep, golden=kind == KIND_GOLDEN))
    for start in range(0, len(examples), _STEP):
        fresh, known = Examples(session).add(examples[start : start + _STEP])
        added, unchanged = added + fresh, unchanged + known
        if progress is not None:
            progress(file.name, min(1.0, (start + _STEP) / len(examples)))
    return added, unchanged


def _examples(file: _File, keep: Sequence[str], *, golden: bool) -> Iterator[Example]:
    masked = cache(lambda text: mask(text, keep=keep))  # an answer comes back a hundred times
    languages = [detect_language(row.question) for row in file.rows]
    usual = Counter(filter(None, languages)).most_common(1)
    fallback = usual[0][0] if usual else "zh"
    for row, language in zip(file.rows, languages, strict=True):
        if language is None and row.answer:
            language = detect_language(row.answer)
        yield Example(
            question=mask(row.question),
            intent=row.intent,
            answer=masked(row.answer) if row.answer else None,
            language=language or fallback,
            source=SOURCE_GOLDEN if golden else _source(row),
            origin=file.name,
            line=row.line,
            golden=golden,
        )


def _source(row: HistoryRow) -> str:
    return SOURCE_DIALOGUE if row.spoken else SOURCE_HISTORY


def _shared_contacts(session: Session, files: Sequence[_File]) -> list[str]:
    """Personal data that stays: many customers were told it, or an earlier import kept it."""
    kept = {
        found
        for answer in {e.answer for e in Examples(session).all() if e.answer}
        for found in _contacts(answer)
    }
    told: defaultdict[str, set[str]] = defaultdict(set)
    contacts = cache(_contacts)
    for file in files:
        for row in file.rows:
            for found in contacts(row.answer) if row.answer else ():
                told[found].add(row.customer or f"{file.name}:{row.line}")
    return sorted(kept | {found for found, who in told.items() if len(who) >= SHARED_BY})


def _contacts(answer: str) -> frozenset[str]:
    """What in an answer looks like personal data; an ID card is no company's contact."""
    spans = find_personal_data(answer)
    return frozenset(answer[s.start : s.end] for s in spans if s.kind != "id_card")
