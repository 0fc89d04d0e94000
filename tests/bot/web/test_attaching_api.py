"""Staff say which passage answers a question: the next search finds it, until they take it off."""

from __future__ import annotations

import pytest

from storage.knowledge import Knowledge
from storage.types import SEARCH_KIND_ANSWER, NewPassage
from tests.bot.web.conftest import new_customer

PATH = "/api/admin/knowledge/questions"
ASKED = "戴着跑步进水了赔不赔"
FAQ = "question,answer\nWhen do you open？,At nine o'clock.\nWhere are you?,In the harbour.\n"


def hits_of(operator, query: str) -> list[dict]:
    return operator.get("/api/admin/search", params={"q": query}).json()


def passage_of(operator, query: str, document: str) -> dict:
    return next(hit for hit in hits_of(operator, query) if hit["document"] == document)


def attach(operator, passage: int, question: str):
    return operator.post(PATH, json={"passage": passage, "question": question})


def attached_to(operator, document: str) -> list[dict]:
    return operator.get(PATH, params={"document": document}).json()


@pytest.fixture
def warranty(operator):
    hit = passage_of(operator, "耳机保修", "warranty.md")
    yield hit
    for each in attached_to(operator, "warranty.md"):
        operator.delete(f"{PATH}/{each['id']}")


@pytest.fixture
def faq(operator):
    operator.put("/api/admin/knowledge", json={"name": "faq.csv", "text": FAQ})
    yield passage_of(operator, "nine o'clock", "faq.csv")
    operator.delete("/api/admin/knowledge/faq.csv")


def test_a_passage_is_found_by_what_was_attached_until_it_is_taken_off(operator, warranty):
    assert hits_of(operator, ASKED) == []
    made = attach(operator, warranty["passage"], ASKED)
    assert made.status_code == 201
    assert made.json() == {
        "id": made.json()["id"],
        "document": "warranty.md",
        "quote": warranty["text"],
        "question": ASKED,
        "source": "staff",
        "origin": "trial-operator",
        "passage": warranty["passage"],
    }
    (hit,) = hits_of(operator, ASKED)
    assert (hit["passage"], hit["questions"]) == (warranty["passage"], warranty["questions"] + 1)
    assert attached_to(operator, "warranty.md") == [made.json()]
    assert operator.delete(f"{PATH}/{made.json()['id']}").status_code == 204
    assert hits_of(operator, ASKED) == attached_to(operator, "warranty.md") == []


def test_to_attach_what_is_attached_changes_nothing(operator, warranty):
    first = attach(operator, warranty["passage"], ASKED)
    again = attach(operator, warranty["passage"], f"  {ASKED} ")
    assert (again.status_code, again.json()) == (200, first.json())
    assert hits_of(operator, ASKED)[0]["questions"] == warranty["questions"] + 1


def test_what_was_taken_off_can_be_attached_again(operator, warranty):
    first = attach(operator, warranty["passage"], ASKED).json()
    operator.delete(f"{PATH}/{first['id']}")
    again = attach(operator, warranty["passage"], ASKED)
    assert again.status_code == 201
    assert hits_of(operator, ASKED)[0]["passage"] == warranty["passage"]


def test_a_question_moves_to_the_passage_that_was_named_last(operator, faq):
    where = passage_of(operator, "harbour", "faq.csv")
    attach(operator, faq["passage"], "ahoy")
    moved = attach(operator, where["passage"], "ahoy")
    assert (moved.status_code, moved.json()["passage"]) == (201, where["passage"])
    assert [hit["passage"] for hit in hits_of(operator, "ahoy")] == [where["passage"]]
    assert len(attached_to(operator, "faq.csv")) == 1


def test_a_question_of_the_document_itself_is_not_attached_twice(operator, faq):
    refused = attach(operator, faq["passage"], "When do you open?")
    assert refused.status_code == 409
    assert "asks this question itself" in refused.json()["detail"]
    assert attached_to(operator, "faq.csv") == []


def test_personal_data_is_masked(operator, warranty):
    made = attach(operator, warranty["passage"], "我的电话 13812345678 怎么改").json()
    assert made["question"] == "我的电话 <phone> 怎么改"


@pytest.mark.parametrize("question", ["", " \n ", "\x00", "长" * 501])
def test_what_is_no_question_is_refused(operator, warranty, question):
    assert attach(operator, warranty["passage"], question).status_code == 400
    assert attached_to(operator, "warranty.md") == []


def test_a_passage_that_is_gone_and_a_document_that_never_was(operator):
    assert attach(operator, 999_999, ASKED).status_code == 404
    assert operator.get(PATH, params={"document": "none"}).status_code == 404
    assert operator.delete(f"{PATH}/999999").status_code == 404


def test_answers_of_the_history_are_corrected_in_review(operator, server):
    def put(session):
        passage = NewPassage("We gift-wrap walruses.", "", 0, 22, "en")
        Knowledge(session).put_document(
            "history", "", "h", "en", SEARCH_KIND_ANSWER, passage.text, [passage]
        )

    server.run(server.services.work.run(put))
    hit = passage_of(operator, "walruses", "history")
    refused = attach(operator, hit["passage"], ASKED)
    assert (refused.status_code, "review" in refused.json()["detail"]) == (400, True)
    operator.delete("/api/admin/knowledge/history")


def test_nobody_but_staff_attaches(http, operator, warranty):
    customer = new_customer(http)
    body = {"passage": warranty["passage"], "question": ASKED}
    for headers in ({}, customer.headers):
        asked = {"document": "warranty.md"}
        assert http.get(PATH, params=asked, headers=headers).status_code == 401
        assert http.post(PATH, json=body, headers=headers).status_code == 401
        assert http.delete(f"{PATH}/1", headers=headers).status_code == 401
    assert attached_to(operator, "warranty.md") == []


def test_a_document_in_a_folder_of_that_name_can_still_be_deleted(operator):
    name = "questions/7.md"
    operator.put("/api/admin/knowledge", json={"name": name, "text": "The walrus sleeps."})
    assert operator.delete(f"/api/admin/knowledge/{name}").status_code == 204
