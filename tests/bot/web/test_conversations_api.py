"""What customers can do through the API."""

from __future__ import annotations

import json
import sqlite3

import pytest

from bot.web.testing import TrialServer


def events_of(text: str) -> list[tuple[str, dict]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line[1:])
        if "data" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_a_question_gets_its_template_in_its_language(customer):
    zh = customer.ask("怎么退货？")
    en = customer.ask("How do I return this?")
    assert (zh["decision"], zh["intent"], zh["language"]) == ("template", "return_goods", "zh")
    assert "7 天内" in zh["reply"]
    assert en["language"] == "en"
    assert "within 7 days" in en["reply"]
    assert en["conversation"] == customer.conversation
    assert (zh["seq"], en["seq"]) == (2, 4)
    assert set(zh) == {
        "reply", "language", "decision", "intent", "confidence", "citations", "quick_replies",
        "timings_ms", "bundle", "conversation", "message", "seq",
    }  # fmt: skip


def test_the_same_client_id_gets_the_same_reply(customer):
    first = customer.post({"id": "once", "text": "开发票"}).json()
    again = customer.post({"id": "once", "text": "开发票"}).json()
    assert again["message"] == first["message"]
    assert again["reply"] == first["reply"]
    assert [m["role"] for m in customer.history()] == ["customer", "bot"]


def test_a_grounded_reply_carries_its_evidence(customer):
    reply = customer.ask("耳机保修期为多久")
    assert reply["decision"] == "grounded"
    assert reply["citations"] == [
        {
            "n": 1,
            "text": "耳机保修期为 12 个月。人为损坏不在保修范围内。",
            "document": "warranty.md",
            "heading": "保修政策",
            "start": 0,
            "end": 25,
        }
    ]


def test_who_comes_back_to_the_bot_is_offered_something_to_ask(customer):
    (back,) = customer.ask("转人工")["quick_replies"]
    reply = customer.post({"id": "back", **back}).json()
    assert reply["decision"] == "clarify"
    assert "怎么退货？" in [button["text"] for button in reply["quick_replies"]]


def test_two_close_intents_are_offered_and_a_button_chooses(customer):
    question = customer.ask("退货和发票的事")
    assert question["decision"] == "clarify"
    button = next(b for b in question["quick_replies"] if "退货" in b["text"])
    reply = customer.ask(button["text"], payload=button["payload"])
    assert (reply["decision"], reply["intent"]) == ("template", "return_goods")


def test_a_reply_streams_as_drafts_and_then_the_message(customer):
    body = {"id": "s", "text": "耳机保修期为多久"}
    response = customer.post(body, Accept="text/event-stream")
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response.text)
    assert [kind for kind, _ in events] == ["draft", "draft", "message"]
    message = events[-1][1]
    assert "".join(data["text"] for _, data in events[:-1]) == message["reply"]
    assert "耳机" in response.text, "Chinese must not be escaped"


def test_history_is_read_after_a_seq(customer):
    customer.ask("退货")
    customer.ask("发票")
    later = customer.history(after=2)
    assert [m["seq"] for m in later] == [3, 4]
    assert later[0]["role"] == "customer"
    assert later[0]["id"] == "m2"


def test_asking_for_a_person_queues_the_conversation(customer):
    response = customer.http.post(f"{customer.path}/handoff", headers=customer.headers)
    assert response.status_code == 200
    assert response.json()["role"] == "system"
    history = customer.http.get(f"{customer.path}/messages", headers=customer.headers).json()
    assert history["status"] == "waiting"


def test_a_thumb_is_kept_and_can_be_changed(customer, operator):
    reply = customer.ask("退货")
    path = f"/api/messages/{reply['message']}/feedback"
    for body in ({"value": "up"}, {"value": "down", "reason": "答非所问\x00"}):
        response = customer.http.post(path, json=body, headers=customer.headers)
        assert response.status_code == 204, response.text
    waiting = operator.get("/api/admin/review?limit=500").json()
    assert any(item["kind"] == "thumbs_down" for item in waiting)


def test_only_a_reply_can_be_judged(customer):
    customer.ask("退货")
    question = customer.history()[0]["message"]
    path = f"/api/messages/{question}/feedback"
    response = customer.http.post(path, json={"value": "up"}, headers=customer.headers)
    assert response.status_code == 400


def test_the_shop_introduces_itself(http):
    shop = http.get("/api/shop").json()
    assert shop["names"] == {"zh": "云朵商店", "en": "Cloud Shop"}
    assert "云朵商店" in shop["greeting"]["zh"]
    assert "Cloud Shop" in shop["greeting"]["en"]
    assert shop["suggestions"]["zh"][0]["text"] == "怎么退货？"
    assert shop["max_message_chars"] == 4000


