"""What axe finds on our pages, and what must still work when the server dies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.web.testing import OPERATOR_TOKEN

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
ROOT = Path(__file__).resolve().parents[2]


def violations(page: Page) -> list[str]:
    # The page's policy lets no foreign script in; the protocol of the tests is not bound by it.
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [f"{v['id']}: {[n['html'] for n in v['nodes']][:3]}" for v in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_axe_finds_nothing_in_the_chat(visit, server, scheme, locale):
    page = visit(locale=locale, color_scheme=scheme, width=390)
    expect(page.locator(".greeting")).to_be_visible()
    assert violations(page) == []
    for text in ("退货和发票", "耳机保修期为多久", "退货"):
        page.locator("#text").fill(text)
        page.locator("#text").press("Enter")
        expect(page.locator(".pending")).to_have_count(0)
    page.locator(".chip").first.click()
    expect(page.locator("dialog[open] mark")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".thumb").last.click()
    expect(page.locator(".opinion")).to_be_visible()
    assert violations(page) == []
    conversation = json.loads(page.evaluate("localStorage.getItem('kefu.conversation')"))["id"]
    page.locator("#person").click()
    expect(page.locator("#attach")).to_be_visible()
    path = f"{server.url}/api/admin/conversations/{conversation}/status"
    staff = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    page.request.post(path, data={"move": "close"}, headers=staff)
    page.locator(".star").nth(3).click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_operators_page(visit, server, scheme):
    page = visit("/operator", color_scheme=scheme)
    expect(page.locator("#login")).to_be_visible()
    assert violations(page) == []
    began = page.request.post(f"{server.url}/api/conversations").json()
    token = {"Authorization": f"Bearer {began['token']}"}
    path = f"{server.url}/api/conversations/{began['conversation']}"
    page.request.post(f"{path}/messages", data={"id": "1", "text": "退货"}, headers=token)
    page.request.post(f"{path}/handoff", headers=token)
    page.context.set_extra_http_headers({"Authorization": f"Bearer {OPERATOR_TOKEN}"})
    page.reload()
    page.locator("#waiting button").last.click()
    expect(page.locator("#log .turn").first).to_be_visible()
    page.locator("#moves button").first.click()
    page.locator("#phrases").click()
    assert violations(page) == []


@pytest.mark.parametrize(("scheme", "locale", "width"), [
    ("light", "zh-CN", 1100),
    ("dark", "en-GB", 390),
])  # fmt: skip
def test_axe_finds_nothing_on_the_staff_page(visit, scheme, locale, width):
    page = visit("/chat", color_scheme=scheme, locale=locale, width=width)
    page.context.set_extra_http_headers({"Authorization": f"Bearer {OPERATOR_TOKEN}"})
    page.goto(page.url.replace("/chat", "/admin"))
    page.locator("#query").fill("耳机进水了保修吗 blanket")
    page.locator("#search-submit").click()
    page.locator("#hits .moves button").first.click()
    expect(page.locator("#note")).to_be_focused()
    page.locator("#hits details").nth(1).locator("summary").click()
    expect(page.locator(".attached button").first).to_be_visible()
    assert violations(page) == []
    page.locator("#note-undo").click()
    expect(page.locator("#note-undo")).to_be_hidden()


@contextmanager
def process(home: Path, port: int, gate: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.e2e.trial_process", str(home), str(port), gate]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout
        while line := started.stdout.readline():
            if line.startswith("http"):
                break
        yield started
    finally:
        started.kill()
        started.wait()
        started.stdout.close()


def test_a_server_killed_in_mid_reply_loses_and_doubles_nothing(visit, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with process(tmp_path, port, "shut"):
        page = visit(f"http://127.0.0.1:{port}/chat")
        page.locator("#text").fill("退货")
        page.locator("#text").press("Enter")
        expect(page.locator(".turn.bot:not(.greeting)")).to_have_count(1)
        page.locator("#text").fill("耳机保修期为多久")
        page.locator("#text").press("Enter")
        expect(page.locator(".draft")).to_contain_text("12 个月")
    expect(page.locator(".draft")).to_have_count(0)
    page.locator("#text").fill("发票")
    page.locator("#text").press("Enter")
    expect(page.locator(".failed")).not_to_have_count(0)
    with process(tmp_path, port, "open"):
        expect(page.locator(".pending")).to_have_count(0, timeout=40_000)
        expect(page.locator(".turn.bot:not(.greeting)")).to_have_count(3, timeout=40_000)
        texts = page.locator(".turn:not(.greeting) .bubble").all_inner_texts()
        page.reload()
        expect(page.locator(".turn.bot:not(.greeting)")).to_have_count(3)
        assert page.locator(".turn:not(.greeting) .bubble").all_inner_texts() == texts
        assert [sum(word in text for text in texts) for word in ("退货？", "12 个月", "开票")] == [
            0,
            1,
            1,
        ]
        assert page.locator(".turn.customer").count() == 3


def test_what_was_written_without_a_connection_survives_a_reload(visit, server):
    page = visit()
    expect(page.locator(".greeting")).to_be_visible()
    page.route("**/api/conversations**", lambda route: route.abort())
    page.locator("#text").fill("怎么退货")
    page.locator("#text").press("Enter")
    expect(page.locator(".failed")).to_have_count(1)
    page.reload()
    expect(page.locator(".turn.customer")).to_have_count(1)
    page.unroute("**/api/conversations**")
    expect(page.locator(".turn.bot:not(.greeting)")).to_have_count(1)
    expect(page.locator(".turn.customer")).to_have_count(1)
