"""What staff can do, and that nobody else can."""

from __future__ import annotations

import shutil

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from bot.web.app import create_app
from bot.web.auth import SESSION_COOKIE
from bot.web.testing import OPERATOR_TOKEN, TrialServer
from storage.bundles import Bundles

PASSWORD = "correct horse battery"
OPEN_TO_ALL = {"/api/admin/login"}


def staff_routes(server: TrialServer) -> list[tuple[str, str]]:
    app = create_app(server.services)
    found = []
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if path.startswith(("/api/admin", "/v1")) and path not in OPEN_TO_ALL:
            found += [(method, path) for method in route.methods or ()]
    return found


def test_every_staff_route_refuses_by_default(server, http, customer):
    routes = staff_routes(server)
    assert len(routes) >= 25, "the enumeration must see the real routes"
    sections = "retrain jobs review bundles templates knowledge search conversations users stats"
    for section in sections.split():
        assert any(path.startswith(f"/api/admin/{section}") for _, path in routes), section
    for method, path in routes:
        real = path.replace("{name:path}", "x").replace("{name}", "x")
        for hole in (
            "conversation_id",
            "bundle_id",
            "item_id",
            "template_id",
            "token_id",
            "job_id",
        ):
            real = real.replace(f"{{{hole}}}", "1")
        for headers in ({}, customer.headers, {"Cookie": f"{SESSION_COOKIE}=nonsense"}):
            response = http.request(method, real, headers=headers, json={})
            assert response.status_code == 401, (method, path, response.text)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/admin/users", None),
        ("POST", "/api/admin/users", {"name": "x", "password": "long enough pw"}),
        ("DELETE", "/api/admin/users/trial-admin", None),
        ("POST", "/api/admin/retrain", {}),
        ("POST", "/api/admin/bundles/trial/promote", {}),
        ("POST", "/api/admin/bundles/rollback", {}),
        ("POST", "/api/admin/jobs/1/cancel", None),
        ("DELETE", "/api/admin/templates/1", None),
    ],
)
def test_an_operator_may_not_do_what_is_the_admins(operator, method, path, body):
    response = operator.request(method, path, json=body)
    assert response.status_code == 403
    assert "admin" in response.json()["detail"]


@pytest.fixture
def account(admin):
    name = "lin"
    body = {"name": name, "password": PASSWORD, "role": "operator"}
    assert admin.post("/api/admin/users", json=body).status_code == 201
    yield name
    admin.delete(f"/api/admin/users/{name}")


class TestLogin:
    def test_it_sets_a_cookie_that_scripts_cannot_read(self, server, account):
        with httpx2.Client(base_url=server.url) as browser:
            body = {"name": account, "password": PASSWORD}
            response = browser.post("/api/admin/login", json=body)
            assert response.status_code == 200
            cookie = response.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert browser.get("/api/admin/me").json()["name"] == account
            assert browser.post("/api/admin/logout").status_code == 204
            kept = {SESSION_COOKIE: response.cookies[SESSION_COOKIE]}
        with httpx2.Client(base_url=server.url, cookies=kept) as thief:
            assert thief.get("/api/admin/me").status_code == 401

    @pytest.mark.parametrize("name", ["lin", "nobody"])
    def test_a_wrong_name_and_a_wrong_password_sound_alike(self, http, account, name):
        response = http.post("/api/admin/login", json={"name": name, "password": "guess"})
        assert response.status_code == 401
        assert response.json()["detail"] == "wrong name or password"

    def test_guessing_is_slowed_down(self, http):
        body = {"name": "guessed", "password": "guess"}
        statuses = [http.post("/api/admin/login", json=body) for _ in range(6)]
        assert [response.status_code for response in statuses] == [401] * 5 + [429]
        assert int(statuses[-1].headers["retry-after"]) > 0

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 201),
            ({"Sec-Fetch-Site": "same-origin"}, 201),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
        ],
    )
    def test_a_cookie_does_not_count_for_another_sites_page(self, server, account, headers, status):
        with httpx2.Client(base_url=server.url) as browser:
            browser.post("/api/admin/login", json={"name": account, "password": PASSWORD})
            response = browser.post("/api/admin/tokens", json={"label": "t"}, headers=headers)
            assert response.status_code == status

    def test_an_api_token_works_until_it_is_revoked(self, server, operator, http):
        made = operator.post("/api/admin/tokens", json={"label": "till", "days": 1}).json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        assert http.get("/api/admin/me", headers=headers).status_code == 200
        listed = operator.get("/api/admin/tokens").json()
        assert made["token"] not in str(listed)
        number = next(token["id"] for token in listed if token["label"] == "till")
        assert operator.delete(f"/api/admin/tokens/{number}").status_code == 204
        assert http.get("/api/admin/me", headers=headers).status_code == 401

    def test_a_removed_account_is_out_at_once(self, server, admin, http):
        body = {"name": "gone", "password": PASSWORD}
        admin.post("/api/admin/users", json=body)
        with httpx2.Client(base_url=server.url) as browser:
            assert browser.post("/api/admin/login", json=body).status_code == 200
            admin.delete("/api/admin/users/gone")
            assert browser.get("/api/admin/me").status_code == 401

    def test_one_cannot_remove_oneself(self, admin):
        assert admin.delete("/api/admin/users/trial-admin").status_code == 409