class TestWhoMayAsk:
    def test_no_token_is_401(self, customer):
        response = customer.http.get(f"{customer.path}/messages")
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["error"] == "unauthorized"

    def test_an_unknown_conversation_is_404(self, customer):
        path = "/api/conversations/nobody/messages"
        assert customer.http.get(path, headers=customer.headers).status_code == 404

    @pytest.mark.parametrize("name", ["%00", "%E4%BD%A0", "%0a", "%F0%9F%98%80", "a" * 65])
    def test_an_impossible_conversation_is_refused(self, customer, name):
        path = f"/api/conversations/{name}/messages"
        response = customer.http.get(path, headers=customer.headers)
        assert response.status_code in (404, 422)

    def test_another_conversations_token_is_403_everywhere(self, customer, other):
        reply = customer.ask("退货")
        http, headers = customer.http, other.headers
        body = {"id": "x", "text": "退货"}
        feedback = f"/api/messages/{reply['message']}/feedback"
        refused = [
            http.get(f"{customer.path}/messages", headers=headers),
            http.get(f"{customer.path}/events", headers=headers),
            http.post(f"{customer.path}/messages", json=body, headers=headers),
            http.post(f"{customer.path}/handoff", headers=headers),
            http.post(feedback, json={"value": "up"}, headers=headers),
        ]
        assert [response.status_code for response in refused] == [403] * len(refused)
        assert len(customer.history()) == 2

    def test_a_token_in_the_address_does_not_count(self, customer):
        path = f"{customer.path}/messages?token={customer.token}"
        assert customer.http.get(path).status_code == 401


class TestBadInput:
    @pytest.mark.parametrize(
        ("content", "status"),
        [
            (b"{not json", 400),
            (b'{"id": "a", "text": "\xff\xfe"}', 400),
            (b'{"id": "a", "text": "\\ud800"}', 422),
            (b'{"id": "a"}', 422),
            (b'{"id": "", "text": "x"}', 422),
            (b'{"id": "a\\u0000", "text": "x"}', 422),
            (b'{"id": "a", "text": 5}', 422),
            (b"[1]", 422),
            (b"", 422),
            (b"[" * 100_000, 400),
        ],
    )
    def test_a_broken_body_is_refused_in_one_line(self, customer, content, status):
        headers = {**customer.headers, "Content-Type": "application/json"}
        response = customer.http.post(f"{customer.path}/messages", content=content, headers=headers)
        assert response.status_code == status, response.text
        told = response.json()
        assert set(told) == {"error", "detail"}
        assert "\n" not in told["detail"]
        assert customer.history() == []

    def test_a_text_too_long_is_413_and_says_both_numbers(self, customer):
        response = customer.post({"id": "long", "text": "长" * 20_000})
        assert response.status_code == 413
        assert "4000" in response.json()["detail"]
        assert "20000" in response.json()["detail"]

    @pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x01\x02", "\u2028"])
    def test_a_text_without_anything_readable_is_422(self, customer, text):
        response = customer.post({"id": "empty", "text": text})
        assert response.status_code == 422
        assert response.json()["error"] == "empty_text"

    def test_an_emoji_alone_gets_a_friendly_reply(self, customer):
        reply = customer.ask("😀👍🏽")
        assert reply["reply"]
        assert customer.history()[0]["text"] == "😀👍🏽"

    def test_control_characters_never_reach_the_database(self, customer):
        customer.ask("退\x00货\x1b[31m\r\n第二\x7f行\t好")
        assert customer.history()[0]["text"] == "退货[31m\n第二行\t好"

    @pytest.mark.parametrize("announced", [True, False])
    def test_a_body_too_big_is_413(self, customer, announced):
        big = b'{"id": "a", "text": "' + b"x" * 1_200_000 + b'"}'
        pieces = (big[i : i + 65536] for i in range(0, len(big), 65536))
        response = customer.http.post(
            f"{customer.path}/messages",
            content=big if announced else pieces,
            headers={**customer.headers, "Content-Type": "application/json"},
        )
        assert response.status_code == 413
        assert set(response.json()) == {"error", "detail"}

    def test_an_unknown_route_and_a_wrong_method_look_the_same(self, http):
        assert http.get("/api/nothing").json()["error"] == "not_found"
        assert http.put("/api/shop").json()["error"] == "method_not_allowed"


def test_a_database_that_cannot_write_is_503_and_nothing_is_lost(server: TrialServer, customer):
    customer.ask("退货")
    # Root may write anywhere, so a table out of reach stands in for a read-only disk.
    hide = "alter table feedback rename to feedback_away"
    show = "alter table feedback_away rename to feedback"
    reply = customer.history()[1]["message"]
    path = f"/api/messages/{reply}/feedback"
    with sqlite3.connect(server.services.database.path, isolation_level=None) as raw:
        raw.execute("pragma legacy_alter_table = on")
        raw.execute(hide)
        response = customer.http.post(path, json={"value": "up"}, headers=customer.headers)
        raw.execute(show)
    raw.close()
    assert response.status_code == 503
    assert response.json()["error"] == "storage_unavailable"
    assert "Traceback" not in response.text
    again = customer.http.post(path, json={"value": "up"}, headers=customer.headers)
    assert again.status_code == 204
