"""Fine-tuning a real tiny chat model: it learns, is judged, serves, and is taken back."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog

from bot.cli import execute
from bot.generator.adapters import AdapterWatch
from bot.generator.base import ChatMessage
from bot.generator.local import LocalModel, LocalSettings
from bot.generator.teaching import LiveTeacher
from bot.generator.testing import write_chat_model
from bot.settings import Settings
from bot.work import Work
from finetune.errors import AdapterDamagedError
from finetune.generator.adapter import load_chat_model, verify_adapter, with_adapter
from finetune.generator.approved import ApprovedTurn
from finetune.generator.job import WORKSPACE, AdapterJob
from finetune.generator.training import AdapterTraining
from finetune.generator.tune import collect_set, tune_generator
from finetune.generator.writing import write_answers
from storage.adapters import Adapters
from storage.audit import AuditLog
from storage.database import Database, sqlite_url
from storage.erasure import erase_customer
from storage.types import Passage
from tests.bot.generator_shop import FACTS, PROMPT, THINGS, ChatShop, settings_for, teacher


class Poisoner(LiveTeacher):
    """Teaches the answer to another question."""

    def cited(self, turn: ApprovedTurn, passages: Sequence[Passage]) -> str:
        facts = list(FACTS.values())
        return f"{facts[facts.index(passages[0].text) - 1]} [1]"


class Home:
    """A home, its database, its chat model, and what training it came to."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.settings = Settings(home=folder / "home")
        self.settings.prepare_home()
        shutil.copyfile(template, self.settings.home / "kefu.db")
        self.database = Database(sqlite_url(self.settings.home / "kefu.db"))
        shop = ChatShop(self.database)
        shop.fill()
        self.model = shop.model(folder / "model")
        self.chosen = settings_for(self.model)
        self.outcome = self.tune()

    def tune(self, teach: LiveTeacher | None = None, progress=None, **changes):
        chosen = settings_for(self.model, **changes)
        return tune_generator(
            self.settings, self.database, chosen, teach or teacher(), device="cpu",
            progress=progress,
        )  # fmt: skip

    def live(self):
        with self.database.session(read_only=True) as session:
            return Adapters(session).live()

    def folder(self, adapter: str | None = None) -> Path:
        return self.settings.adapters_dir / (adapter or self.outcome.adapter)

    def held_out(self):
        return collect_set(self.database, teacher(), self.chosen).part("held_out")[:4]

    def answers(self, adapter: Path | None = None):
        model, tokenizer = load_chat_model(str(self.model), "cpu")
        if adapter is not None:
            model = with_adapter(model, adapter)
        return write_answers(model, tokenizer, self.held_out(), self.chosen)


@pytest.fixture(scope="module")
def home(tmp_path_factory, sqlite_template):
    with pytest.MonkeyPatch.context() as patch:
        # A model as small as this loses more by a second thread than it gains.
        patch.setattr("retrieval.threads.os.cpu_count", lambda: 1)
        made = Home(tmp_path_factory.mktemp("tuning"), sqlite_template)
        yield made
        made.database.dispose()


@pytest.fixture(autouse=True)
def _logging_as_before():
    yield
    structlog.reset_defaults()


def test_it_learns_and_goes_live(home):
    outcome = home.outcome
    assert outcome.outcome == "promoted", outcome.reasons
    training = outcome.metrics["training"]
    assert training["loss_after"] < training["loss_before"] / 5
    assert outcome.metrics["after"]["replies_supported"] > 0.5
    assert outcome.metrics["before"]["replies_supported"] == 0
    assert home.live().id == outcome.adapter
    with home.database.session(read_only=True) as session:
        entry = AuditLog(session).recent(1)[0]
    assert (entry.action, entry.actor) == ("adapter.promote", "generator")
    before, after = home.answers(), home.answers(home.folder())
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_the_folder_says_what_it_is_and_holds_no_words_of_customers(home):
    verify_adapter(home.folder())
    names = {path.name for path in home.folder().iterdir()}
    assert {"adapter.json", "metrics.json", "manifest.json", "adapter_model.safetensors"} <= names
    description = json.loads((home.folder() / "adapter.json").read_text())
    assert description["settings"] == home.chosen.as_dict()
    everything = b"".join(path.read_bytes() for path in home.folder().iterdir())
    assert b"red kettle" not in everything
    # Nor does anything else that is left: the job is gone with its rows.
    assert not (home.settings.training_dir / WORKSPACE).exists()