class TestConversations:
    def test_an_operator_takes_answers_and_gives_back(self, customer, operator):
        customer.ask("退货")
        path = f"/api/admin/conversations/{customer.conversation}"
        assert operator.post(f"{path}/status", json={"move": "take"}).json()["status"] == "person"
        held = customer.ask("发票")
        assert (held["decision"], held["reply"]) == ("relay", "")
        said = operator.post(f"{path}/messages", json={"text": "我来帮您\x07"})
        assert said.status_code == 201
        assert customer.history()[-1]["text"] == "我来帮您"
        assert customer.history()[-1]["role"] == "operator"
        assert operator.post(f"{path}/status", json={"move": "give_back"}).json()["status"] == "bot"
        assert customer.ask("发票")["decision"] == "template"
        read = operator.get(path).json()
        assert len(read["messages"]) == 7

    def test_they_are_listed_by_status(self, customer, operator):
        customer.http.post(f"{customer.path}/handoff", headers=customer.headers)
        waiting = operator.get("/api/admin/conversations?status=waiting").json()
        assert waiting[0]["id"] == customer.conversation
        assert operator.get("/api/admin/conversations/nobody").status_code == 404


class TestLearning:
    def test_bundles_are_listed_and_promoted(self, admin):
        assert [b["id"] for b in admin.get("/api/admin/bundles").json() if b["live"]] == ["trial"]
        assert admin.post("/api/admin/bundles/nothing/promote", json={}).status_code == 404
        assert admin.post("/api/admin/bundles/rollback").status_code == 409

    def test_a_retraining_is_queued_once(self, admin):
        assert admin.post("/api/admin/retrain", json={"force": True}).status_code == 202
        assert admin.post("/api/admin/retrain", json={}).status_code == 409
        jobs = admin.get("/api/admin/jobs").json()
        assert [(job["kind"], job["status"]) for job in jobs] == [("retrain", "queued")]
        assert jobs[0]["payload"]["force"] is True

    def test_a_job_is_looked_at_and_cancelled(self, server, admin, operator):
        waiting = [job for job in admin.get("/api/admin/jobs").json() if not job["finished_at"]]
        for job in waiting:
            admin.post(f"/api/admin/jobs/{job['id']}/cancel")
        job = admin.post("/api/admin/retrain", json={}).json()
        path = f"/api/admin/jobs/{job['id']}"
        assert operator.get(path).json() == job
        cancelled = admin.post(f"{path}/cancel").json()
        assert (cancelled["status"], cancelled["cancelled_by"]) == ("cancelled", "trial-admin")
        assert operator.get(path).json() == cancelled
        assert admin.post(f"{path}/cancel").status_code == 409
        assert admin.get("/api/admin/jobs/999999").status_code == 404

    def test_a_bundle_whose_files_are_not_whole_is_not_made_live(self, server, admin):
        def unit(session):
            bundles = Bundles(session)
            for name in ("older", "newer", "damaged"):
                bundles.add(name, data_fingerprint="f", metrics={}, outcome="trained")
            for name in ("older", "newer"):
                bundles.promote(name, by="tests", reason="to go back from")

        server.run(server.services.work.run(unit))
        folder = server.settings.bundles_dir / "damaged"
        folder.mkdir()
        (folder / "bundle.json").write_text("{}", encoding="utf-8")
        for path in ("bundles/damaged/promote", "bundles/rollback"):
            refused = admin.post(f"/api/admin/{path}", json={"override": True})
            assert refused.status_code == 409, path
            assert "expected a whole bundle" in refused.json()["detail"]
        (live,) = [b for b in admin.get("/api/admin/bundles").json() if b["live"]]
        assert (live["id"], live["removed_at"], live["erased_since"]) == ("newer", None, None)
        back = lambda s: Bundles(s).promote("trial", by="tests", reason="as before")  # noqa: E731
        server.run(server.services.work.run(back))

    def test_a_question_without_an_answer_waits_for_review(self, customer, operator):
        assert customer.ask("xylophone zebra quartz")["decision"] == "no_answer"
        waiting = operator.get("/api/admin/review?limit=500").json()
        item = next(item for item in waiting if "xylophone" in item["question"])
        path = f"/api/admin/review/{item['id']}"
        assert operator.post(path, json={"decision": "accepted"}).status_code == 400
        assert operator.post(path, json={"decision": "rejected"}).status_code == 204
        assert operator.post(path, json={"decision": "rejected"}).status_code == 409


