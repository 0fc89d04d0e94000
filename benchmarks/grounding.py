"""Do sentences that a passage does not support get past the check?

    .venv/bin/python -m benchmarks.grounding [FILE ...]

A file has the columns language, kind, passage, question, sentence, supported. Prints per kind how
many unsupported sentences escaped and how many supported ones were kept back, and over all the
precision and recall of what was let through. Without a file: the cases in tests/bot/data, of which
grounding_held2.csv and grounding_blind.csv are measured only; who wrote the latter had not seen the
check. What is kept back is no loss but of style: the customer then reads the passage itself.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import ROOT, Report
from bot.generator.grounding import Finding, Grounding
from storage.types import Passage

STRICT = ("number", "negated")
DATA = ROOT / "tests" / "bot" / "data"


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence, the passage it cites, and whether the passage supports it."""

    language: str
    kind: str
    passage: str
    sentence: str
    supported: bool


def read_cases(path: Path) -> list[Case]:
    """The cases of a csv file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Case(row["language"], row["kind"], row["passage"], row["sentence"],
                 row["supported"].strip().lower() == "true")
            for row in csv.DictReader(file)
        ]  # fmt: skip


def check_all(cases: list[Case]) -> list[Finding]:
    """A finding for each case."""
    grounding = Grounding()
    return [grounding.check(case.sentence, _passage(case)) for case in cases]


def _passage(case: Case) -> Passage:
    return Passage(id=0, document="case", title="", kind="document", heading="", text=case.passage,
                   start=0, end=len(case.passage), language=case.language)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """`escapes`: per kind, how many unsupported sentences got past the check, of how many."""

    escapes: dict[str, tuple[int, int]]
    precision: float
    recall: float


def summary(cases: list[Case], findings: list[Finding]) -> Summary:
    """What was let through, and what of it should not have been."""
    pairs = list(zip(cases, findings, strict=True))
    wrong = Counter(case.kind for case in cases if not case.supported)
    escaped = Counter(c.kind for c, found in pairs if found.supported and not c.supported)
    right = sum(found.supported and case.supported for case, found in pairs)
    true = sum(case.supported for case in cases)
    shown = right + escaped.total()
    return Summary(
        {kind: (escaped[kind], n) for kind, n in sorted(wrong.items())},
        right / shown if shown else 1.0,
        right / true if true else 1.0,
    )


def main() -> int:
    """Check every case of the files."""
    report = Report("grounding", "What passes the check that a passage supports a sentence")
    named = [Path(each) for each in sys.argv[1:]]
    for path in named or sorted(DATA.glob("grounding_*.csv")):
        cases = read_cases(path)
        findings = check_all(cases)
        _add(report, path.stem, summary(cases, findings))
        for case, finding in zip(cases, findings, strict=True):
            if case.supported != finding.supported:
                print(f"{case.kind}: {case.sentence} -> {finding.reason or 'supported'}")
    return report.finish()


def _add(report: Report, name: str, found: Summary) -> None:
    for kind, (escaped, n) in found.escapes.items():
        limit = 0 if kind in STRICT else None
        report.add(f"{name}: {kind}, escaped of {n}", escaped, at_most=limit)
    report.add(f"{name}: precision", found.precision, at_least=0.95)
    report.add(f"{name}: recall", found.recall)


if __name__ == "__main__":
    sys.exit(main())
