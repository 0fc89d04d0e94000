"""What an admin should mend in a shop folder: `kefu doctor --shop DIR`.

The folder is imported into a scratch database as `kefu run` would do it, and looked at there.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from finetune.dataset import build_dataset
from finetune.importing import FROM_HISTORY
from finetune.label_errors import find_label_errors
from finetune.shop import Shop, load_shop
from finetune.shopfolder import SEARCH_FILE, import_shop
from finetune.sources import read_history
from retrieval.evaluate import read_search_rows
from retrieval.keyword import KeywordIndex, weighted_counts
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.database import Database, sqlite_url
from storage.errors import InputError
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.migrate import upgrade
from storage.normalise import text_key
from storage.templates import Templates
from storage.types import OUT_OF_SCOPE, SEARCH_KIND_DOCUMENT, Example, Passage, Template

FEW_ROWS = 8
"""With fewer questions in a language an intent is mostly guessed at."""

MOST_OF_A_KIND = 20
_FOUND_WITHIN = 5
_EVALUATION_FILES = ("dev.csv", "test.csv")
"""Golden questions are left out of training by themselves."""
_SEARCH_FILES = ("search.csv", SEARCH_FILE)


Level = Literal["problem", "hint"]
Progress = Callable[[str, float], None]
FindProblems = Callable[[Template], Iterable[str]]


class _Row(Protocol):
    @property
    def question(self) -> str: ...

    @property
    def line(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: its kind, where it is, and what to do. A hint may be left as it is."""

    level: Level
    kind: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """A shop folder as the database sees it."""

    path: Path
    shop: Shop
    templates: list[Template]
    examples: list[Example]
    passages: list[Passage]
    analyser: Analyser


def lint_shop(
    path: Path,
    *,
    find_problems: FindProblems,
    progress: Progress | None = None,
) -> list[Finding]:
    """Everything to mend in a folder, problems first.

    `find_problems` knows the actions: what is wrong with how a template uses one.

    Raises `ShopFolderError` where the folder cannot be read at all.
    """
    shop = load_shop(path)
    with tempfile.TemporaryDirectory(prefix="kefu-lint-") as scratch:
        database = Database(sqlite_url(Path(scratch) / "kefu.db"))
        upgrade(database)
        try:
            with database.session() as session:
                report = import_shop(session, path, progress=progress)
                rows = build_dataset(session).rows
                folder = _Folder(
                    path,
                    shop,
                    Templates(session).all(),
                    Examples(session).all(),
                    Knowledge(session).passages(),
                    Analyser(Lexicon.of_shop(path)),
                )
        finally:
            database.dispose()
    found = [
        Finding("problem", "unreadable", _place(each.source, each.line), each.reason)
        for each in report.problems
    ]
    found += _templates(folder, find_problems)
    found += _rows_per_intent(folder)
    found += _shared_rows(folder)
    found += _leaks(folder)
    found += _unfindable(folder)
    found += [
        Finding(
            "hint",
            "doubtful label",
            _origin(folder.examples, rows[error.row].question),
            f"{rows[error.row].question!r} is labelled {error.given}, and reads like "
            f"{error.suggested}",
        )
        for error in find_label_errors(rows, folder.analyser)[:MOST_OF_A_KIND]
    ]
    return sorted(found, key=lambda finding: finding.level != "problem")


def _place(source: str, line: int | None) -> str:
    return source if line is None else f"{source}:{line}"


def _origin(examples: Sequence[Example], question: str) -> str:
    found = next((each for each in examples if each.question == question), None)
    return _place(found.origin, found.line) if found and found.origin else "history"


def _templates(folder: _Folder, find_problems: FindProblems) -> Iterator[Finding]:
    for template in folder.templates:
        where = f"intent {template.name}"
        for language in folder.shop.languages:
            if not template.texts.get(language):
                detail = f"no text for {language}: its customers get another language"
                yield Finding("problem", "missing language", where, detail)
        for detail in find_problems(template):
            yield Finding("problem", "action", where, detail)


