"""The check of sentences against passages, on cases that say what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.grounding import STRICT, check_all, read_cases, summary

DATA = Path(__file__).with_name("data")
FILES = [each for each in ("grounding_dev.csv", "grounding_cases.csv") if (DATA / each).exists()]


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


def test_the_check_lets_most_of_what_is_supported_through() -> None:
    cases = read_cases(DATA / "grounding_dev.csv")
    assert summary(cases, check_all(cases)).recall > 0.8
