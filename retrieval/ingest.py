"""Brings knowledge files into the database, and keeps it in step with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from retrieval.ahead import ReadAhead, content_hash
from retrieval.answers import index_answers
from retrieval.attached import with_attached
from retrieval.chunking import chunk
from retrieval.errors import DocumentError
from retrieval.readers import Reading, read_document, read_file
from retrieval.sources import Source, find_sources, is_folder, printable, read_source
from retrieval.types import ImportReport, ParsedDocument, Problem
from storage.imports import Imports
from storage.knowledge import Knowledge, Outcome
from storage.types import SEARCH_KIND_DOCUMENT, UNLABELLED, Document, Labels, NewPassage

__all__ = ["Progress", "import_knowledge", "index_answers", "put_document", "put_text"]

Progress = Callable[[str, float], None]
"""Called with the name of the file just done, and the share of all files done, from 0 to 1."""

_KIND = "knowledge"

_KEPT = (
    "{what} in the product since this file was imported, so that stays. "
    "Change the file, or import it by its own name, to use it again."
)


def import_knowledge(
    session: Session,
    paths: Sequence[Path],
    *,
    root: Path | None = None,
    labels: Labels = UNLABELLED,
    progress: Progress | None = None,
    ahead: ReadAhead | None = None,
) -> ImportReport:
    """Import files, and folders with all that is in them; a changed document counts as added.

    Documents that came from an imported folder and whose files are gone are removed. A file of
    a folder that has not changed since its last import does not undo what was edited or deleted
    in the product meanwhile. What cannot be used is reported, and the document that it made
    before stays. `find_sources` says how documents are named. `labels` are for what names none of
    its own. What was read `ahead` of the transaction is not read again.
    """
    problems: list[Problem] = []
    found = {source.name: source for source in find_sources(paths, root, problems)}
    work = _Import(session, problems, ahead or {}, labels)
    for done, source in enumerate(found.values(), start=1):
        work.take(source)
        if progress is not None:
            progress(printable(source.name), done / len(found))
    present = {str(name) for name in found} | {problem.source for problem in problems}
    work.remove_gone([path.resolve() for path in paths if is_folder(path)], present)
    return work.report()


def put_text(
    session: Session,
    name: str,
    text: str,
    content_hash: str,
    *,
    attach: Callable[[list[NewPassage]], list[NewPassage]] = list,
) -> int:
    """Store a document that was written in the product; gives the number of its passages.

    The ending of `name` says how to read it. `attach` may give its passages questions.
    """
    count = 0
    for document in read_document(Path(name), text.encode("utf-8", "replace")):
        passages = attach(chunk(document))
        put_document(session, replace(document, name=name), passages, content_hash)
        count += len(passages)
    return count


def put_document(
    session: Session, document: ParsedDocument, passages: Sequence[NewPassage], content_hash: str
) -> Outcome:
    """Store a document; its passages keep the questions that were attached to it."""
    return Knowledge(session).put_document(
        document.name,
        document.title,
        content_hash,
        document.language,
        SEARCH_KIND_DOCUMENT,
        document.text,
        with_attached(session, document.name, passages),
    )


class _Import:
    """One run of an import: what it knows beforehand, and what it did so far."""

    def __init__(
        self, session: Session, problems: list[Problem], ahead: ReadAhead, labels: Labels
    ) -> None:
        self._session = session
        self._knowledge = Knowledge(session)
        self._imports = Imports(session)
        self._known = {document.name: document for document in self._knowledge.documents()}
        self._problems = problems
        self._ahead = ahead
        self._labels = labels
        self._added = self._unchanged = self._removed = 0

    def report(self) -> ImportReport:
        return ImportReport(self._added, self._unchanged, self._removed, tuple(self._problems))

    def take(self, source: Source) -> None:
        """Import a file, or note why it cannot be used."""
        try:
            data = read_source(source)
            digest = content_hash(data, self._labels)
            if self._is_left_alone(source, digest):
                self._unchanged += 1
            else:
                self._put(self._reading(source, data, digest), digest)
            self._remember(source, digest)
        except DocumentError as error:
            self._problems.append(Problem(printable(source.name), None, str(error)))

    def remove_gone(self, folders: Sequence[Path], present: set[str]) -> None:
        """Remove documents that the folders' files made and that no file stands for now."""
        for document in self._known.values():
            if document.name in present or document.kind != SEARCH_KIND_DOCUMENT:
                continue
            if any(self._came_from(folder, document) for folder in folders):
                self._knowledge.delete_document(document.name)
                # So that the file, once it is there again, is not taken for deleted by a person.
                self._imports.record(_KIND, document.name, "", {"removed": True})
                self._removed += 1

    def _is_left_alone(self, source: Source, digest: str) -> bool:
        document = self._known.get(str(source.name))
        if document is not None and document.content_hash == digest:
            return True
        origin = _origin(source.folder, digest)
        if source.folder is None or not self._imports.seen(_KIND, str(source.name), origin):
            return False
        what = "The document was deleted" if document is None else "The document was edited"
        self._problems.append(Problem(str(source.name), None, _KEPT.format(what=what)))
        return True

    def _reading(self, source: Source, data: bytes, digest: str) -> Reading:
        found = self._ahead.get((str(source.name), digest))
        if isinstance(found, DocumentError):
            raise found
        return found or read_file(source.name, data)

    def _put(self, reading: Reading, digest: str) -> None:
        self._problems += reading.problems
        for document in reading.documents:
            outcome = put_document(self._session, document, chunk(document, self._labels), digest)
            self._unchanged += outcome == "unchanged"
            self._added += outcome != "unchanged"

    def _remember(self, source: Source, digest: str) -> None:
        """Note where the file was found: only that folder may take its document away again."""
        origin = _origin(source.folder, digest)
        if not self._imports.seen(_KIND, str(source.name), origin):
            self._imports.record(_KIND, str(source.name), origin, {})

    def _came_from(self, folder: Path, document: Document) -> bool:
        return self._imports.seen(_KIND, document.name, _origin(folder, document.content_hash))


def _origin(folder: Path | None, digest: str) -> str:
    return hashlib.sha256(f"{folder or ''}\n{digest}".encode("utf-8", "replace")).hexdigest()
