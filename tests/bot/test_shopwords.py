"""An edited synonyms file reaches a running search; a broken one changes nothing."""

from __future__ import annotations

import os

import pytest

from bot.live import LiveModels
from bot.shopwords import ShopWords
from bot.testing import keyword_models
from bot.work import Compute, Work
from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.bundles import Bundles
from storage.knowledge import Knowledge
from storage.types import NewPassage

TEXT = "云米小白的底座可以单独买。"


def write(folder, text: str) -> None:
    path = folder / "synonyms.toml"
    # A write within one tick of the clock would look like none.
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


@pytest.fixture
async def live(tmp_path, database):
    with database.session() as session:
        passage = NewPassage(TEXT, "", 0, len(TEXT), "zh")
        Knowledge(session).put_document("base.md", "底座", "h", "zh", "document", TEXT, [passage])
        Bundles(session).add("b1", data_fingerprint="f", metrics={}, outcome="promoted")
        Bundles(session).promote("b1", by="test", reason="test")
    work, compute = Work(database), Compute(1)
    models = keyword_models("b1", compute, {"a": ("a",)}, {"a": None})
    yield LiveModels(database, work, compute, lambda _: models, {}, ShopWords(tmp_path))
    compute.close()
    work.close()


async def test_words_are_taken_over_while_serving(live, tmp_path):
    write(tmp_path, '[words]\nproducts = ["云米小白"]\n')
    await live.check()
    index = live.current.index
    assert "云米小白" in index.search("云米小白的底座")[0].matched
    write(tmp_path, '[words]\nproducts = ["小白的底座"]\n')
    await live.check()
    assert "小白的底座" in index.search("云米小白的底座")[0].matched
    assert "云米小白" not in index.search("云米小白的底座")[0].matched


async def test_a_broken_file_leaves_the_words_as_they_were(live, tmp_path):
    write(tmp_path, '[words]\nproducts = ["云米小白"]\n')
    await live.check()
    before = live.current.index.analyser
    write(tmp_path, "[words\n")
    await live.check()
    assert live.current.index.analyser is before
    (tmp_path / "synonyms.toml").unlink()
    await live.check()
    assert live.current.index.analyser.fingerprint == Analyser(Lexicon.from_package()).fingerprint


def by_word(index: HybridIndex) -> list[tuple[str, tuple[str, ...]]]:
    hits = index.search("fluxbase")
    return [(hit.passage.text, hit.matched) for hit in hits if hit.keyword]


def test_a_new_synonym_finds_what_was_indexed_before_it(tmp_path, database):
    from retrieval.embedded_training import train_search_encoder

    analyser = Analyser(Lexicon.from_package())
    encoder = train_search_encoder([("底座", TEXT)])
    index = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    with database.session() as session:
        for number, text in enumerate([TEXT, "屏幕坏了可以换。", "线有两种长度。"]):
            passage = NewPassage(text, "", 0, len(text), "zh")
            Knowledge(session).put_document(
                f"{number}", "", text, "zh", "document", text, [passage]
            )
    index.sync(database)
    assert by_word(index) == []
    write(tmp_path, '[[group]]\nname = "dock"\nwords = ["底座", "fluxbase"]\n')
    ShopWords(tmp_path).put_into(index)
    assert by_word(index) == [(TEXT, ("#dock",))]
    # What is added and saved from now on is cut with the new words, under a name of its own.
    index.save()
    again = HybridIndex(tmp_path / "indexes", encoder, index.analyser, Fusion())
    again.sync(database)
    assert again.name == index.name
    assert by_word(again) == [(TEXT, ("#dock",))]