def _rows_per_intent(folder: _Folder) -> Iterator[Finding]:
    counts: Counter[tuple[str, str]] = Counter(
        (each.intent, each.language)
        for each in folder.examples
        if each.intent and not each.golden and each.source in FROM_HISTORY
    )
    names = {name for name, _ in counts} | {template.name for template in folder.templates}
    for name in sorted(names - {OUT_OF_SCOPE}):
        for language in folder.shop.languages:
            if (count := counts[name, language]) < FEW_ROWS:
                detail = f"{count} questions in {language}, {FEW_ROWS} or more are needed"
                yield Finding("hint", "few rows", f"intent {name}", detail)
    without = names - {template.name for template in folder.templates} - {OUT_OF_SCOPE}
    for name in sorted(without):
        detail = "no template: its questions are left to search"
        yield Finding("hint", "no template", f"intent {name}", detail)


def _shared_rows(folder: _Folder) -> Iterator[Finding]:
    labels: defaultdict[str, set[str]] = defaultdict(set)
    first: dict[str, Example] = {}
    for each in folder.examples:
        if each.intent and each.source in FROM_HISTORY:
            key = text_key(each.question)
            labels[key].add(each.intent)
            first.setdefault(key, each)
    for key, names in labels.items():
        if len(names) > 1:
            example = first[key]
            detail = f"{example.question!r} is labelled {' and '.join(sorted(names))}"
            yield Finding("problem", "shared row", _place(example.origin, example.line), detail)


def _leaks(folder: _Folder) -> Iterator[Finding]:
    """Questions to measure with that are known beforehand: their figures would flatter."""
    trained = {text_key(e.question) for e in folder.examples if e.source in FROM_HISTORY}
    attached = {text_key(asked) for each in folder.passages for asked in each.questions}
    read_replies = partial(read_history, empty_is_oos=True)
    for name in _EVALUATION_FILES:
        told = "{!r} stands in the history too"
        yield from _known_in(folder.path / name, read_replies, trained, told)
    for name in _SEARCH_FILES:
        told = "{!r} is a question of a passage too"
        yield from _known_in(folder.path / name, read_search_rows, attached, told)


def _known_in(
    path: Path, read: Callable[[Path], tuple[Sequence[_Row], object]], known: set[str], told: str
) -> Iterator[Finding]:
    if not path.exists():
        return
    try:
        rows, _ = read(path)
    except InputError as error:
        yield Finding("problem", "unreadable", path.name, str(error))
        return
    for row in rows:
        if text_key(row.question) in known:
            where = _place(path.name, row.line)
            yield Finding("problem", "leak", where, told.format(row.question))


def _unfindable(folder: _Folder) -> Iterator[Finding]:
    """Documents that do not come up for their own title and headings."""
    index = KeywordIndex()
    by_id = {passage.id: passage for passage in folder.passages}
    for passage in folder.passages:
        text = "\n".join([passage.title, passage.heading, passage.text, *passage.questions])
        index.put(passage.id, weighted_counts(folder.analyser.tokens(text), ()))
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for passage in folder.passages:
        if passage.kind == SEARCH_KIND_DOCUMENT:
            asked[passage.document] |= {passage.title, f"{passage.title} {passage.heading}"}
    for document, queries in sorted(asked.items()):
        if not any(_finds(index, by_id, folder.analyser, query, document) for query in queries):
            detail = (
                "its own title and headings do not find it: give it a title that says what it "
                "is about, or remove what another document says already"
            )
            yield Finding("problem", "cannot be found", document, detail)


def _finds(
    index: KeywordIndex,
    passages: dict[int, Passage],
    analyser: Analyser,
    query: str,
    document: str,
) -> bool:
    hits = index.search(weighted_counts(analyser.tokens(query), ()), _FOUND_WITHIN)
    return any(passages[hit.passage_id].document == document for hit in hits)