class TestReview:
    """Clusters, and the four decisions."""

    def put_up(self, customer, operator, *texts):
        for text in texts:
            assert customer.ask(text)["decision"] == "no_answer"
        found = operator.get("/api/admin/review/clusters?limit=500").json()
        return next(
            each for each in found if texts[-1] in [item["question"] for item in each["items"]]
        )

    def test_a_cluster_is_decided_as_one(self, customer, other, operator):
        self.put_up(customer, operator, "quokka wombat platypus")
        cluster = self.put_up(other, operator, "Quokka, wombat, platypus??")
        assert (cluster["size"], cluster["kinds"]) == (2, ["no_answer"])
        path = f"/api/admin/review/clusters/{cluster['id']}"
        assert operator.get(path).json()["items"] == cluster["items"]
        strange = {"decision": "rejected", "items": [10**9]}
        assert operator.post(path, json=strange).status_code == 400
        for wrong in ({}, {"intent": "nobody"}, {"intent": "invoice", "new_intent": {"name": "x",
                      "texts": {"en": "y"}}}):  # fmt: skip
            answer = operator.post(path, json={"decision": "accepted", **wrong})
            assert answer.status_code == 400, answer.text
        decided = operator.post(path, json={"decision": "accepted", "intent": "invoice"}).json()
        assert sorted(decided["items"]) == sorted(item["id"] for item in cluster["items"])
        assert operator.get(path).status_code == 404
        assert operator.get("/api/admin/review/clusters/nonsense").status_code == 422

    def test_a_new_intent_and_new_knowledge(self, customer, operator, admin):
        cluster = self.put_up(customer, operator, "zither lute mandolin")
        path = f"/api/admin/review/clusters/{cluster['id']}"
        made = {"name": "instruments", "texts": {"en": "We sell none."}}
        body = {"decision": "accepted", "new_intent": made}
        assert operator.post(path, json=body).json()["intent"] == "instruments"
        templates = operator.get("/api/admin/templates").json()
        made = next(t for t in templates if t["name"] == "instruments")
        assert made["texts"] == {"en": ["We sell none."]}
        assert admin.delete(f"/api/admin/templates/{made['id']}").status_code == 204
        cluster = self.put_up(customer, operator, "obsidian basalt gneiss")
        knowledge = {"title": "Stones", "text": "Obsidian is volcanic glass."}
        item = f"/api/admin/review/{cluster['items'][0]['id']}"
        body = {"decision": "accepted", "knowledge": knowledge}
        assert operator.post(item, json=body).status_code == 204
        names = [d["name"] for d in operator.get("/api/admin/knowledge").json()]
        assert "review/Stones.md" in names

    def test_customers_do_not_see_it(self, customer):
        for path in ("", "/clusters", "/clusters/c1"):
            answer = customer.http.get(f"/api/admin/review{path}", headers=customer.headers)
            assert answer.status_code == 401


class TestKnowledge:
    def test_new_wording_is_sent_from_the_next_reply_on(self, customer, operator):
        templates = operator.get("/api/admin/templates").json()
        shipping = next(t for t in templates if t["name"] == "shipping")
        path = f"/api/admin/templates/{shipping['id']}"
        texts = {"zh": ["今天下单今天发。"], "en": ["Ordered today, sent today."]}
        saved = operator.put(path, json={"texts": texts})
        assert saved.json()["revision"] == shipping["revision"] + 1
        assert customer.ask("多久发货？")["reply"] == "今天下单今天发。"
        assert operator.put(path, json={"texts": {}}).status_code == 422
        assert operator.put(path, json={"texts": {"zh": ["\x00"]}}).status_code == 422

    def test_a_document_is_uploaded_searched_and_deleted(self, customer, operator):
        body = {"name": "stores.md", "text": "# 门店\n\n上海旗舰店每天 10:00 到 22:00 营业。\n"}
        assert operator.put("/api/admin/knowledge", json=body).json()[0]["outcome"] == "added"
        assert operator.put("/api/admin/knowledge", json=body).json()[0]["outcome"] == "unchanged"
        found = operator.get("/api/admin/search", params={"q": "上海旗舰店每天几点营业"}).json()
        assert found[0]["document"] == "stores.md"
        names = [d["name"] for d in operator.get("/api/admin/knowledge").json()]
        assert "stores.md" in names
        assert operator.delete("/api/admin/knowledge/stores.md").status_code == 204
        assert operator.delete("/api/admin/knowledge/stores.md").status_code == 404
        found = operator.get("/api/admin/search", params={"q": "上海旗舰店每天几点营业"}).json()
        assert all(hit["document"] != "stores.md" for hit in found)

    def test_a_document_of_a_kind_we_cannot_read_is_refused(self, operator):
        response = operator.put("/api/admin/knowledge", json={"name": "a.exe", "text": "x"})
        assert response.status_code == 400
        assert ".md" in response.json()["detail"]

    def test_stats_count_what_there_is(self, operator):
        stats = operator.get("/api/admin/stats").json()
        assert stats["bundle"] == "trial"
        assert stats["templates"] == 3
        assert stats["documents"] >= 2

    def test_stats_tell_what_happened(self, customer, operator):
        before = operator.get("/api/admin/stats").json()
        reply = customer.ask("怎么退货")
        customer.ask("xylophone zebra quartz")
        path = f"/api/messages/{reply['message']}/feedback"
        customer.http.post(path, json={"value": "up"}, headers=customer.headers)
        after = operator.get("/api/admin/stats?days=1").json()

        def times(stats, decision):
            return sum(d["count"] for d in stats["decisions"] if d["decision"] == decision)

        for decision in ("template", "no_answer"):
            assert times(after, decision) == times(before, decision) + 1
        assert after["messages"]["customer"] == before["messages"]["customer"] + 2
        assert after["thumbs"]["up"] == before["thumbs"]["up"] + 1
        assert 0 < after["refusal_share"] < 1
        assert "return_goods" in [each["intent"] for each in after["intents"]]
        assert (after["live"]["id"], after["drift"]) == ("trial", None)
        mood = after["mood"]
        assert (mood["surging"], mood["enough"], mood["intents"]) == (False, False, [])
        assert "too few turns" in mood["reason"]
        assert operator.get("/api/admin/stats?days=0").status_code == 422


