from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from finetune.basis import collect
from finetune.bundle import load_bundle, read_bundle
from finetune.errors import BundleDamagedError, NotEnoughDataError
from finetune.evaluate import TEMPLATE, decide_plainly
from finetune.manifest import verify_bundle
from finetune.retrain import retrain
from finetune.settings import EncoderChoice
from retrieval.errors import EncoderError
from storage.bundles import Bundles
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.templates import Templates
from storage.types import Example, NewPassage, TemplateDraft
from tests.finetune.test_classifier import QUESTIONS
from tests.finetune.test_mood import few


@dataclass(frozen=True)
class Home:
    root: Path
    shop: Path | None = None

    @property
    def bundles_dir(self) -> Path:
        return self.root / "bundles"

    @property
    def encoders_dir(self) -> Path:
        return self.root / "encoders"

    @property
    def indexes_dir(self) -> Path:
        return self.root / "indexes"

    @property
    def training_dir(self) -> Path:
        return self.root / "training"


def fill(database, questions=QUESTIONS):
    with database.session() as session:
        for label in questions:
            draft = TemplateDraft(label, {"zh": (f"关于{label}的答复。",)})
            Templates(session).save(draft, editor="shop")
        Examples(session).add(
            Example(text, label, None, "zh") for label, texts in questions.items() for text in texts
        )
        text = "水壶除垢：倒入柠檬酸，煮沸后静置三十分钟。"
        Knowledge(session).put_document(
            "kettle.md", "水壶", "1", "zh", "document", text,
            [NewPassage(text, "除垢", 0, len(text), "zh")],
        )  # fmt: skip


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_the_first_bundle_goes_live_whole(home, sqlite_database):
    fill(sqlite_database)
    steps: list[tuple[str, float]] = []
    outcome = retrain(home, sqlite_database, progress=lambda step, done: steps.append((step, done)))
    assert outcome.outcome == "promoted", outcome.reasons
    with sqlite_database.session() as session:
        assert Bundles(session).live_id() == outcome.bundle
        ids = {template.name: template.id for template in Templates(session).all()}
    bundle = load_bundle(home.bundles_dir / outcome.bundle, home.encoders_dir)
    assert bundle.content.label_templates == ids
    assert bundle.content.classifier.predict(["怎么退款"])[0].label == "refund"
    assert all(0 < share <= 1 for _, share in steps)
    report = Path(outcome.report).read_text(encoding="utf-8")
    assert "<svg" in report
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert (bundle.folder / "card.md").is_file()
    again_and_no_change(home, sqlite_database, outcome.bundle)


def again_and_no_change(home, database, live):
    outcome = retrain(home, database)
    assert (outcome.outcome, outcome.bundle) == ("unchanged", live)
    assert len(list(home.bundles_dir.iterdir())) == 1


def test_the_shops_moods_go_with_the_bundle(tmp_path, sqlite_database):
    fill(sqlite_database)
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "shop.toml").write_text('name = "Teehaus"\n', encoding="utf-8")
    write_moods(shop, few())
    home = Home(tmp_path / "home", shop)
    first = retrain(home, sqlite_database)
    assert first.metrics["mood"]["rows"] == len(few())
    content = read_bundle(home.bundles_dir / first.bundle)
    assert content.mood.predict(["骗子！！退钱"]) == ["angry"]
    same = collect(home, sqlite_database, None)
    # Without the folder the bundle's own head stays, and nothing is new.
    folderless = collect(Home(home.root), sqlite_database, None)
    assert same.mood().fingerprint == folderless.mood().fingerprint == content.mood.fingerprint
    assert same.is_trained_already
    write_moods(shop, few(6))
    changed = collect(home, sqlite_database, None)
    assert not changed.is_trained_already
    assert changed.mood().metrics["rows"] == len(few(6))
    (shop / "mood.csv").unlink()
    gone = collect(home, sqlite_database, None)
    assert not gone.is_trained_already
    assert gone.mood() is None


def write_moods(shop, rows):
    lines = "".join(f"{row.text},{row.mood}\n" for row in rows)
    (shop / "mood.csv").write_text("text,mood\n" + lines, encoding="utf-8")


