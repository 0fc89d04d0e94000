"""Files, the queue, typing, ratings, transcripts and canned replies, through the API."""

from __future__ import annotations

import httpx2
import pytest

from bot.sniffing import safe_name
from storage.erasure import erase_customer
from tests.bot.web.conftest import Customer, new_customer
from tests.bot.web.test_events import listening

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PDF = b"%PDF-1.7\n%%EOF"


def attach(customer: Customer, content: bytes, name: str = "图 1.png", message: str = "f1"):
    return customer.http.post(
        f"{customer.path}/attachments",
        params={"message": message, "name": name},
        content=content,
        headers=customer.headers,
    )


def ask_for_person(customer: Customer) -> None:
    customer.http.post(f"{customer.path}/handoff", headers=customer.headers).raise_for_status()


def move(operator: httpx2.Client, customer: Customer, where: str) -> None:
    path = f"/api/admin/conversations/{customer.conversation}/status"
    operator.post(path, json={"move": where}).raise_for_status()


def test_a_file_reaches_the_operator_and_comes_back_as_a_download(customer, operator):
    ask_for_person(customer)
    stored = attach(customer, PNG).json()
    assert (stored["name"], stored["media_type"], stored["size"]) == ("图 1.png", "image/png", 48)
    customer.post({"id": "f1", "text": stored["name"]})
    shown = next(m for m in customer.history() if m["id"] == "f1")
    assert shown["attachment"] == stored
    for response in (
        customer.http.get(f"/api/attachments/{stored['id']}", headers=customer.headers),
        operator.get(f"/api/admin/attachments/{stored['id']}"),
    ):
        assert response.content == PNG
        assert response.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in response.headers["content-security-policy"]


def test_the_same_file_sent_twice_is_stored_once(customer):
    ask_for_person(customer)
    assert attach(customer, PDF, "a.pdf").json() == attach(customer, PDF, "a.pdf").json()


def test_another_customer_cannot_have_the_file(customer, other):
    ask_for_person(customer)
    path = f"/api/attachments/{attach(customer, PNG).json()['id']}"
    assert customer.http.get(path, headers=other.headers).status_code == 403
    assert customer.http.get(path).status_code == 401
    assert customer.http.get("/api/attachments/none", headers=other.headers).status_code == 404


def send_file(
    operator: httpx2.Client, customer: Customer, content: bytes, name: str, message: str = "f1"
) -> httpx2.Response:
    return operator.post(
        f"/api/admin/conversations/{customer.conversation}/attachments",
        params={"message": message, "name": name},
        content=content,
    )


def test_an_operators_file_is_heard_by_its_customer_and_by_nobody_else(customer, other, operator):
    with listening(customer) as listener:
        listener.until("status")
        move(operator, customer, "take")
        answered = send_file(operator, customer, PNG, "保修 卡.png")
        assert answered.status_code == 201, answered.text
        heard = listener.until("message")[-1][2]
    sent = answered.json()["attachment"]
    assert (sent["name"], sent["media_type"], sent["size"]) == ("保修 卡.png", "image/png", 48)
    assert (heard["attachment"], heard["author"]) == (sent, "trial-operator")
    assert (heard["role"], heard["text"], heard["id"]) == ("operator", "保修 卡.png", None)
    assert customer.history()[-1]["attachment"] == sent
    path = f"/api/attachments/{sent['id']}"
    found = customer.http.get(path, headers=customer.headers)
    assert found.content == PNG
    assert found.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert customer.http.get(path, headers=other.headers).status_code == 403
    assert customer.http.get(path).status_code == 401
    told = operator.get(f"/api/admin/conversations/{customer.conversation}").json()
    assert told["messages"][-1]["attachment"] == sent


def test_an_operators_file_sent_twice_is_sent_once(customer, operator):
    move(operator, customer, "take")
    once = send_file(operator, customer, PDF, "a.pdf").json()
    assert send_file(operator, customer, PDF, "a.pdf").json() == once
    assert [message["role"] for message in customer.history()] == ["operator"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"MZ\x90\x00", 415),
        (PNG + b"\0" * 5_000_000, 413),
    ],
)
def test_what_is_refused_of_an_operator_leaves_nothing(customer, operator, content, status):
    move(operator, customer, "take")
    assert send_file(operator, customer, content, "harmless.png").status_code == status
    assert customer.history() == []


def test_a_customer_cannot_send_as_staff(customer, http):
    refused = http.post(
        f"/api/admin/conversations/{customer.conversation}/attachments",
        params={"message": "f1", "name": "a.png"},
        content=PNG,
        headers=customer.headers,
    )
    assert refused.status_code == 401


def test_a_files_name_is_not_learned_as_an_answer(customer, operator):
    customer.ask("这个空气炸锅的内胆能单独买吗")
    before = operator.get("/api/admin/review").json()
    move(operator, customer, "take")
    send_file(operator, customer, PDF, "配件价格表与购买方式说明.pdf").raise_for_status()
    assert operator.get("/api/admin/review").json() == before


def test_files_go_to_people_alone(customer):
    assert attach(customer, PNG).status_code == 409


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<html><script>alert(1)</script>", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"MZ\x90\0", 415),
        (b"", 422),
        (PNG + b"\0" * 5_000_000, 413),
    ],
)
def test_what_is_not_a_small_picture_or_pdf_is_refused(customer, content, status):
    ask_for_person(customer)
    assert attach(customer, content, "harmless.png").status_code == status


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd.png"),
        ("a.html", "a.html.png"),
        ("\u202egnp.exe", "_gnp.exe.png"),
        ("  .. ", "file.png"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
        ("<img src=x>.png", "_img src=x_.png"),
    ],
)
def test_file_names_are_made_harmless(name, safe):
    assert safe_name(name, "image/png") == safe


