"""The mood head: trained on the sample shop's rows, measured on rows that are none of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from finetune.errors import BundleDamagedError, ShopFolderError
from finetune.metrics import macro_f1
from finetune.mood import CUES, MoodHead, choose, cues
from finetune.mood_rows import MoodRow, read_moods
from finetune.mood_training import ANGRY_PRECISION, train_mood
from finetune.types import MOODS
from retrieval.language import detect_language

SHOP = Path(__file__).parents[2] / "examples" / "shop"
DATA = Path(__file__).parent / "data"
FIRST_ROWS = 400
"""The file's first rows; the later ones were written to mislead, and are harder to tell apart."""


def read_test(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [MoodRow(row["text"], row["mood"]) for row in csv.DictReader(file)]


SAYS = {"angry": "骗子！！退钱", "unhappy": "有点失望", "neutral": "几点开门？", "happy": "太棒了"}


def few(count=5):
    """A made-up shop's rows, which any model tells apart."""
    return [MoodRow(f"{SAYS[mood]} {number}", mood) for mood in MOODS for number in range(count)]


@pytest.fixture(scope="module")
def rows():
    return read_moods(SHOP)


@pytest.fixture(scope="module")
def head(rows):
    return train_mood(rows)


# mood_blind.csv is by an author who had seen neither our rows nor our words.
@pytest.mark.parametrize(("name", "each"), [("mood_blind.csv", 120), ("mood_test.csv", 60)])
def test_rows_that_were_never_trained_on_are_told_apart(head, rows, name, each):
    test = read_test(name)
    assert not {row.text for row in rows} & {row.text for row in test}
    chosen = head.predict([row.text for row in test])
    assert macro_f1([row.mood for row in test], chosen) >= 0.8
    for language in ("zh", "en"):
        part = [
            (row.mood, mood)
            for row, mood in zip(test, chosen, strict=True)
            if detect_language(row.text) == language
        ]
        assert len(part) == each
        assert macro_f1(*zip(*part, strict=True)) >= 0.8


def test_the_cross_validation_says_how_good_it_is(head, rows):
    found = train_mood(rows[:FIRST_ROWS]).metrics
    assert found["rows"] == FIRST_ROWS
    assert found["macro_f1"] >= 0.8
    assert set(found["by_language"]) == {"zh", "en"}
    assert found["angry_precision"] >= ANGRY_PRECISION
    assert found["angry_recall"] >= 0.8
    assert head.metrics["rows"] == len(rows) == 1360
    assert head.metrics["angry_precision"] >= ANGRY_PRECISION
    assert head.metrics["macro_f1"] < found["macro_f1"]


def test_saved_and_read_again_it_says_the_same(head, rows, tmp_path):
    head.save(tmp_path / "mood")
    again = MoodHead.load(tmp_path / "mood")
    texts = [row.text for row in rows[:40]] + ["", "👍", "！" * 5000, "où est mon colis"]
    assert again.predict(texts) == head.predict(texts)
    assert again.metrics == head.metrics
    assert again.fingerprint == head.fingerprint
    assert again.predict([]) == []


def test_what_is_missing_is_none_and_what_is_damaged_an_error(head, tmp_path):
    assert MoodHead.load(tmp_path / "mood") is None
    head.save(tmp_path / "mood")
    config = json.loads((tmp_path / "mood" / "mood.json").read_text())
    config["labels"].pop()
    (tmp_path / "mood" / "mood.json").write_text(json.dumps(config))
    with pytest.raises(BundleDamagedError, match="mood head in mood"):
        MoodHead.load(tmp_path / "mood")


def test_the_same_rows_make_the_same_head_and_no_rows_none():
    first, second = train_mood(few()), train_mood(few())
    assert np.array_equal(first.weights, second.weights)
    assert first.fingerprint == second.fingerprint != train_mood(few(6)).fingerprint
    assert first.predict(["骗子！！退钱啊", "太棒了呀"]) == ["angry", "happy"]
    assert train_mood([]) is None


def test_signs_beside_the_words():
    assert cues(["Where is it?", "WHERE IS IT?!"]).shape == (2, CUES)
    calm, loud = cues(["退钱。", "退钱钱钱！！！"])
    assert (loud[:2] > calm[:2]).all()
    assert loud[3] > calm[3]
    assert cues(["THIS IS BAD"])[0, 2] > cues(["This is bad"])[0, 2] == 0


def test_who_is_taken_for_angry_is_angry_nine_times_in_ten():
    labels, likely = ("angry", "happy"), np.array([[0.4, 0.6], [0.6, 0.4], [0.2, 0.8]])
    assert choose(likely, labels, 0.4) == ["angry", "angry", "happy"]
    assert choose(likely, labels, 0.7) == ["happy", "happy", "happy"]


class TestTheFile:
    def write(self, folder, text):
        (folder / "mood.csv").write_text(text, encoding="utf-8")

    def lines(self, rows):
        return "text,mood\n" + "".join(f"{row.text},{row.mood}\n" for row in rows)

    def test_none_is_no_head(self, tmp_path):
        assert read_moods(tmp_path) == ()

    def test_rows_are_masked_and_each_counts_once(self, tmp_path):
        self.write(tmp_path, self.lines([*few(), few()[0]]) + "打 13812345678 给我,neutral\n\n")
        found = read_moods(tmp_path)
        assert len(found) == 21
        assert "13812345678" not in found[-1].text

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("question,mood\nx,happy\n", "expected the columns text and mood"),
            ("text,mood\nx,cross\n", "line 2: expected a mood of angry"),
            ("text,mood\n,happy\n", "line 2: expected a text"),
            ("text,mood\nx\n", "line 2: expected a mood"),
            ("text,mood\nx,happy\nx,angry\n", "line 3: expected one mood per text"),
            ("text,mood\nx,happy\n", "at least 5 texts of each mood, found 0 that are angry"),
        ],
    )
    def test_what_cannot_be_used_is_told(self, tmp_path, text, told):
        self.write(tmp_path, text)
        with pytest.raises(ShopFolderError, match=told):
            read_moods(tmp_path)