def test_a_new_correction_trains_a_new_bundle_with_the_same_search_encoder(home, sqlite_database):
    fill(sqlite_database)
    first = retrain(home, sqlite_database)
    with sqlite_database.session() as session:
        Examples(session).add(
            Example(text, label, None, "zh", source="correction")
            for text, label in (("钱啥时候还我", "refund"), ("股票几点能到", "oos"))
        )
    second = retrain(home, sqlite_database)
    assert second.outcome == "promoted", second.reasons
    bundles = [load_bundle(home.bundles_dir / o.bundle, home.encoders_dir) for o in (first, second)]
    assert bundles[0].content.encoder == bundles[1].content.encoder
    content = bundles[1].content
    inside, outside = content.classifier.predict(["钱啥时候还我", "股票几点能到"])
    assert inside.label == "refund"
    assert decide_plainly(outside, content.thresholds) != TEMPLATE


def test_poisoned_labels_are_refused_and_the_champion_stays(home, sqlite_database):
    fill(sqlite_database)
    first = retrain(home, sqlite_database)
    names = list(QUESTIONS)
    with sqlite_database.session() as session:
        Examples(session).add(
            Example(f"{text}？？{number}", names[(names.index(label) + 1) % len(names)], None, "zh",
                    weight=4.0)
            for label, texts in QUESTIONS.items() for text in texts for number in range(4)
        )  # fmt: skip
    second = retrain(home, sqlite_database)
    assert second.outcome == "refused"
    assert any("golden questions" in reason for reason in second.reasons)
    with sqlite_database.session() as session:
        assert Bundles(session).live_id() == first.bundle
        Bundles(session).promote(second.bundle, by="test", reason="on purpose", override=True)
        assert Bundles(session).live_id() == second.bundle


def test_nothing_to_train_on_says_so_and_leaves_nothing(home, sqlite_database):
    with pytest.raises(NotEnoughDataError, match="kefu import history"):
        retrain(home, sqlite_database)
    assert not home.bundles_dir.exists()


@pytest.mark.parametrize("harm", ["changed", "missing", "added", "manifest"])
def test_a_bundle_that_is_not_what_its_manifest_says_is_refused(
    home, sqlite_database, harm, request
):
    fill(sqlite_database)
    outcome = retrain(home, sqlite_database)
    folder = home.bundles_dir / outcome.bundle
    head = folder / "intent" / "lexical.safetensors"
    if harm == "changed":
        head.write_bytes(head.read_bytes()[:-1] + b"x")
    elif harm == "missing":
        head.unlink()
    elif harm == "added":
        (folder / "extra.json").write_text(json.dumps({}), encoding="utf-8")
    else:
        (folder / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(BundleDamagedError, match=outcome.bundle):
        verify_bundle(folder)


def test_a_damaged_champion_is_replaced(home, sqlite_database):
    fill(sqlite_database)
    first = retrain(home, sqlite_database)
    (home.bundles_dir / first.bundle / "fusion.json").unlink()
    second = retrain(home, sqlite_database)
    assert second.outcome == "promoted", second.reasons
    assert second.bundle != first.bundle
    verify_bundle(home.bundles_dir / second.bundle)


def test_a_damaged_search_encoder_is_trained_again(home, sqlite_database):
    fill(sqlite_database)
    first = retrain(home, sqlite_database)
    (encoder,) = home.encoders_dir.iterdir()
    (encoder / "model.safetensors").write_bytes(b"half")
    with pytest.raises(EncoderError, match="kefu retrain --encoder embedded"):
        load_bundle(home.bundles_dir / first.bundle, home.encoders_dir)
    second = retrain(home, sqlite_database, choice=EncoderChoice("embedded"))
    assert second.outcome == "promoted", second.reasons
    load_bundle(home.bundles_dir / second.bundle, home.encoders_dir)


def test_checking_files_imports_no_model_library():
    code = (
        "import sys, finetune.manifest; "
        "assert not {'torch', 'faiss', 'numpy'} & set(sys.modules), 'a rollback would take long'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