class TestOpenAI:
    @pytest.fixture
    def client(self, server):
        import openai

        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=OPERATOR_TOKEN, max_retries=0)
        yield client
        client.close()

    def test_the_real_client_gets_a_reply(self, client):
        messages = [{"role": "system", "content": "x"}, {"role": "user", "content": "怎么退货"}]
        reply = client.chat.completions.create(model="kefu", messages=messages)
        assert "7 天内" in reply.choices[0].message.content
        assert reply.choices[0].finish_reason == "stop"
        assert client.models.list().data[0].id == "kefu"

    def test_it_streams(self, client):
        messages = [{"role": "user", "content": [{"type": "text", "text": "耳机保修期为多久"}]}]
        chunks = client.chat.completions.create(model="kefu", messages=messages, stream=True)
        text = [c.choices[0].delta.content for c in chunks if c.choices[0].delta.content]
        assert len(text) >= 2
        assert "".join(text).endswith("[1]")

    def test_a_user_goes_on_with_their_conversation(self, client):
        def conversation(user):
            messages = [{"role": "user", "content": "退货"}]
            reply = client.chat.completions.create(model="kefu", messages=messages, user=user)
            return reply.model_extra["kefu"]["conversation"]

        assert conversation("ana") == conversation("ana")
        assert conversation("ana") != conversation("bo")

    def test_errors_have_the_shape_the_client_reads(self, client, http):
        import openai

        with pytest.raises(openai.BadRequestError, match="role `user`"):
            client.chat.completions.create(
                model="kefu", messages=[{"role": "system", "content": "x"}]
            )
        body = {"messages": [{"role": "user", "content": "x"}]}
        assert http.post("/v1/chat/completions", json=body).json()["error"]["message"]


class TestInsight:
    @pytest.fixture
    def folder(self, server):
        folder = server.services.settings.bundles_dir / "trial"
        folder.mkdir(parents=True)
        yield folder
        shutil.rmtree(folder)

    def test_the_report_runs_nothing_whatever_is_in_it(self, operator, http, folder):
        (folder / "report.html").write_text("<h1>报告</h1><script>alert(1)</script>", "utf-8")
        (folder / "report.json").write_text("{}", "utf-8")
        response = operator.get("/api/admin/bundles/trial/report")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/html")
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "script-src" not in policy
        assert "报告" in response.text
        assert http.get("/api/admin/bundles/trial/report").status_code == 401

    @pytest.mark.parametrize("bundle", ["trial", "nothing", "..", "%2e%2e%2fsecret"])
    def test_a_report_that_is_not_there_is_not_found(self, operator, bundle):
        response = operator.get(f"/api/admin/bundles/{bundle}/report")
        assert response.status_code in (404, 422)

    def test_an_explanation(self, operator):
        found = operator.post("/api/admin/explain", json={"text": "怎么退货"}).json()
        assert (found["decision"], found["intent"]) == ("template", "return_goods")
        assert {"why", "words", "ranked", "limits", "nearest", "passages", "reply"} <= found.keys()
        assert operator.post("/api/admin/explain", json={"text": " "}).status_code == 422