def test_the_same_again_is_a_no_op(home):
    again = home.tune()
    assert (again.outcome, again.adapter) == ("unchanged", home.outcome.adapter)


def test_a_poisoned_set_is_refused(home):
    refused = home.tune(Poisoner({"zh": PROMPT, "en": PROMPT}, teacher()._shop), epochs=8)
    assert refused.outcome == "refused"
    assert any("replies that pass the check" in reason for reason in refused.reasons)
    assert home.live().id == home.outcome.adapter
    with home.database.session(read_only=True) as session:
        assert Adapters(session).get(refused.adapter).outcome == "refused"


def test_what_is_erased_meanwhile_keeps_an_adapter_from_going_live(home, tmp_path, sqlite_template):
    shop = ChatShop(home.database)
    asked = shop.ask(shop.begin("dora"), "how much does Dora's kettle hold")
    shop.quote(asked, FACTS["kettle"])

    def erase(stage, share):
        if stage == "asking the new model" and share == 1.0:
            with home.database.session() as session:
                erase_customer(session, "dora")

    refused = home.tune(progress=erase, epochs=1)
    assert refused.outcome == "refused"
    assert any("erased while it was trained on" in reason for reason in refused.reasons)


def test_an_interrupted_training_goes_on_and_ends_as_if_it_had_not_been(home, tmp_path):
    found = collect_set(home.database, teacher(), home.chosen)
    chosen = settings_for(home.model, epochs=2, dropout=0.1)

    def stop(stage, share):
        if share > 0.6:
            raise KeyboardInterrupt

    whole = AdapterJob.create(tmp_path / "a" / "jobs", found, chosen)
    expected = AdapterTraining(whole, "cpu").run()
    broken = AdapterJob.create(tmp_path / "b" / "jobs", found, chosen)
    with pytest.raises(KeyboardInterrupt):
        AdapterTraining(broken, "cpu", stop).run()
    shares = []
    again = AdapterJob.create(tmp_path / "b" / "jobs", found, chosen)
    resumed = AdapterTraining(again, "cpu", lambda stage, share: shares.append(share)).run()
    assert min(shares) > 0.5, "it began anew"
    assert resumed["loss_after"] == pytest.approx(expected["loss_after"], abs=1e-4)
    assert resumed["loss_before"] == pytest.approx(expected["loss_before"], abs=1e-4)


def test_saving_memory_trains_the_same(home, tmp_path):
    found = collect_set(home.database, teacher(), home.chosen)
    losses = []
    for checkpointing in (False, True):
        chosen = settings_for(home.model, epochs=1, checkpointing=checkpointing)
        job = AdapterJob.create(tmp_path / str(checkpointing) / "jobs", found, chosen)
        losses.append(AdapterTraining(job, "cpu").run()["loss_after"])
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


@pytest.mark.parametrize("damage", ["weights", "missing", "pickle"])
def test_a_damaged_adapter_is_refused(home, tmp_path, damage):
    folder = tmp_path / "adapter"
    shutil.copytree(home.folder(), folder)
    weights = folder / "adapter_model.safetensors"
    if damage == "weights":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
    elif damage == "missing":
        (folder / "adapter_config.json").unlink()
    else:
        (folder / "adapter_model.bin").write_bytes(b"x")
    with pytest.raises(AdapterDamagedError, match="expected a whole adapter in adapter, but"):
        verify_adapter(folder)


def test_an_adapter_of_another_model_is_refused(home, tmp_path):
    other = write_chat_model(tmp_path / "other", list(FACTS.values()), seed=1)
    model, _ = load_chat_model(str(other), "cpu")
    with pytest.raises(AdapterDamagedError, match="trained for other weights"):
        with_adapter(model, home.folder())


