"""The staff page as a new member of staff uses it: search, upload, ask in the chat."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from bot.web.testing import ADMIN_TOKEN, TrialServer

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]

EVIL = "<img src=x onerror=document.title='owned'> zeppelin tickets"


def log_in(page: Page, server: TrialServer, name: str) -> None:
    account = {"name": name, "password": "correct horse battery", "role": "operator"}
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    made = page.request.post(
        f"{server.url}/api/admin/users", data=json.dumps(account), headers=headers
    )
    assert made.ok
    page.request.post(f"{server.url}/api/admin/login", data=account)
    page.goto(f"{server.url}/admin")
    expect(page.locator("#finder")).to_be_visible()


def search(page: Page, text: str) -> None:
    page.fill("#query", text)
    page.click("#search-submit")
    expect(page.locator("#hits li").first).to_be_visible()


@pytest.mark.parametrize(("locale", "width", "because"), [
    ("zh-CN", 1100, "匹配原因"),
    ("en-US", 390, "Matched because"),
])  # fmt: skip
def test_a_search_shows_why_and_opens_the_document_at_the_place(
    visit,
    server,
    pictures,
    locale,
    width,
    because,
):
    page = visit("/chat", locale=locale, width=width)
    log_in(page, server, f"anna-{locale}")
    search(page, "耳机保修多久")
    first = page.locator("#hits li").first
    expect(first.locator("mark").first).to_have_text("耳机保修")
    expect(first.locator("summary")).to_have_text(because)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=pictures / f"search-{locale}.png", full_page=True)
    first.locator("a").click()
    passage = "耳机保修期为 12 个月。人为损坏不在保修范围内。"
    expect(page.locator("dialog[open] mark")).to_have_text(passage)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    # The dialog's close event comes a moment after the dialog has gone.
    expect(page).to_have_url(re.compile(r"^[^#]*#?$"))
    expect(page.locator("#history li").first).to_contain_text("耳机保修多久")


def test_a_dropped_file_is_searchable_and_told_apart_from_one_that_is_not(
    visit,
    server,
):
    page = visit("/chat", locale="en-US")
    log_in(page, server, "ben")
    page.evaluate(
        """(text) => {
          const files = new DataTransfer();
          files.items.add(new File([text], "raffle.md"));
          files.items.add(new File(["MZ"], "virus.exe"));
          const how = { dataTransfer: files, bubbles: true, cancelable: true };
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", how));
        }""",
        EVIL,
    )
    expect(page.locator("#files .good")).to_contain_text("added, searchable now · 1 passage")
    expect(page.locator("#files .bad")).to_contain_text("Expected a file of one of the kinds")
    search(page, "zeppelin")
    expect(page.locator("#hits li").first).to_contain_text("<img src=x")
    assert page.title() != "owned"


ASKED = "wash my blanket 被狗咬了 <img src=x onerror=document.title='owned'>"


@pytest.mark.parametrize(
    ("locale", "width", "answers_it", "said", "undo", "listed"),
    [
        ("zh-CN", 1100, "这条能回答", "已记住", "撤销", "附加的问法（1）"),
        ("en-US", 390, "This answers it", "Remembered", "Undo", "Attached questions (1)"),
    ],
)
def test_a_miss_becomes_a_hit_and_can_be_taken_back(
    visit, server, pictures, locale, width, answers_it, said, undo, listed
):
    page = visit("/chat", locale=locale, width=width)
    log_in(page, server, f"cleo-{locale}")
    search(page, f"{ASKED} 保修")
    last = page.locator("#hits li").filter(has_text="耳机保修期为 12 个月")
    expect(page.locator("#hits > li").first).not_to_contain_text("耳机保修期为")
    last.get_by_role("button", name=answers_it).click()
    first = page.locator("#hits > li").first
    expect(first).to_contain_text("耳机保修期为 12 个月")
    expect(page.locator("#note")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
    first.get_by_text(listed).click()
    expect(first.locator(".attached p")).to_have_text(f"{ASKED} 保修")
    assert page.title() != "owned"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=pictures / f"attached-{locale}.png", full_page=True)
    page.locator("#note").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=undo)).to_be_focused()
    page.keyboard.press("Enter")
    expect(first).not_to_contain_text("耳机保修期为")
    expect(page.get_by_text(listed)).to_have_count(0)
    expect(page.get_by_role("button", name=undo)).to_be_hidden()


def test_the_score_of_a_reranker_is_among_the_reasons(visit, server):
    page = visit("/chat", locale="en-US")
    log_in(page, server, "emil")

    def reranked(route):
        response = route.fetch()
        hits = [{**hit, "reranked": 0.873} for hit in response.json()]
        route.fulfill(response=response, json=hits)

    page.route("**/api/admin/search", reranked)
    search(page, "耳机")
    expect(page.locator("#hits .reasons").first).to_contain_text("Reranker's score0.87")


def test_an_attached_question_is_removed_from_the_list_of_its_passage(visit, server):
    page = visit("/chat", locale="en-US")
    log_in(page, server, "dora")
    for text in ("耳机 soaked", "耳机 dropped"):
        search(page, text)
        page.get_by_role("button", name="This answers it").first.click()
        expect(page.locator("#note")).to_be_focused()
    search(page, "耳机")
    page.get_by_text("Attached questions (2)").click()
    page.get_by_role("button", name="Remove: 耳机 soaked").click()
    expect(page.locator("#note")).to_contain_text("Removed")
    expect(page.locator("summary", has_text="Attached questions (1)")).to_be_focused()
    expect(page.locator(".attached p")).to_have_text("耳机 dropped")
    expect(page.locator(".attached small")).to_have_text("staff · dora")
