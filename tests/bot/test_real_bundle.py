"""The pipeline on a real bundle: trained here, written, loaded and served."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from pydantic import SecretStr

from bot.loading import choose_vectors, load_models
from bot.services import open_services
from bot.settings import Settings
from bot.understand import HANDOFF
from finetune.bundle import BundleContent, SearchEncoderRef, read_bundle, write_bundle
from finetune.mood_training import train_mood
from finetune.settings import TrainingSettings
from finetune.train import train_classifier
from finetune.types import LabelledQuestion
from retrieval import dense_kinds
from retrieval.embedded_training import train_search_encoder
from retrieval.faiss_index import local_dense
from retrieval.fusion import Fusion
from retrieval.index_cache import saved_state
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.bundles import Bundles
from storage.errors import StorageError
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.templates import Templates
from storage.types import OUT_OF_SCOPE, Example
from tests.bot.conftest import DESCALING, Shop, stock
from tests.finetune.test_mood import few

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.services import Services
    from storage.database import Database
    from tests.conftest import PostgreSQL

QUESTIONS = {
    "refund": ["我要退款", "退款多久到账", "怎么申请退款", "钱什么时候退", "I want a refund",
               "when is my refund paid", "refund my money", "how do refunds work"],
    "shipping": ["什么时候发货", "今天能发货吗", "发货要几天", "还没发货吗", "when do you ship",
                 "has it shipped yet", "ship it today", "how fast do you ship"],
    OUT_OF_SCOPE: ["今天天气如何", "讲个笑话", "你喜欢什么音乐", "谁是总统", "tell me a joke",
                   "what is the weather", "who won the match", "sing me a song"],
}  # fmt: skip


def examples() -> list[Example]:
    return [
        Example(question, label, None, "en" if question.isascii() else "zh")
        for label, questions in QUESTIONS.items()
        for question in questions
    ]


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home's `bundles` and `encoders`; its templates are those that `stock` saves first."""
    settings = Settings(home=tmp_path_factory.mktemp("trained"))
    settings.prepare_home()
    torch.set_num_threads(2)
    analyser = Analyser(Lexicon.from_package())
    rows = [
        LabelledQuestion(each.question, each.intent or OUT_OF_SCOPE, each.language)
        for each in examples()
    ]
    quick = TrainingSettings(dimension=64, hidden=32, least_steps=60, folds=2)
    trained = train_classifier(rows, analyser, settings=quick)
    encoder = train_search_encoder([(row.question, DESCALING) for row in rows])
    encoder.save(settings.encoders_dir / "embedded")
    content = BundleContent(
        classifier=trained.classifier,
        thresholds=trained.thresholds,
        label_templates={"refund": 1, "shipping": 2},
        encoder=SearchEncoderRef(encoder.fingerprint, "embedded", embedded=True),
        analyser=analyser,
        fusion=Fusion(),
        data_fingerprint="f",
        settings={},
        metrics={},
    )
    write_bundle(settings.bundles_dir / "real", content)
    return settings.home


@pytest.fixture
def home(settings: Settings, trained_home: Path) -> Settings:
    """A home of its own for one test, with the trained bundle in it."""
    shutil.copytree(trained_home, settings.home)
    return settings


def promote(database: Database) -> None:
    with database.session() as session:
        Bundles(session).add("real", data_fingerprint="f", metrics={}, outcome="promoted")
        Bundles(session).promote("real", by="tests", reason="trained")


async def test_a_trained_bundle_answers_and_quotes(home: Settings) -> None:
    async with open_services(home, watch=False) as services:
        assert (await services.work.run(stock))["shipping"] == 2
        await services.work.run(lambda s: Examples(s).add(examples()))
        promote(services.database)
        await services.live.check()
        shop = Shop(services)
        reply = await shop.ask(await shop.begin(), "我要退款")
        assert reply.bundle == "real"
        assert (reply.decision, reply.reply) == ("template", "退款会在 3 天内到账。")
        quoted = await shop.ask(await shop.begin(), "除垢用白醋加水煮沸多久")
        assert quoted.decision == "grounded"
        assert quoted.citations[0].document == "kettle.md"
        models = load_models(home, services.database, services.compute, "real")
        assert models.titles["refund"]["zh"] in QUESTIONS["refund"]


