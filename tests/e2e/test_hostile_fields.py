"""A corpus of hostile text through every field that somebody else may read."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from bot.web.testing import ADMIN_TOKEN
from storage.knowledge import Knowledge
from storage.templates import Templates
from storage.types import NewPassage, TemplateDraft

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]

CORPUS = (
    "<script>window.owned=1</script>",
    "<img src=x onerror=window.owned=1>",
    "<svg onload=window.owned=1>",
    "\"><iframe srcdoc='<script>parent.owned=1</script>'>",
    "javascript:window.owned=1",
    "[1](javascript:window.owned=1)",
    'https://x.example/"onmouseover="window.owned=1',
    "{{constructor.constructor('window.owned=1')()}}",
    "</textarea><script>window.owned=1</script>",
    "\u202e<b onclick=window.owned=1>",
)
HOSTILE = " ".join(CORPUS)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def unharmed(page: Page) -> None:
    assert page.evaluate("window.owned") is None
    bad = ":is(script:not([src]), iframe, img, svg:not(.icon), b[onclick])"
    assert page.locator(f"body {bad}").count() == 0
    for link in page.locator("a[href]").all():
        assert (link.get_attribute("href") or "").startswith(("http", "static/", "docs"))


def test_hostile_text_in_every_field_stays_text(visit, server):
    def poison(session):
        known = Templates(session).by_name("invoice")
        texts = {"zh": (f"发票 {HOSTILE}",), "en": (HOSTILE,)}
        Templates(session).save(TemplateDraft(known.name, texts), editor="staff")
        text = f"月饼保质期 60 天。{HOSTILE}"
        passage = NewPassage(text, HOSTILE, 0, len(text), "zh")
        name = f"{HOSTILE}.md"
        Knowledge(session).put_document(name, name, name, "zh", "document", text, [passage])

    server.run(server.services.work.run(poison))
    staff = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    page = visit()
    body = {"name": f"小林 {HOSTILE}"[:190].replace("\u202e", ""), "password": "correct horse"}
    made = page.request.post(f"{server.url}/api/admin/users", data=body, headers=staff)
    assert made.status == 201
    with page.expect_response("**/api/conversations") as began:
        page.locator("#text").fill(HOSTILE)
        page.locator("#text").press("Enter")
    conversation = began.value.json()["conversation"]
    for question in ("发票", "月饼保质期", "退货和发票"):
        page.locator("#text").fill(question)
        page.locator("#text").press("Enter")
        expect(page.locator(".pending")).to_have_count(0)
    expect(page.locator(".turn.customer")).to_have_count(4)
    for chip in page.locator(".chip").all()[:2]:
        chip.click()
        expect(page.locator("dialog[open]")).to_be_visible()
        unharmed(page)
        page.keyboard.press("Escape")
    page.locator(".thumb").last.click()
    page.locator(".words").first.fill(HOSTILE)
    page.locator(".opinion .strong").first.click()
    page.locator("#person").click()
    expect(page.locator("#attach")).to_be_visible()
    operator = visit("/operator")
    operator.locator("#name").fill(body["name"])
    operator.locator("#password").fill(body["password"])
    operator.locator("#submit").click()
    operator.locator(f"[data-id='{conversation}'] button").click()
    operator.locator("#moves button").first.click()
    expect(operator.locator("#text")).to_be_enabled()
    operator.locator("#text").fill(HOSTILE)
    operator.locator("#text").press("Enter")
    page.locator("#file").set_input_files(
        {"name": f"{HOSTILE[:150]}.png".replace("/", "_"), "mimeType": "image/png", "buffer": PNG}
    )
    expect(operator.locator("#log .file")).to_be_visible()
    operator.locator("#phrases").click()
    operator.get_by_role("button", name="新增").click()
    operator.get_by_label("标题").fill(HOSTILE[:120].replace("\u202e", ""))
    operator.get_by_label("中文内容").fill(HOSTILE)
    operator.get_by_role("button", name="保存").click()
    expect(operator.locator(".phrase")).to_be_visible()
    expect(page.locator(".operator .bubble")).to_contain_text("window.owned=1")
    for each in (page, operator):
        unharmed(each)
