from __future__ import annotations

import threading
from functools import partial

import pytest

from retrieval.dense_kinds import Kind
from retrieval.faiss_index import FaissIndex
from retrieval.fusion import Evidence, Fusion
from retrieval.index import HybridIndex
from retrieval.pgvector_index import PgvectorIndex
from retrieval.types import SearchFilter
from storage.knowledge import Knowledge
from storage.types import NewPassage
from storage.vectors import pgvector_problem
from tests.retrieval.conftest import PASSAGES, fill, put


@pytest.fixture
def index(tmp_path, encoder, analyser):
    return HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())


def found(index: HybridIndex, query: str, k: int = 3) -> list[str]:
    return [hit.passage.document for hit in index.search(query, k)]


def test_an_empty_index_finds_nothing(index, database):
    assert index.sync(database) == 0
    assert index.search("退货") == []
    assert index.count() == 0


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("怎么退货", "returns.zh.md"),
        ("退貨要自己付運費嗎", "returns.zh.md"),
        ("传感器-温度-TH01", "sensor.zh.md"),
        ("TH01", "sensor.zh.md"),
        ("温度", "sensor.zh.md"),
        ("安全", "sensor.zh.md"),
        ("when should the filter be replaced", "filter.en.md"),
        ("1,500 litres", "filter.en.md"),
    ],
)
def test_it_finds_by_word_part_code_and_meaning(index, database, query, document):
    fill(database)
    index.sync(database)
    assert found(index, query)[0] == document


class _Likes:
    """A reranker that likes what holds a word."""

    def __init__(self, word):
        self.word = word

    def scores(self, query, texts):
        return [float(self.word in text) for text in texts]


def test_a_reranker_has_the_last_word(database, tmp_path, encoder, analyser):
    fill(database)
    index = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion(), reranker=_Likes("TH01"))
    index.sync(database)
    hits = index.search("怎么退货")
    assert hits[0].passage.document == "sensor.zh.md"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_scores_are_probabilities_in_falling_order(index, database):
    fill(database)
    index.sync(database)
    scores = [hit.score for hit in index.search("怎么退货", 5)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_only_the_asked_language(index, database):
    fill(database)
    index.sync(database)
    hits = index.search("filter 水壶 delivery 退货", 10, only=SearchFilter(language="en"))
    assert {hit.passage.language for hit in hits} == {"en"}


def test_a_question_attached_to_a_passage_finds_it(index, database):
    fill(database)
    put(database, "odd.en.md", "Form 27B is at the desk.", ("where do I moan about you",))
    index.sync(database)
    assert found(index, "where can I moan")[0] == "odd.en.md"


def test_changes_show_after_the_next_sync(index, database):
    fill(database)
    index.sync(database)
    put(database, "returns.zh.md", "鞋子签收后三十天内可以退货。")
    put(database, "new.en.md", "The showroom opens on Sundays.")
    with database.session() as session:
        Knowledge(session).delete_document("kettle.zh.md")
    index.sync(database)
    assert index.search("三十天 退货")[0].passage.text.startswith("鞋子")
    assert found(index, "showroom on Sundays")[0] == "new.en.md"
    assert "kettle.zh.md" not in found(index, "水壶除垢柠檬酸", 10)


def test_a_saved_cache_replays_what_came_later(index, database, tmp_path, encoder, analyser):
    fill(database)
    index.sync(database)
    index.save()
    put(database, "new.en.md", "The showroom opens on Sundays.")
    with database.session() as session:
        Knowledge(session).delete_document("kettle.zh.md")
    again = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    again.sync(database)
    assert found(again, "showroom on Sundays")[0] == "new.en.md"
    assert "kettle.zh.md" not in found(again, "水壶除垢柠檬酸", 10)
    assert again.count() == len(PASSAGES)


@pytest.mark.parametrize("name", ["dense.npz", "keyword.npz", "manifest.json"])
def test_a_damaged_cache_is_built_again(index, database, tmp_path, encoder, analyser, name):
    fill(database)
    index.sync(database)
    index.save()
    path = next((tmp_path / "indexes").rglob(name))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    again.sync(database)
    assert again.count() == len(PASSAGES)
    assert found(again, "怎么退货")[0] == "returns.zh.md"


def test_an_interrupted_saving_leaves_the_cache_before_it(
    index, database, tmp_path, encoder, analyser
):
    fill(database)
    index.sync(database)
    index.save()
    (whole,) = (path for path in (tmp_path / "indexes" / index.name).iterdir() if path.is_dir())
    cut = whole.with_name("000002-feed")
    cut.mkdir()
    (cut / "dense.npz").write_bytes(b"half")
    again = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    again._load(database)
    assert again.revision == index.revision
    again.save()
    left = [path.name for path in whole.parent.iterdir() if path.is_dir()]
    assert len(left) == 1
    assert left[0].startswith("000003-")


def test_a_cache_from_the_future_of_a_restored_database_is_dropped(
    index, database, tmp_path, encoder, analyser, empty_database
):
    from storage import migrate

    fill(database)
    index.sync(database)
    index.save()
    migrate.upgrade(empty_database)
    put(empty_database, "only.en.md", "The only passage left.")
    again = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    again.sync(empty_database)
    assert [hit.passage.document for hit in again.search("only passage")] == ["only.en.md"]


@pytest.fixture(params=["hnsw", "pgvector"])
def grown(request, tmp_path, encoder, analyser):
    """A database, and what makes an index of a kind that the size of a test would not ask for."""
    if request.param == "hnsw":
        database = request.getfixturevalue("sqlite_database")
        vectors = partial(local_graph, dimension=encoder.dimension)
    else:
        database = request.getfixturevalue("postgresql_database")
        assert pgvector_problem(database) is None
        vectors = partial(PgvectorIndex, database)
    return database, lambda folder="indexes": HybridIndex(
        tmp_path / folder, encoder, analyser, Fusion(), vectors
    )


def local_graph(_name: str, _encoder, *, dimension: int) -> FaissIndex:
    return FaissIndex(dimension, lambda _vectors, _dimension, _current: Kind.HNSW)


def test_every_kind_is_kept_in_step_and_survives_the_disk(grown):
    database, make = grown
    fill(database)
    index = make()
    index.sync(database)
    index.rebuild()
    index.save()
    assert found(index, "怎么退货")[0] == "returns.zh.md"
    put(database, "odd.en.md", "Form 27B is at the desk.", ("where do I moan about you",))
    with database.session() as session:
        Knowledge(session).delete_document("kettle.zh.md")
    for each in (index, make()):
        each.sync(database)
        assert found(each, "where can I moan")[0] == "odd.en.md"
        assert "kettle.zh.md" not in found(each, "水壶除垢柠檬酸", 10)
        assert each.count() == len(PASSAGES)
        assert each.state()["dense"].vectors == len(PASSAGES)
        assert each.state()["questions"].vectors == 1


def test_a_kind_is_built_beside_what_serves(sqlite_database, tmp_path, encoder, analyser):
    graph = partial(local_graph, dimension=encoder.dimension)
    index = HybridIndex(tmp_path, encoder, analyser, Fusion(), graph)
    fill(sqlite_database)
    index.sync(sqlite_database)
    told: list[str] = []

    def meanwhile(what: str, share: float) -> None:
        told.append(what)
        assert 0 < share <= 1
        put(sqlite_database, "new.en.md", "The showroom opens on Sundays.")
        index.sync(sqlite_database)
        assert found(index, "showroom on Sundays")[0] == "new.en.md"

    assert index.rebuild(meanwhile)
    assert told == ["building the index of vectors"]
    assert found(index, "showroom on Sundays")[0] == "new.en.md"
    assert index.state()["dense"].kind == "hnsw"
    assert not index.rebuild()


def test_a_second_server_embeds_nothing_that_the_first_did(
    postgresql_database, tmp_path, encoder, analyser, monkeypatch
):
    assert pgvector_problem(postgresql_database) is None
    vectors = partial(PgvectorIndex, postgresql_database)
    fill(postgresql_database)
    HybridIndex(tmp_path / "one", encoder, analyser, Fusion(), vectors).sync(postgresql_database)
    texts: list[str] = []
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda some: texts.extend(some) or encode(some))
    two = HybridIndex(tmp_path / "two", encoder, analyser, Fusion(), vectors)
    two.sync(postgresql_database)
    assert texts == []
    assert found(two, "怎么退货")[0] == "returns.zh.md"


