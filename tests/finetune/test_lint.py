"""What `kefu doctor --shop` tells of a folder that has one of everything wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.errors import ShopFolderError
from finetune.lint import lint_shop

SAMPLE = Path(__file__).parents[2] / "examples" / "shop"

INTENTS = """
[[intent]]
name = "refund"
text.zh = ["三天到账"]
text.en = ["It takes 3 days."]

[[intent]]
name = "order_status"
slots = ["place"]
action = "look_up"
text.zh = ["您的包裹在 {place}"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shop.toml").write_text('[name]\nzh = "店"\n')
    (tmp_path / "intents.toml").write_text(INTENTS)
    for name in ("history", "knowledge"):
        (tmp_path / name).mkdir()
    refunds = "".join(f"退款第{n}次问,refund\nrefund number {n}?,refund\n" for n in range(9))
    (tmp_path / "history" / "a.csv").write_text(
        f"question,intent\n{refunds}到哪了,order_status\n到哪了,refund\n,refund\n", "utf-8"
    )
    (tmp_path / "knowledge" / "care.md").write_text("# 水壶保养\n\n## 除垢\n\n用柠檬酸煮开。\n")
    return tmp_path


def nothing(_template):
    return ()


def found(folder, **more):
    return {(each.kind, each.where) for each in lint_shop(folder, find_problems=nothing)}


def test_everything_to_mend_is_told_problems_first(folder):
    (folder / "test.csv").write_text(
        "question,intent\n退款第1次问,refund\n新的问题,refund\n", "utf-8"
    )
    (folder / "questions.csv").write_text(
        "question,passage,document\n壶底白白一层,用柠檬酸煮开,care.md\n多久一次,每月一次,care.md\n",
        "utf-8",
    )
    (folder / "search.csv").write_text(
        "question,passage\n怎么弄掉,用柠檬酸煮开\n壶底白白一层,用柠檬酸煮开\n", "utf-8"
    )
    findings = lint_shop(folder, find_problems=lambda template: ["wrong"] * bool(template.slots))
    assert {(each.kind, each.where) for each in findings if each.level == "problem"} == {
        ("unreadable", "a.csv:22"),
        ("missing language", "intent order_status"),
        ("action", "intent order_status"),
        ("shared row", "a.csv:20"),
        ("leak", "test.csv:2"),
        ("leak", "search.csv:3"),
        ("unreadable", "questions.csv:3"),
    }
    assert ("few rows", "intent order_status") in {(each.kind, each.where) for each in findings}
    levels = [each.level for each in findings]
    assert levels == sorted(levels, reverse=True)


def test_a_document_hidden_behind_others_cannot_be_found(folder):
    for number in range(8):
        (folder / "knowledge" / f"copy{number}.md").write_text(
            "# 说明\n\n同样的一段话。\n", "utf-8"
        )
    assert ("cannot be found", "knowledge/copy7.md") in found(folder)
    assert ("cannot be found", "knowledge/care.md") not in found(folder)


def test_an_intent_without_a_template_is_told(folder):
    (folder / "history" / "b.csv").write_text("question,intent\n有货吗,stock\n", "utf-8")
    assert ("no template", "intent stock") in found(folder)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(ShopFolderError):
        lint_shop(tmp_path, find_problems=nothing)


def test_the_sample_shop_has_no_problem():
    findings = lint_shop(SAMPLE, find_problems=nothing)
    assert [each for each in findings if each.level == "problem"] == []
