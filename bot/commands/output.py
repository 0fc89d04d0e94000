"""What commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


Progress = Callable[[str, float], None]
"""Hears which step of a long piece of work is at hand, and which share of it, up to 1, is done."""


def printable(text: str) -> str:
    """The text without control characters: what customers wrote must not steer a terminal."""
    return "".join(each for each in text if each in "\n\t" or unicodedata.category(each) != "Cc")


def show(text: str) -> None:
    """A line of the result, on stdout."""
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line about the work, on stderr."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def show_json(document: object) -> None:
    """The one JSON document of a command."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A table on stdout; None shows as a dash."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    Console(file=sys.stdout).print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return printable(str(value))


class ProgressBars(AbstractContextManager["ProgressBars"]):
    """A progress bar per step, on stderr; a line per step where that is no terminal."""

    def __init__(self) -> None:
        """Show nothing before the `with` block begins."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        self._draws = console.is_terminal
        self._bars: Bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not self._draws,
        )
        self._steps: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the finished bars on the screen."""
        self._bars.stop()

    def __call__(self, step: str, share: float) -> None:
        """Show how far `step` has come; one that was left unfinished gives way to the next."""
        if step not in self._steps:
            for task in self._bars.tasks:
                self._bars.update(task.id, visible=task.finished)
            self._steps[step] = self._bars.add_task(printable(step), total=1.0)
            if not self._draws:
                say(f"kefu: {step}")
        self._bars.update(self._steps[step], completed=share, visible=True)


def document(record: DataclassInstance) -> dict[str, Any]:
    """A record as plain JSON values."""
    from dataclasses import asdict

    return asdict(record)
