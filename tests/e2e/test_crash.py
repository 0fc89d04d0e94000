"""Kill -9 at random moments: every accepted message has exactly one reply after a restart."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.crash import Crashes
from benchmarks.harness import kefu

KILLS = 20
ANSWERS = {
    "退货要多久": "签收后七天内可以退货。",
    "怎么开发票": "发票随货寄出，也可以开电子发票。",
    "几天能到": "一般三天送到。",
    "Where is my order?": "You find it under My orders.",
}
FORMS = ("{}", "请问{}", "{}？", "你好，{}", "hi, {}", "{} please", "想问下{}", "{}呢")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that answers four questions."""
    path = tmp_path / "history.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("question", "answer"))
        writer.writerows(
            (form.format(question), answer)
            for question, answer in ANSWERS.items()
            for form in FORMS
        )
    kefu(tmp_path / "home", "import", "history", path)
    kefu(tmp_path / "home", "retrain")
    return tmp_path / "home"


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_said_twice(home, tmp_path):
    found = Crashes(home, questions=tuple(ANSWERS), log=tmp_path / "log").run(KILLS)
    assert found.clean, found
    # It proves nothing if the servers were not busy when they died.
    assert found.messages > KILLS
    assert found.in_doubt > KILLS // 2