async def test_who_is_angry_is_offered_a_person(home: Settings) -> None:
    folder = home.bundles_dir / "real"
    content = replace(read_bundle(folder), mood=train_mood(few()))
    shutil.rmtree(folder)
    write_bundle(folder, content)
    async with open_services(home, watch=False) as services:
        await services.work.run(stock)
        promote(services.database)
        await services.live.check()
        shop = Shop(services)
        calm, angry = await shop.begin(), await shop.begin()
        await shop.ask(calm, "几点开门？什么时候发货")
        answer = await shop.ask(angry, "骗子！！退钱！我要退款")
        replies = [(await shop.messages(each))[-1] for each in (calm, angry)]
        assert [reply.trace["mood"] for reply in replies] == ["neutral", "angry"]
        assert HANDOFF in {button.payload for button in answer.quick_replies}


async def test_a_rollback_brings_no_deleted_knowledge_and_no_retired_template_back(
    home: Settings,
) -> None:
    shutil.copytree(home.bundles_dir / "real", home.bundles_dir / "newer")

    def move_on(session: Session) -> None:
        Bundles(session).add("newer", data_fingerprint="f", metrics={}, outcome="trained")
        Bundles(session).promote("newer", by="tests", reason="better")
        Knowledge(session).delete_document("kettle.md")
        Templates(session).retire(1)

    async with open_services(home, watch=False) as services:
        await services.work.run(stock)
        promote(services.database)
        await services.live.check()
        shop = Shop(services)
        assert (await shop.ask(await shop.begin(), "除垢用白醋加水煮沸多久")).citations
        # The cache as it was when the older bundle was live.
        services.live.current.index.save()
        await services.work.run(move_on)
        await services.live.check()
        await services.work.run(lambda s: Bundles(s).roll_back("real", by="tests"))
        await services.live.check()
        quoted = await shop.ask(await shop.begin(), "除垢用白醋加水煮沸多久")
        assert quoted.bundle == "real"
        assert not quoted.citations
        assert "白醋" not in quoted.reply
        assert (await shop.ask(await shop.begin(), "我要退款")).decision != "template"


async def test_a_damaged_bundle_is_refused_and_nothing_breaks(home: Settings) -> None:
    (home.bundles_dir / "real" / "bundle.json").write_text("{}", encoding="utf-8")
    async with open_services(home, watch=False) as services:
        await services.work.run(stock)
        promote(services.database)
        await services.live.check()
        assert services.live.current is None
        shop = Shop(services)
        reply = await shop.ask(await shop.begin(), "我要退款")
        assert (reply.decision, reply.bundle) == ("no_answer", None)


async def begin_serving(services: Services) -> Shop:
    """Answer with the trained bundle."""
    await services.work.run(stock)
    await services.work.run(lambda s: Examples(s).add(examples()))
    promote(services.database)
    await services.live.check()
    return Shop(services)


async def test_a_grown_index_is_built_beside_and_then_serves(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense_kinds, "HNSW_FROM", 192)
    async with open_services(home, watch=False) as services:
        shop = await begin_serving(services)
        await services.live._tending
        index = services.live.current.index
        assert index.state()["dense"].kind == "hnsw"
        quoted = await shop.ask(await shop.begin(), "除垢用白醋加水煮沸多久")
        assert quoted.citations[0].document == "kettle.md"
        saved = saved_state(home.indexes_dir, index.encoder.fingerprint, index._analyser)
        assert saved["dense"]["kind"] == "hnsw"


async def test_a_process_that_stops_gives_up_building(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense_kinds, "HNSW_FROM", 192)
    async with open_services(home, watch=False) as services:
        services.live._closing = True
        shop = await begin_serving(services)
        await services.live._tending
        assert services.live.current.index.state()["dense"].kind == "flat"
        quoted = await shop.ask(await shop.begin(), "除垢用白醋加水煮沸多久")
        assert quoted.citations[0].document == "kettle.md"


async def test_on_postgresql_vectors_are_shared(home: Settings, postgresql: PostgreSQL) -> None:
    url = SecretStr(postgresql.url(postgresql.create(migrated=True)))
    shared = home.model_copy(update={"database_url": url})
    async with open_services(shared, watch=False) as services:
        shop = await begin_serving(services)
        state = services.live.current.index.state()["dense"]
        assert (state.kind, state.vectors) == ("pgvector", 2)
        quoted = await shop.ask(await shop.begin(), "除垢用白醋加水煮沸多久")
        assert quoted.citations[0].document == "kettle.md"
        local = shared.model_copy(update={"vectors": "local"})
        assert choose_vectors(local, services.database) is local_dense


async def test_pgvector_that_is_asked_for_and_missing_is_said_so(home: Settings) -> None:
    async with open_services(home, watch=False) as services:
        assert choose_vectors(home, services.database) is local_dense
        forced = home.model_copy(update={"vectors": "pgvector"})
        with pytest.raises(StorageError, match="KEFU_VECTORS"):
            choose_vectors(forced, services.database)
