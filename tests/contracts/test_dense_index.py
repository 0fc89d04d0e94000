"""One behaviour for every index of vectors: flat, graphs, lists, and pgvector."""

from __future__ import annotations

import itertools
import shutil
import threading

import numpy as np
import pytest

from retrieval.dense import DenseIndex
from retrieval.dense_kinds import Kind
from retrieval.faiss_index import FaissIndex
from retrieval.pgvector_index import PgvectorIndex
from storage.knowledge import Knowledge
from storage.types import NewPassage
from storage.vectors import forget_encoders, pgvector_problem

DIMENSION = 24
PASSAGES = 300


class Words:
    """Gives each text a direction of its own; texts that share words lie near one another."""

    def __init__(self, fingerprint: str = "words-1", dimension: int = DIMENSION) -> None:
        self.fingerprint = fingerprint
        self.dimension = dimension
        self.encoded: list[str] = []

    def encode(self, texts):
        self.encoded += texts
        rows = [self._one(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)

    def _one(self, text):
        seeds = [int.from_bytes(word.encode(), "little") for word in text.split()]
        summed = sum(np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds)
        return summed / np.linalg.norm(summed)


class Shelf:
    """An index over the passages of a real database, whose ids it uses."""

    def __init__(self, database, encoder, index: DenseIndex) -> None:
        self.database, self.encoder, self.index = database, encoder, index
        self.revisions = itertools.count(1)

    def put(self, name: str, *texts: str) -> int:
        """Store a passage with these texts' vectors."""
        passage = NewPassage(name, "", 0, len(name), "en")
        with self.database.session() as session:
            knowledge = Knowledge(session)
            knowledge.put_document(name, name, "h", "en", "document", name, [passage])
            number = max(each.id for each in knowledge.passages() if each.document == name)
        self.update({number: texts})
        return number

    def fill(self, count: int = PASSAGES) -> list[int]:
        """So many passages `nN` of the texts `nN`."""
        passages = [NewPassage(f"n{n}", "", n, n + 1, "en") for n in range(count)]
        with self.database.session() as session:
            knowledge = Knowledge(session)
            knowledge.put_document("filled", "f", "h", "en", "document", "", passages)
            found = [each for each in knowledge.passages() if each.document == "filled"]
        self.update({each.id: (each.text,) for each in found})
        return [each.id for each in sorted(found, key=lambda each: each.start)]

    def update(self, texts) -> None:
        self.index.update(texts, self.encoder.encode, next(self.revisions))

    def delete(self, name: str, number: int) -> None:
        with self.database.session() as session:
            assert Knowledge(session).delete_document(name)
        self.index.delete([number])

    def find(self, text: str, k: int = 5) -> list[tuple[int, float]]:
        return self.index.search(self.encoder._one(text).astype(np.float32)[None], k)


def local(kind: Kind) -> FaissIndex:
    return FaissIndex(DIMENSION, lambda _vectors, _dimension, _current: kind)


@pytest.fixture(params=[*Kind, "pgvector"], ids=str)
def shelf(request, sqlite_database):
    encoder = Words()
    if request.param != "pgvector":
        return Shelf(sqlite_database, encoder, local(request.param))
    database = request.getfixturevalue("postgresql_database")
    assert pgvector_problem(database) is None
    return Shelf(database, encoder, PgvectorIndex(database, "dense", encoder))


def test_empty_it_finds_nothing(shelf):
    shelf.update({})
    assert shelf.find("kettle") == []
    assert len(shelf.index) == 0
    assert shelf.index.rebuild() in {True, False}
    assert shelf.find("kettle") == []


def test_it_finds_the_nearest_first_with_their_cosines(shelf):
    ids = shelf.fill()
    near, far = shelf.put("near", "kettle lid"), shelf.put("far", "kettle lid steel")
    shelf.index.rebuild()
    (first, cosine), (second, lower), *_ = shelf.find("kettle lid", 4)
    assert (first, second) == (near, far)
    assert cosine == pytest.approx(1, abs=2e-2)
    assert lower < cosine
    assert [number for number, _ in shelf.find("n7", 1)] == [ids[7]]


def test_recall_against_looking_at_every_vector(shelf):
    ids = shelf.fill()
    shelf.index.rebuild()
    vectors = shelf.encoder.encode([f"n{n}" for n in range(PASSAGES)])
    held = 0
    for query in range(20):
        best = np.argsort(-(vectors @ shelf.encoder._one(f"q{query}")))[:10]
        held += len({ids[row] for row in best} & {n for n, _ in shelf.find(f"q{query}", 10)})
    assert held >= 0.95 * 20 * 10


def test_what_is_added_changed_and_removed_shows_at_once(shelf):
    shelf.fill()
    shelf.index.rebuild()
    number = shelf.put("new", "zeppelin")
    assert shelf.find("zeppelin", 1)[0][0] == number
    shelf.update({number: ("submarine",)})
    assert shelf.find("submarine", 1)[0][0] == number
    assert shelf.find("zeppelin", 1)[0][0] != number
    shelf.delete("new", number)
    assert number not in dict(shelf.find("submarine", 50))
    assert len(shelf.index) == PASSAGES


def test_what_was_built_in_can_be_changed_and_removed(shelf):
    ids = shelf.fill()
    number = shelf.put("gone", "zeppelin")
    shelf.index.rebuild()
    shelf.update({ids[3]: ("submarine",)})
    shelf.delete("gone", number)
    assert shelf.find("submarine", 1)[0][0] == ids[3]
    found = dict(shelf.find("zeppelin", 50)) | dict(shelf.find("n3", 50))
    assert number not in found
    assert found.get(ids[3], 0) < 0.99
    assert len(shelf.index) == PASSAGES


def test_a_passage_with_several_texts_is_found_once_by_its_best(shelf):
    shelf.fill()
    number = shelf.put("many", "zeppelin mast", "submarine", "zeppelin")
    shelf.index.rebuild()
    found = shelf.find("zeppelin", 10)
    assert [each for each, _ in found].count(number) == 1
    assert found[0] == (number, pytest.approx(1, abs=2e-2))
    assert len(shelf.index) == PASSAGES + 3
    shelf.update({number: ()})
    assert number not in dict(shelf.find("submarine", 50))
    assert len(shelf.index) == PASSAGES


def test_the_same_text_twice_and_the_same_update_twice_change_nothing(shelf):
    number = shelf.put("a", "zeppelin")
    shelf.update({number: ("zeppelin",)})
    assert len(shelf.index) == 1


def test_saved_and_loaded_it_finds_the_same_and_can_still_change(shelf, tmp_path):
    ids = shelf.fill()
    shelf.index.rebuild()
    number = shelf.put("late", "zeppelin")
    shelf.index.save(tmp_path, "dense")
    before = shelf.find("n7 n8", 10)
    if not shelf.index.shared:
        shelf.index = local(Kind(shelf.index.state().kind))
        shelf.index.load(tmp_path, "dense")
    assert shelf.find("n7 n8", 10) == before
    assert shelf.find("zeppelin", 1)[0][0] == number
    shelf.update({ids[7]: ("submarine",)})
    assert shelf.find("submarine", 1)[0][0] == ids[7]
    shelf.index.rebuild()
    assert shelf.find("submarine", 1)[0][0] == ids[7]
    for folder in (tmp_path / "linked", tmp_path / "written"):
        folder.mkdir()
        shelf.index.save(folder, "dense")
        shutil.rmtree(folder)
    assert shelf.find("submarine", 1)[0][0] == ids[7]


def test_it_says_what_it_is_made_of(shelf):
    shelf.fill()
    shelf.index.rebuild()
    state = shelf.index.state()
    assert state.vectors == PASSAGES
    assert state.megabytes > 0
    assert state.kind in {*map(str, Kind), "pgvector"}


def test_searching_while_it_is_built_and_changed_never_fails(shelf):
    ids = shelf.fill()
    failures: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            try:
                # What no change touches is always there.
                assert shelf.find("n0", 1)[0][0] == ids[0]
            except BaseException as error:  # noqa: BLE001 - the test reports it
                failures.append(error)
                return

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(5):
        shelf.update({ids[5]: (f"version {turn}",)})
        shelf.index.delete([])
        shelf.index.rebuild()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert shelf.find("version 4", 1)[0][0] == ids[5]


def pgvector_shelf(database, encoder) -> Shelf:
    assert pgvector_problem(database) is None
    return Shelf(database, encoder, PgvectorIndex(database, "dense", encoder))


def test_what_one_server_embedded_another_finds_without_embedding_it(postgresql_database):
    one = pgvector_shelf(postgresql_database, Words())
    ids = one.fill(20)
    two = pgvector_shelf(postgresql_database, Words())
    two.update({number: (f"n{place}",) for place, number in enumerate(ids)})
    assert two.encoder.encoded == []
    assert two.find("n3", 1)[0][0] == ids[3]
    two.update({ids[3]: ("zeppelin",)})
    assert two.encoder.encoded == ["zeppelin"]
    assert one.find("zeppelin", 1)[0][0] == ids[3]


def test_a_server_that_lags_does_not_undo_what_a_newer_one_put(postgresql_database):
    shelf = pgvector_shelf(postgresql_database, Words())
    number = shelf.put("a", "old")
    shelf.index.update({number: ("new",)}, shelf.encoder.encode, 9)
    shelf.index.update({number: ("middle",)}, shelf.encoder.encode, 8)
    assert shelf.find("new", 1)[0][1] == pytest.approx(1)


def test_a_passage_that_is_gone_gets_no_vector(postgresql_database):
    shelf = pgvector_shelf(postgresql_database, Words())
    shelf.update({12345: ("ghost",)})
    assert len(shelf.index) == 0


def test_encoders_lie_beside_each_other_until_the_old_one_is_forgotten(postgresql_database):
    old, new = Words("words-1"), Words("it's-2", 16)
    first = pgvector_shelf(postgresql_database, old)
    ids = first.fill(30)
    second = pgvector_shelf(postgresql_database, new)
    second.update({number: (f"n{place}",) for place, number in enumerate(ids)})
    assert first.find("n3", 1)[0][0] == second.find("n3", 1)[0][0] == ids[3]
    with postgresql_database.session() as session:
        assert forget_encoders(session, [new.fingerprint]) == 30
    assert first.find("n3", 1) == []
    assert second.find("n3", 1)[0][0] == ids[3]


def test_many_vectors_are_found_through_the_graph(postgresql_database):
    shelf = pgvector_shelf(postgresql_database, Words())
    ids = shelf.fill(1200)
    assert shelf.index.rebuild()
    assert not shelf.index.rebuild()
    with postgresql_database.connection() as connection:
        connection.exec_driver_sql("ANALYZE kefu_search.passage_vector")
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(
            "EXPLAIN SELECT passage_id FROM kefu_search.passage_vector "
            "WHERE encoder = 'words-1' AND role = 'dense' "
            "ORDER BY CAST(embedding AS vector(24)) <#> CAST(%s AS vector(24)) LIMIT 10",
            (str([0.0] * DIMENSION),),
        )
        assert "Index Scan using ix_" in "\n".join(row[0] for row in plan)
    assert shelf.find("n77", 1)[0][0] == ids[77]


def test_without_pgvector_it_is_said_why(sqlite_database):
    assert pgvector_problem(sqlite_database) == "the database is not PostgreSQL"


@pytest.mark.parametrize("kind", [Kind.FLAT, Kind.HNSW])
def test_what_stops_a_building_leaves_the_old_index(sqlite_database, kind):
    current = Kind.HNSW if kind is Kind.FLAT else Kind.FLAT
    shelf = Shelf(sqlite_database, Words(), FaissIndex(DIMENSION, lambda *_: current))
    ids = shelf.fill()
    shelf.index.rebuild()
    shelf.index._choose = lambda *_: Kind.HNSW
    shelf.index.delete(ids[:200])

    def stop(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        shelf.index.rebuild(stop)
    assert shelf.find("n250", 1)[0][0] == ids[250]
    assert shelf.index.rebuild()
    assert shelf.find("n250", 1)[0][0] == ids[250]


def test_changes_during_a_building_are_taken_over(sqlite_database):
    shelf = Shelf(sqlite_database, Words(), local(Kind.HNSW))
    ids = shelf.fill()

    def change(_share: float) -> None:
        shelf.update({ids[1]: ("changed",)})
        shelf.index.delete([ids[2]])
        shelf.update({10**6: ("added",)})

    assert shelf.index.rebuild(change)
    assert shelf.find("changed", 1)[0][0] == ids[1]
    assert shelf.find("added", 1)[0][0] == 10**6
    assert ids[2] not in dict(shelf.find("n2", 50))
    assert shelf.find("n1", 1)[0][0] != ids[1]
    assert len(shelf.index) == PASSAGES