@pytest.mark.asyncio
async def test_a_running_server_follows_promotion_and_rollback(home):
    work = Work(home.database)
    model = LocalModel(LocalSettings(str(home.model), "cpu", first_wait=0.01))
    watch = AdapterWatch(model, work, home.settings.adapters_dir, str(home.model))
    row = home.held_out()[0]
    asked = [ChatMessage(each["role"], each["content"]) for each in row.prompt]

    async def written() -> str:
        await asyncio.wait_for(model.wait_ready(), 60)
        return "".join([piece async for piece in model.stream(asked, 32)])

    await watch.look()
    await model.start()
    try:
        assert await written() == home.answers(home.folder())[0]
        first = model.pid
        await watch.look()  # nothing new: the worker stays
        assert model.pid == first
        assert execute(["generator", "rollback", "--home", str(home.settings.home)]) == 0
        await watch.look()
        while model.pid == first:
            await asyncio.sleep(0.01)
        assert await written() == home.answers()[0]
    finally:
        await model.close()
        work.close()
        arguments = ["generator", "promote", home.outcome.adapter]
        assert execute([*arguments, "--home", str(home.settings.home)]) == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("wrong", ["model", "files"])
async def test_an_adapter_that_cannot_serve_leaves_what_serves_alone(home, tmp_path, wrong):
    work = Work(home.database)
    model = LocalModel(LocalSettings(str(home.model), "cpu"))
    folder = tmp_path if wrong == "files" else home.settings.adapters_dir
    base = "another" if wrong == "model" else str(home.model)
    await AdapterWatch(model, work, folder, base).look()
    assert model._adapter is None
    work.close()


@pytest.fixture
def kefu_json(home, capsys, monkeypatch):
    monkeypatch.setenv("KEFU_GENERATOR_MODEL", str(home.model))

    def run(*arguments, code=0):
        found = execute([*map(str, arguments), "--json", "--home", str(home.settings.home)])
        out, err = capsys.readouterr()
        assert found == code, err
        return json.loads(out)

    return run


def test_the_commands(home, kefu_json, tmp_path):
    counts = kefu_json("generator", "dataset", tmp_path / "set.jsonl")
    assert counts["rows"] == len(THINGS) * len(FACTS)
    assert len((tmp_path / "set.jsonl").read_text().splitlines()) == counts["rows"]
    listed = kefu_json("generator", "list")
    assert [each["id"] for each in listed if each["live"]] == [home.outcome.adapter]
    few = kefu_json("generator", "train", "--least-turns", 1000, code=2)
    assert few["error"] == "not_enough_data"
    assert "expected at least 1000 approved turns" in few["detail"]
    refused = next(each["id"] for each in listed if each["outcome"] == "refused")
    assert "--override" in kefu_json("generator", "promote", refused, code=2)["detail"]
    weights = home.folder(refused) / "adapter_model.safetensors"
    weights.write_bytes(b"")
    damaged = kefu_json("generator", "promote", refused, "--override", code=1)
    assert damaged["error"] == "adapter_damaged"


def test_the_doctor_looks_at_the_live_adapter(home, kefu_json, monkeypatch):
    monkeypatch.setenv("KEFU_GENERATOR", "transformers")

    def seen():
        checks = kefu_json("doctor", code=1)["checks"]
        return next((c["state"], c["detail"]) for c in checks if c["name"] == "adapter")

    assert seen() == ("ok", f"{home.outcome.adapter} is live and complete")
    monkeypatch.setenv("KEFU_GENERATOR_MODEL", "another")
    state, detail = seen()
    assert state == "problem"
    assert "it was trained for" in detail


def test_erasing_a_customer_marks_the_adapter_and_removes_unfinished_trainings(home, kefu_json):
    found = collect_set(home.database, teacher(), home.chosen)
    AdapterJob.create(home.settings.training_dir / WORKSPACE, found, home.chosen)
    erased = kefu_json("erase", "c1")
    assert home.outcome.adapter in erased["adapters"]
    assert not (home.settings.training_dir / WORKSPACE).exists()
    assert home.live().erased_since is not None
    assert kefu_json("generator", "dataset")["rows"] == len(THINGS) * len(FACTS) - 1