def test_a_vector_that_was_lost_is_put_back_at_the_next_start(
    postgresql_database, tmp_path, encoder, analyser
):
    assert pgvector_problem(postgresql_database) is None
    vectors = partial(PgvectorIndex, postgresql_database)
    fill(postgresql_database)
    index = HybridIndex(tmp_path, encoder, analyser, Fusion(), vectors)
    index.sync(postgresql_database)
    index.save()
    with postgresql_database.connection() as connection:
        connection.exec_driver_sql("DELETE FROM kefu_search.passage_vector WHERE passage_id < 3")
    again = HybridIndex(tmp_path, encoder, analyser, Fusion(), vectors)
    again.sync(postgresql_database)
    assert again.state()["dense"].vectors == len(PASSAGES)


def test_searching_while_changing_never_fails(index, sqlite_database):
    fill(sqlite_database)
    index.sync(sqlite_database)
    failures: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            try:
                index.search("退货 filter 水壶")
            except BaseException as error:  # noqa: BLE001 - the test reports it
                failures.append(error)
                return

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        put(sqlite_database, "filter.en.md", f"Replace the filter after {number} days.")
        put(sqlite_database, "kettle.zh.md", f"水壶除垢第 {number} 版。")
        index.sync(sqlite_database)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.search("filter after 29 days")[0].passage.text.endswith("29 days.")


def test_more_evidence_never_lowers_the_score():
    fusion = Fusion()
    weak = Evidence(0.1, 0.0, 0.1, 0.1, 0.5, 0.5, 0.0, 1.0, 1.0)
    strong = Evidence(0.9, 0.9, 0.8, 0.9, 0.0, 0.0, 1.0, 1.0, 1.0)
    for kind in ("answer", "document"):
        assert fusion.score(kind, weak) < 0.2 < 0.8 < fusion.score(kind, strong)


def test_of_an_answer_only_the_best_wording_is_found(database, index):
    with database.session() as session:
        wordings = [
            NewPassage(text, "", n, n + len(text), "en", ("how long is a refund",))
            for n, text in enumerate(
                ["A refund takes 3 days.", "Your refund takes 3 days, no more."]
            )
        ]
        Knowledge(session).put_document(
            "answer:refund", "refund", "h", "en", "answer", "x", wordings
        )
    put(database, "care.en.md", "Refund forms are wiped clean with a cloth.")
    index.sync(database)
    found = [hit.passage.document for hit in index.search("how long is a refund")]
    assert found.count("answer:refund") == 1
    assert "care.en.md" in found


def test_fusion_weights_survive_the_disk(tmp_path):
    fusion = Fusion(documents=Fusion().documents._replace(dense=1.25, bias=-0.5))
    fusion.save(tmp_path / "fusion.json")
    assert Fusion.load(tmp_path / "fusion.json") == fusion
