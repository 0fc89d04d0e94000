from __future__ import annotations

from storage import search_tests
from storage.search_tests import SearchTests


def test_tests_come_back_newest_first_and_the_oldest_go(database, monkeypatch):
    monkeypatch.setattr(search_tests, "KEPT", 3)
    for number in range(5):
        with database.session() as session:
            hits = [{"document": f"{number}.md", "score": 0.5}]
            SearchTests(session).add(actor="anna", query=f"退货 {number}", hits=hits)
    with database.session() as session:
        found = SearchTests(session).recent()
    assert [test.query for test in found] == ["退货 4", "退货 3", "退货 2"]
    assert found[0].actor == "anna"
    assert found[0].hits == ({"document": "4.md", "score": 0.5},)
    with database.session() as session:
        assert len(SearchTests(session).recent(1)) == 1
