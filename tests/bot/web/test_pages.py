"""Pages, headers and health."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

from bot.web import pages
from bot.web.origins import chat_policy
from bot.web.testing import trial_server

PAGES = ["/chat", "/admin", "/operator", "/docs"]
OUTSIDE = re.compile(r"""(?:src|href|url|import|from)\s*[=(]?\s*["'](?:https?:)?//""")


@pytest.mark.parametrize("path", PAGES)
def test_pages_allow_only_their_own_files(http, path):
    response = http.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in response.text
    assert "style=" not in response.text


def test_only_the_chat_page_may_be_framed(http):
    policy = http.get("/chat").headers["content-security-policy"]
    assert "frame-ancestors 'self' http://localhost:*" in policy
    for path in ("/admin", "/operator", "/docs", "/api/shop", "/nothing"):
        assert "frame-ancestors 'none'" in http.get(path).headers["content-security-policy"]


def test_named_origins_alone_may_frame_the_chat(tmp_path):
    with (
        trial_server(tmp_path, allowed_origins=("https://shop.example",)) as server,
        httpx2.Client(base_url=server.url) as http,
    ):
        policy = http.get("/chat").headers["content-security-policy"]
        assert policy.endswith("frame-ancestors 'self' https://shop.example")
        allowed = http.get("/api/shop", headers={"Origin": "https://shop.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
        foreign = http.get("/api/shop", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in foreign.headers


def test_without_named_origins_there_is_no_cors(http):
    response = http.get("/api/shop", headers={"Origin": "https://shop.example"})
    assert "access-control-allow-origin" not in response.headers
    assert chat_policy(()).endswith("'self' http://localhost:* http://127.0.0.1:*")


def test_the_front_door_leads_to_the_chat(http):
    response = http.get("/?lang=zh")
    assert response.status_code == 307
    assert response.headers["location"] == "chat?lang=zh"


def test_the_loader_may_be_used_by_other_sites(http):
    response = http.get("/widget.js")
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing"])
def test_static_files_are_all_there_is(http, path):
    assert http.get(path).status_code == 404


def own_files() -> list[Path]:
    return [p for p in pages.STATIC.rglob("*.*") if "vendor" not in p.parts]


def test_own_files_use_nothing_from_elsewhere_and_set_no_html():
    checked = own_files()
    assert len(checked) > 12
    for path in checked:
        lines = path.read_text("utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.startswith("//"))
        assert not OUTSIDE.search(text), path
        for forbidden in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ):
            assert forbidden not in text, (path, forbidden)


def test_both_languages_say_everything():
    text = (pages.STATIC / "chat" / "words.js").read_text("utf-8")
    zh, en = text.split("  en: {", 1)
    keys = re.compile(r"^    (\w+):", re.M)
    assert keys.findall(zh) == keys.findall(en.split("\n  },")[0])


def test_health_and_metrics(http, customer):
    assert http.get("/healthz").json() == {"status": "ok"}
    ready = http.get("/readyz").json()
    assert (ready["ready"], ready["bundle"]) == (True, "trial")
    customer.ask("退货")
    customer.ask("再问一次退货")
    text = http.get("/metrics").text
    assert re.search(r'kefu_turns_total\{decision="template",language="zh"\} \d', text)
    assert 'route="/api/conversations/{conversation_id}/messages"' in text
    assert customer.conversation not in text


def test_the_description_names_every_error_shape(http):
    description = http.get("/openapi.json").json()
    write = description["paths"]["/api/conversations/{conversation_id}/messages"]["post"]
    assert {"200", "400", "401", "403", "404", "413", "422", "429", "503"} <= set(
        write["responses"]
    )
    assert write["security"] == [{"customerToken": []}]
