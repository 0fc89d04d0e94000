"""What must be true of the repository as a whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.answers import ANSWERS, ROWS, history
from scripts.dependencies import pins, unpinned, unused_or_missing

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
# A vendored script names files of the machine that it was built on.
NOT_OURS = ("bot/web/static/vendor/",)
TEXT = {".py", ".md", ".toml", ".txt", ".js", ".css", ".html", ".csv", ".jsonl", ".sh", ""}
MACHINE_PATH = re.compile(r"(?<![\w./])/(?:work|home|root|Users|opt)/")


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [
        name
        for name in listed.stdout.splitlines()
        if (ROOT / name).is_file() and not name.startswith(NOT_OURS)
    ]


def test_what_is_imported_is_what_is_required():
    assert list(unused_or_missing()) == []


def test_what_is_installed_is_what_is_pinned():
    assert list(unpinned()) == []


def test_pins_are_versions_alone():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    odd = [line for line in kept if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
    assert odd == [], "a pin is `name==version`: no path, no address, no local version"
    assert kept == sorted(kept, key=str.lower)
    assert pins()["torch"] == "2.13.0"
    assert "torch==2.13.0" in (ROOT / "scripts" / "install").read_text(encoding="utf-8")


def test_no_file_names_a_folder_of_somebody_s_machine():
    found = [
        f"{name}: {match.group()}"
        for name in tracked()
        if Path(name).suffix in TEXT and name != "tests/test_repository.py"
        for match in MACHINE_PATH.finditer((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    assert [each for each in targets if not (page.parent / each).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_docs_name_exist(page):
    names = re.findall(
        r"`((?:storage|retrieval|finetune|bot|scripts|docs)/[\w./-]+)`", page.read_text("utf-8")
    )
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_licence_is_the_one_that_the_package_names():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_scripts_can_be_run():
    for name in ("install", "find-python", "check"):
        assert (ROOT / "scripts" / name).stat().st_mode & 0o111, f"chmod +x scripts/{name}"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111, "chmod +x .ci/run"


def test_the_answers_benchmark_is_as_hard_as_it_says():
    rows = history()
    assert len(rows) == len(set(rows)) == ROWS
    assert len({answer for _, answer in rows}) == ANSWERS