def test_files_and_ratings_are_erased_with_the_customer(http, operator, server):
    customer = new_customer(http)
    ask_for_person(customer)
    attach(customer, PNG)
    move(operator, customer, "close")
    customer.http.post(f"{customer.path}/rating", json={"score": 2}, headers=customer.headers)
    path = f"/api/admin/conversations/{customer.conversation}"
    number = operator.get(path).json()["conversation"]["customer_id"]
    erased = server.run(server.services.work.run(lambda s: erase_customer(s, number)))
    assert (erased.files, erased.ratings) == (1, 1)


def test_the_queue_keeps_its_order_and_tells_the_customer(http, operator):
    for entry in operator.get("/api/admin/desk").json()["waiting"]:
        operator.post(f"/api/admin/conversations/{entry['id']}/status", json={"move": "close"})
    first, second = new_customer(http), new_customer(http)
    for customer in (first, second):
        ask_for_person(customer)
    first.ask("还在吗")
    desk = operator.get("/api/admin/desk").json()
    assert [e["id"] for e in desk["waiting"]] == [first.conversation, second.conversation]
    assert desk["operators"] == 1
    with listening(second) as listener:
        assert listener.until("status")[-1][2]["position"] == 2
        move(operator, first, "take")
        heard = listener.until("status")[-1][2]
        assert (heard["position"], heard["staffed"]) == (1, True)
        move(operator, second, "take")
        heard = listener.until("status")[-1][2]
        assert (heard["status"], heard["operator"]) == ("person", "trial-operator")
        move(operator, second, "give_back")
        assert listener.until("status")[-1][2]["status"] == "bot"
    held = operator.get("/api/admin/desk").json()["held"]
    entry = next(e for e in held if e["id"] == first.conversation)
    assert (entry["last_role"], entry["last_text"]) == ("customer", "还在吗")


def test_typing_is_seen_by_the_other_side_alone(customer, operator):
    ask_for_person(customer)
    move(operator, customer, "take")
    path = f"/api/admin/conversations/{customer.conversation}"
    with listening(customer) as listener:
        listener.until("status")
        customer.http.post(f"{customer.path}/typing", headers=customer.headers)
        operator.post(f"{path}/typing")
        assert listener.next() == ("typing", None, {"by": "operator"})
    with operator.stream("GET", f"{path}/events") as response:
        lines = response.iter_lines()
        next(line for line in lines if line == "event: status")
        customer.http.post(f"{customer.path}/typing", headers=customer.headers)
        assert next(line for line in lines if "typing" in line) == "event: customer_typing"


def test_operators_see_names_and_the_bots_reasons(customer, operator):
    customer.ask("退货")
    move(operator, customer, "take")
    path = f"/api/admin/conversations/{customer.conversation}"
    operator.post(f"{path}/messages", json={"text": "我来帮您"})
    read = operator.get(path).json()
    assert read["traces"]["2"]["intent"] == "return_goods"
    assert read["traces"]["2"]["decision"] == "template"
    assert read["entry"]["operator"] == "trial-operator"
    assert customer.history()[-1]["author"] == "trial-operator"


def test_an_ended_conversation_is_rated(customer, operator):
    path = f"{customer.path}/rating"
    assert customer.http.post(path, json={"score": 5}, headers=customer.headers).status_code == 409
    move(operator, customer, "close")
    for body, status in (
        ({"score": 5, "comment": "很好"}, 204),
        ({"score": 1}, 204),
        ({"score": 0}, 422),
        ({"score": 6}, 422),
    ):
        response = customer.http.post(path, json=body, headers=customer.headers)
        assert response.status_code == status


def test_a_transcript_is_plain_text_with_sources(customer):
    customer.ask("耳机保修期为多久")
    response = customer.http.get(f"{customer.path}/transcript", headers=customer.headers)
    assert response.headers["content-type"].startswith("text/plain")
    assert response.headers["content-disposition"].startswith("attachment")
    assert "您\n耳机保修期为多久" in response.text
    assert "[1] warranty.md › 保修政策" in response.text


def test_canned_replies_are_kept_changed_and_deleted(operator, http):
    assert http.get("/api/admin/canned").status_code == 401
    body = {"title": "问候", "texts": {"zh": "您好！", "en": "Hello!"}}
    made = operator.post("/api/admin/canned", json=body).json()
    assert made["editor"] == "trial-operator"
    assert operator.post("/api/admin/canned", json=body).status_code == 409
    changed = operator.put(f"/api/admin/canned/{made['id']}", json={**body, "texts": {"zh": "嗨"}})
    assert changed.json()["texts"] == {"zh": "嗨"}
    empty = {"title": "空", "texts": {"zh": "  "}}
    assert operator.post("/api/admin/canned", json=empty).status_code == 400
    assert [reply["title"] for reply in operator.get("/api/admin/canned").json()] == ["问候"]
    assert operator.delete(f"/api/admin/canned/{made['id']}").status_code == 204
    assert operator.delete(f"/api/admin/canned/{made['id']}").status_code == 404
