"""Staff try the search, upload files, open documents and look at gaps."""

from __future__ import annotations

import io

import docx

from bot.admin.schemas_search import hit_out
from retrieval.types import Explanation, Hit
from storage.types import Passage
from tests.bot.web.conftest import new_customer


def test_a_search_gives_reasons_and_the_place_in_the_document(operator):
    (hit, *_) = operator.get("/api/admin/search", params={"q": "耳机保修多久"}).json()
    assert hit["document"] == "warranty.md"
    assert hit["reasons"]["words"]
    marked = [hit["text"][start:end] for start, end in hit["reasons"]["highlights"]]
    assert "耳机保修" in marked[0]
    document = operator.get("/api/admin/document", params={"name": hit["document"]}).json()
    assert document["text"][hit["start"] : hit["end"]] == hit["text"]


def test_a_hit_tells_what_the_reranker_said_if_one_put_it_in_its_place(operator):
    (found, *_) = operator.get("/api/admin/search", params={"q": "耳机"}).json()
    assert found["reranked"] is None
    passage = Passage(1, "d", "", "document", "", "text", 0, 4, "en", ("q", "r"))
    why = Explanation((), (), (), None, 0.0, 0.0, 0.0, ())
    shown = hit_out(Hit(passage, 0.5, 0.0, 0.0, rerank=0.87), why)
    assert (shown.reranked, shown.questions) == (0.87, 2)


def test_an_unknown_document_is_not_found(operator):
    assert operator.get("/api/admin/document", params={"name": "none"}).status_code == 404


def test_a_tried_search_is_kept_masked_with_who_and_what_was_found(operator):
    body = {"query": "我的电话 13812345678 耳机保修", "k": 3}
    hits = operator.post("/api/admin/search", json=body).json()
    (test, *_) = operator.get("/api/admin/search/history").json()
    assert test["actor"] == "trial-operator"
    assert test["query"] == "我的电话 <phone> 耳机保修"
    assert [each["document"] for each in test["hits"]] == [each["document"] for each in hits]


def test_a_search_is_narrowed(operator):
    body = {"query": "blanket 耳机", "language": "en"}
    found = operator.post("/api/admin/search", json=body).json()
    assert {hit["language"] for hit in found} == {"en"}
    assert operator.post("/api/admin/search", json={**body, "tags": ["none"]}).json() == []


def test_an_expired_document_is_found_by_staff_who_ask_for_it_and_by_no_customer(operator, http):
    text = "---\ntags: promo\nvalid_until: 2020-01-31\n---\nThe zeppelin raffle ends in January."
    operator.put("/api/admin/knowledge", json={"name": "raffle.md", "text": text})
    query = {"q": "zeppelin raffle"}
    assert operator.get("/api/admin/search", params=query).json() == []
    (hit,) = operator.get("/api/admin/search", params={**query, "expired": True}).json()
    assert (hit["tags"], hit["valid_until"]) == (["promo"], "2020-01-31")
    assert new_customer(http).ask("zeppelin raffle")["decision"] == "no_answer"
    operator.delete("/api/admin/knowledge/raffle.md")


def test_a_file_of_any_kind_is_searchable_once_it_is_uploaded(operator, http):
    document = docx.Document()
    document.add_paragraph("The periscope is rented by the hour.")
    buffer = io.BytesIO()
    document.save(buffer)
    path = "/api/admin/knowledge/files"
    (stored,) = operator.post(
        path, params={"name": "periscope.docx"}, content=buffer.getvalue()
    ).json()
    assert stored == {
        "name": "periscope.docx",
        "outcome": "added",
        "passages": 1,
        "problems": [],
    }
    answer = new_customer(http).ask("rent a periscope by the hour")
    assert [each["document"] for each in answer["citations"]] == ["periscope.docx"]
    operator.delete("/api/admin/knowledge/periscope.docx")


def test_files_that_cannot_be_used_say_why(operator):
    path = "/api/admin/knowledge/files"
    refused = operator.post(path, params={"name": "a.docx"}, content=b"nope")
    assert (refused.status_code, "damaged" in refused.json()["detail"]) == (400, True)
    assert operator.post(path, params={"name": "a.exe"}, content=b"MZ").status_code == 400
    big = b"x" * (20 * 1024**2 + 1)
    assert operator.post(path, params={"name": "a.txt"}, content=big).status_code == 413
    rows = "question,answer\nWhen?,At nine.\nWhere?,\n"
    (stored,) = operator.post(path, params={"name": "faq.csv"}, content=rows.encode()).json()
    assert stored["problems"] == ["3: Expected text in 'answer', found nothing."]
    operator.delete("/api/admin/knowledge/faq.csv")


def test_a_body_over_the_common_limit_goes_nowhere_else(operator):
    body = {"name": "a.txt", "text": "x" * 1_000_001}
    assert operator.put("/api/admin/knowledge", json=body).status_code == 413


def test_what_nothing_answers_is_told_by_topic(operator, http):
    for text in ("do you sell submarines", "submarines for sell"):
        assert new_customer(http).ask(text)["decision"] == "no_answer"
    gaps = operator.get("/api/admin/gaps").json()
    (gap,) = [each for each in gaps if "submarines" in each["question"]]
    assert gap["count"] == 2
    assert len(gap["questions"]) == 2
