"""The check of sentences against passages, on cases that say what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.grounding import STRICT, check_all, read_cases, summary

DATA = Path(__file__).with_name("data")
# grounding_blind.csv was written by somebody who did not know the check, and is measured only, by
# benchmarks/grounding.py: nothing is mended on it.
FILES = ("grounding_dev.csv", "grounding_dev2.csv", "grounding_dev3.csv", "grounding_held.csv")


@pytest.mark.parametrize("name", FILES)
def test_what_a_passage_does_not_support_does_not_pass(name: str) -> None:
    cases = read_cases(DATA / name)
    findings = check_all(cases)
    found = summary(cases, findings)
    escaped = [
        (case.kind, case.sentence)
        for case, finding in zip(cases, findings, strict=True)
        if finding.supported and not case.supported
    ]
    assert [each for each in escaped if each[0] in STRICT] == []
    assert found.precision >= 0.95, escaped
    assert {case.language for case in cases} == {"zh", "en"}


@pytest.mark.parametrize(
    ("name", "least"), [("grounding_dev.csv", 0.9), ("grounding_dev2.csv", 0.6)]
)
def test_the_check_lets_most_of_what_is_supported_through(name: str, least: float) -> None:
    cases = read_cases(DATA / name)
    assert summary(cases, check_all(cases)).recall > least
