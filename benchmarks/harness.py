"""What the benchmarks share: a table with targets, a JSON file, and the real command line."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DATA_VARIABLE = "KEFU_BENCHMARK_DATA"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, and the limit that we say it keeps."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None if there is no limit."""
        if self.at_least is None and self.at_most is None:
            return None
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def limit(self) -> str:
        """The limit in words."""
        low = "" if self.at_least is None else f">= {_short(self.at_least)}"
        high = "" if self.at_most is None else f"<= {_short(self.at_most)}"
        return " ".join(filter(None, (low, high)))


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, printed as a table and written as JSON."""

    name: str
    title: str
    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        unit: str = "",
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Note a figure, with its limit if we claim one."""
        self.figures.append(Figure(name, value, unit, at_least, at_most))

    @property
    def holds(self) -> bool:
        """Whether every limit is kept."""
        return all(figure.holds is not False for figure in self.figures)

    def finish(self) -> int:
        """Print the table, write the JSON; the exit code says whether every limit is kept."""
        Console().print(self._table())
        RESULTS.mkdir(parents=True, exist_ok=True)
        document = {
            "benchmark": self.name,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine(),
            "figures": [asdict(each) | {"holds": each.holds} for each in self.figures],
        }
        path = RESULTS / f"{self.name}.json"
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
        return 0 if self.holds else 1

    def _table(self) -> Table:
        table = Table(title=self.title, title_justify="left")
        for column in ("figure", "measured", "limit", ""):
            table.add_column(column)
        for each in self.figures:
            verdict = {None: "", True: "[green]ok[/]", False: "[red]missed[/]"}[each.holds]
            table.add_row(each.name, f"{_short(each.value)} {each.unit}", each.limit, verdict)
        return table


def _short(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.4g}"


def commit() -> str:
    """The checked-out commit, with a plus sign when the tree has changed since."""
    head = _git("rev-parse", "--short", "HEAD")
    return head + ("+" if head and _git("status", "--porcelain") else "")


def _git(*arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return ran.stdout.strip()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import psutil

    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    memory = round(psutil.virtual_memory().total / 2**30, 1)
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": cores,
        "memory_gib": memory,
        "load_now": round(load, 2),
    }


def environment(**extra: str) -> dict[str, str]:
    """Our environment without the settings of whoever runs the benchmark."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("KEFU_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, **extra}


def kefu(home: Path, *arguments: str | Path) -> tuple[Any, float]:
    """Run a command with `--json` in a home: its document, and the seconds it took."""
    command = [sys.executable, "-m", "bot.cli", "--home", str(home), *map(str, arguments), "--json"]
    began = time.perf_counter()
    ran = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)} gave exit code {ran.returncode}: {ran.stdout}")
    return json.loads(ran.stdout), seconds


def data_folder(name: str) -> Path | None:
    """A folder of public data, or None with a line that says where it was looked for."""
    places = (
        [Path(given)]
        if (given := os.environ.get(DATA_VARIABLE))
        else [ROOT.parent / "shared" / "data"]
    )
    for place in places:
        if (place / name).is_dir():
            return place / name
    print(f"{name}: skipped, no folder {name} in {places[0]}; name its parent in {DATA_VARIABLE}")
    return None


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
