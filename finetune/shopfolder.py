"""A whole shop folder into the database; only what changed since the last time is done again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from sqlalchemy.orm import Session

from finetune.discover import discover_templates
from finetune.errors import ShopFolderError, WordingError
from finetune.importing import (
    KIND_GOLDEN,
    KIND_HISTORY,
    import_history,
    import_search_questions,
)
from finetune.shop import INTENTS_FILE, Shop, load_intents, load_shop, load_titles
from finetune.sources.history import SUFFIXES
from finetune.templating import SHOP_VARIABLES, check_wording
from retrieval.ahead import ReadAhead
from retrieval.attached import forget_file, import_questions
from retrieval.ingest import Progress, import_knowledge, index_answers
from retrieval.types import ImportReport, Problem
from storage.errors import InputError
from storage.examples import Examples
from storage.imports import Imports
from storage.templates import EDITOR_SHOP, Templates
from storage.types import Template, TemplateDraft

GOLDEN_FILE = "golden.csv"
SEARCH_FILE = "search_dev.csv"
QUESTIONS_FILE = "questions.csv"
SHOP_QUESTIONS = f"shop/{QUESTIONS_FILE}"
"""What the shop folder attached; an imported file of the same name is another one."""
KNOWLEDGE_FOLDER = "knowledge"

__all__ = ["Shop", "discover_if_needed", "import_shop", "load_intents", "load_shop", "load_titles"]


def import_shop(
    session: Session,
    path: Path,
    *,
    progress: Progress | None = None,
    ahead: ReadAhead | None = None,
) -> ImportReport:
    """Import templates, golden questions, history, knowledge and questions attached to it.

    Then discover templates, and index the answers.

    A file that cannot be read at all is reported as a problem, and the others are imported.
    """
    if not path.is_dir():
        raise ShopFolderError(f"{path}: expected a shop folder, found none; `kefu init` makes one")
    shop = load_shop(path)
    reports = [_import_templates(session, load_intents(path))]
    golden = [path / GOLDEN_FILE] if (path / GOLDEN_FILE).exists() else []
    for files, kind in ((golden, KIND_GOLDEN), (_history_files(path), KIND_HISTORY)):
        reports.append(_import_rows(session, files, shop, kind, progress))
    if (knowledge := path / KNOWLEDGE_FOLDER).is_dir():
        reports.append(import_knowledge(session, [knowledge], progress=progress, ahead=ahead))
    reports.append(_import_questions(session, path / QUESTIONS_FILE))
    if (path / SEARCH_FILE).exists():
        reports.append(_import_file(import_search_questions, session, path / SEARCH_FILE))
    discover_if_needed(session, progress=progress)
    return together(reports)


def _import_questions(session: Session, file: Path) -> ImportReport:
    if file.exists():
        return _import_file(partial(import_questions, origin=SHOP_QUESTIONS), session, file)
    return ImportReport(0, 0, forget_file(session, SHOP_QUESTIONS), ())


def _import_file(
    bring_in: Callable[[Session, Path], ImportReport], session: Session, file: Path
) -> ImportReport:
    try:
        return bring_in(session, file)
    except InputError as error:
        return ImportReport(0, 0, 0, (Problem(file.name, None, str(error)),))


def discover_if_needed(session: Session, *, progress: Progress | None = None) -> bool:
    """Discover templates and index the answers, unless examples and templates are as they were."""
    imports = Imports(session)
    if imports.seen("discovery", "examples", _state(session)):
        return False
    discover_templates(session, progress=progress)
    index_answers(session)
    imports.record("discovery", "examples", _state(session), {})
    return True


def _import_templates(session: Session, drafts: Sequence[TemplateDraft]) -> ImportReport:
    """Save what the file says; templates that it no longer has are retired."""
    templates = Templates(session)
    before = {template.name: template for template in templates.all(include_retired=True)}
    added = unchanged = 0
    problems = []
    for draft in drafts:
        if (reason := _unusable(draft)) is not None:
            problems.append(Problem(INTENTS_FILE, None, f"intent {draft.name!r}: {reason}"))
            continue
        saved = templates.save(draft, editor=EDITOR_SHOP)
        if before.get(draft.name) == saved:
            unchanged += 1
        else:
            added += 1
        if not _says(saved, draft):
            reason = f"{draft.name!r} was edited in the product, and that edit stays"
            problems.append(Problem(INTENTS_FILE, None, reason))
    names = {draft.name for draft in drafts}
    gone = [
        t
        for t in before.values()
        if t.origin == EDITOR_SHOP and not t.retired and t.name not in names
    ]
    for template in gone:
        templates.retire(template.id, editor=EDITOR_SHOP)
    return ImportReport(added, unchanged, len(gone), tuple(problems))


def _unusable(draft: TemplateDraft) -> str | None:
    """Why a wording cannot be used; what a result may name is known where actions are."""
    try:
        for text in chain.from_iterable(draft.texts.values()):
            check_wording(text, SHOP_VARIABLES)
        for text in chain.from_iterable(draft.results.values()):
            check_wording(text, None)
    except WordingError as error:
        return str(error)
    return None


def _says(template: Template, draft: TemplateDraft) -> bool:
    stored = (
        template.texts, template.slots, template.action, template.protected, template.results,
    )  # fmt: skip
    return not template.retired and stored == (
        draft.texts, draft.slots, draft.action, draft.protected, draft.results,
    )  # fmt: skip


def _history_files(path: Path) -> list[Path]:
    """Everything in history/ but hidden files, in the order of their names."""
    folder = path / "history"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [f for f in found if f.is_file() and not f.name.startswith((".", "~"))]


def _import_rows(
    session: Session, files: Sequence[Path], shop: Shop, kind: str, progress: Progress | None
) -> ImportReport:
    readable = [file for file in files if file.suffix.lower() in SUFFIXES]
    problems = [
        Problem(file.name, None, f"expected one of {', '.join(SUFFIXES)}")
        for file in files
        if file not in readable
    ]
    report = ImportReport(0, 0, 0, ())
    try:
        report = import_history(
            session, readable, contacts=shop.contacts, progress=progress, kind=kind
        )
    except InputError:
        # One of them is broken: go on file by file and say which.
        reports = []
        for file in readable:
            try:
                reports.append(import_history(session, [file], contacts=shop.contacts, kind=kind))
            except InputError as error:
                problems.append(Problem(file.name, None, str(error)))
        report = together(reports)
    return replace(report, problems=(*report.problems, *problems))


def _state(session: Session) -> str:
    """Changes when discovery could find something else than last time."""
    templates = [(t.name, t.revision) for t in Templates(session).all()]
    text = json.dumps([Examples(session).fingerprint(), templates])
    return hashlib.sha256(text.encode()).hexdigest()


def together(reports: Sequence[ImportReport]) -> ImportReport:
    """One report for several."""
    return ImportReport(
        added=sum(report.added for report in reports),
        unchanged=sum(report.unchanged for report in reports),
        removed=sum(report.removed for report in reports),
        problems=tuple(problem for report in reports for problem in report.problems),
    )
