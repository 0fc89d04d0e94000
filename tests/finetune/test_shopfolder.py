from __future__ import annotations

import shutil
from datetime import time
from pathlib import Path

import pytest

from finetune.errors import ShopFolderError
from finetune.shopfolder import import_shop, load_intents, load_shop, load_titles
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.templates import Templates
from storage.types import TemplateDraft

SAMPLE = Path(__file__).parents[2] / "examples" / "shop"

SHOP = """
languages = ["zh", "en"]
contacts = ["400-820-0310"]
[name]
zh = "店"
en = "Shop"
"""
INTENTS = """
[[intent]]
name = "refund"
protected = true
title.en = "Refunds"
text.zh = ["点退款"]
text.en = "Press refund."
[[intent]]
name = "hours"
action = "hours"
slots = ["day"]
text.zh = "九点开门"
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "shop"
    (path / "history").mkdir(parents=True)
    (path / "knowledge").mkdir()
    (path / "shop.toml").write_text(SHOP, encoding="utf-8")
    (path / "intents.toml").write_text(INTENTS, encoding="utf-8")
    (path / "golden.csv").write_text("question,intent\n能退吗,refund\n", encoding="utf-8")
    (path / "history" / "a.csv").write_text(
        "question,answer\n怎么退,您好，请点退款\n几点开,九点开门\n,x\n", encoding="utf-8"
    )
    (path / "knowledge" / "care.md").write_text("# 保养\n\n每周擦一次。\n", encoding="utf-8")
    return path


def test_the_sample_shop_loads():
    shop = load_shop(SAMPLE)
    assert shop.name == {"zh": "青禾家电", "en": "Greenleaf Home"}
    assert shop.languages == ("zh", "en")
    assert shop.default_language == "zh"
    assert shop.hours.opens == time(9)
    assert shop.hours.days == frozenset(range(7))
    assert "400-820-0310" in shop.contacts
    assert shop.handoff.offer_after_failures == 2
    assert shop.retraining.is_on
    drafts = load_intents(SAMPLE)
    assert len(drafts) >= 48
    assert all(set(d.texts) == {"zh", "en"} for d in drafts)
    assert set(shop.suggestions) <= {d.name for d in drafts}
    assert load_titles(SAMPLE)["invoice"]["zh"] == "开发票"


def test_a_shop_says_only_what_it_needs_to(tmp_path):
    (tmp_path / "shop.toml").write_text('name = "Shop"\n', encoding="utf-8")
    shop = load_shop(tmp_path)
    assert shop.name == {"zh": "Shop", "en": "Shop"}
    assert (shop.default_language, shop.wrong_cost, shop.time_zone) == ("zh", 5.0, "UTC")
    assert load_intents(tmp_path) == []
    assert not shop.retraining.is_on
    assert shop.retraining.in_words == "never retrains by itself"


def test_one_part_of_a_plan_is_a_plan(tmp_path):
    (tmp_path / "shop.toml").write_text(
        'name = "Shop"\n[retraining]\nafter_corrections = 5\n', encoding="utf-8"
    )
    plan = load_shop(tmp_path).retraining
    assert (plan.every_days, plan.after_corrections, plan.when_drifting) == (0, 5, False)
    assert plan.in_words == "retrains by itself after 5 corrections"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("languages = 3", "shop.toml: languages: expected a list of texts, found 3"),
        (
            'languages = ["German"]',
            "languages: expected language codes such as zh and en, found 'Ge",
        ),
        ('default_language = "fr"', "default_language: expected one of zh, en, found 'fr'"),
        ("wrong_cost = 0", "wrong_cost: expected a number of at least 0.1, found 0"),
        ('wrong_cost = "5"', "wrong_cost: expected a number of at least 0.1, found '5'"),
        ("wrong_cost = nan", "wrong_cost: expected a number of at least 0.1, found nan"),
        (
            'time_zone = "Mars/Base"',
            "time_zone: expected a name such as Asia/Shanghai, found 'Mars",
        ),
        ('time_zone = "../etc"', "time_zone: expected a name"),
        ('[hours]\nopen = "25:00"', "hours.open: expected a time such as \"09:00\", found '25:00'"),
        ('[hours]\ndays = ["montag"]', "hours.days: expected days out of mon"),
        ("[handoff]\nenabled = 1", "handoff.enabled: expected true or false, found 1"),
        ("[handoff]\noffer_after_failures = 1.5", "expected a whole number, found 1.5"),
        ("name = [", "shop.toml: expected TOML in UTF-8"),
        ("retraining = 7", "retraining: expected a table, found 7"),
        ("[retraining]\nevery_days = -1", "retraining.every_days: expected a number of at least 0"),
        ("[retraining]\nevery_days = inf", "retraining.every_days: expected a number of at most"),
        ("[retraining]\nafter_corrections = 0.5", "expected a whole number, found 0.5"),
        ("[retraining]\nwhen_drifting = 1", "when_drifting: expected true or false, found 1"),
        (
            "[retraining]\nevery_day = 7",
            "retraining.every_day: expected one of the keys every_days",
        ),
    ],
)
def test_errors_name_file_key_expected_and_found(tmp_path, text, message):
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ShopFolderError) as error:
        load_shop(tmp_path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("intent = 3", "intents.toml: intent: expected tables written as [[intent]], found 3"),
        ("[[intent]]\n", "intents.toml: intent 1: name: expected a text, found nothing"),
        ('[[intent]]\nname = "a"\n', "intent 'a': text: expected a text for at least one language"),
        ('[[intent]]\nname = "a"\ntext.zh = []\n', "intent 'a': text.zh: expected a language code"),
        ('[[intent]]\nname = "a"\ntext.zh = "x"\nprotected = "yes"\n', "expected true or false"),
        ('[[intent]]\nname = "oos"\ntext.zh = "x"\n', "expected a name that no other intent has"),
        (
            '[[intent]]\nname="a"\ntext.zh="x"\n[[intent]]\nname="a"\ntext.zh="x"\n',
            "intent 2: name",
        ),
    ],
)
def test_errors_in_intents(tmp_path, text, message):
    (tmp_path / "intents.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ShopFolderError) as error:
        load_intents(tmp_path)
    assert message in str(error.value)


def test_missing_files(tmp_path):
    with pytest.raises(ShopFolderError, match=r"shop\.toml: cannot be read"):
        load_shop(tmp_path)


def test_import_brings_everything_in(session, folder):
    report = import_shop(session, folder)
    assert [(p.source, p.line) for p in report.problems] == [("a.csv", 4)]
    assert {t.name: t.protected for t in Templates(session).all()} == {
        "refund": True,
        "hours": False,
    }
    assert {e.question: e.intent for e in Examples(session).all()} == {
        "能退吗": "refund", "怎么退": "refund", "几点开": "hours",
    }  # fmt: skip
    assert [e.question for e in Examples(session).golden()] == ["能退吗"]
    kinds = {d.kind for d in Knowledge(session).documents()}
    assert kinds == {"document", "answer"}


def test_a_second_import_changes_nothing(session, folder):
    first = import_shop(session, folder)
    revision, templates = Knowledge(session).revision(), Templates(session).all()
    again = import_shop(session, folder)
    assert (again.added, again.removed, again.unchanged) == (0, 0, first.added)
    assert Knowledge(session).revision() == revision
    assert Templates(session).all() == templates


def test_an_edit_made_in_the_product_wins_and_is_reported(session, folder):
    import_shop(session, folder)
    edited = TemplateDraft("refund", {"zh": ("改过的",)}, protected=True)
    Templates(session).save(edited, editor="alice")
    (folder / "intents.toml").write_text(INTENTS.replace("点退款", "新的"), encoding="utf-8")
    report = import_shop(session, folder)
    assert Templates(session).by_name("refund").texts == {"zh": ("改过的",)}
    told = [p.reason for p in report.problems if p.source == "intents.toml"]
    assert told == ["'refund' was edited in the product, and that edit stays"]


def test_a_changed_file_revises_and_a_removed_intent_retires(session, folder):
    import_shop(session, folder)
    before = Templates(session).by_name("refund")
    text = INTENTS.replace("点退款", "请点退款按钮").split('[[intent]]\nname = "hours"')[0]
    (folder / "intents.toml").write_text(text, encoding="utf-8")
    report = import_shop(session, folder)
    after = Templates(session).by_name("refund")
    assert (after.id, after.revision) == (before.id, before.revision + 1)
    assert Templates(session).by_name("hours").retired
    assert report.removed == 1


def test_a_broken_history_file_is_reported_and_the_others_are_imported(session, folder):
    (folder / "history" / "b.xlsx").write_bytes(b"not a spreadsheet")
    (folder / "history" / "notes.docx").write_bytes(b"x")
    (folder / "history" / ".DS_Store").write_bytes(b"x")
    report = import_shop(session, folder)
    assert {p.source for p in report.problems} == {"a.csv", "b.xlsx", "notes.docx"}
    assert Examples(session).count() == 3


def test_no_folder(session, tmp_path):
    with pytest.raises(ShopFolderError, match="expected a shop folder"):
        import_shop(session, tmp_path / "none")


def test_the_sample_shop_imports_without_problems_and_adds_few_templates(session, tmp_path):
    copy = shutil.copytree(SAMPLE, tmp_path / "sample")
    report = import_shop(session, copy)
    assert report.problems == ()
    templates = Templates(session).all()
    assert sum(t.origin == "shop" for t in templates) >= 48
    assert len(templates) == sum(t.origin == "shop" for t in templates)
    answers = [e for e in Examples(session).all() if e.origin == "answers.csv"]
    shop_names = {t.name for t in templates if t.origin == "shop"}
    assert all(e.intent in shop_names for e in answers)
