"""The widget on somebody else's page, the API's description and the staff page, in a browser."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.web import pages
from bot.web.signing import sign
from bot.web.testing import ADMIN_TOKEN, TrialServer, trial_server
from storage.queue import OperatorQueue
from tests.e2e.hosting import TWO, hosted

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]

SECRET = "a secret that the company keeps"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialServer]:
    with trial_server(tmp_path_factory.mktemp("home"), identity_secret=SECRET) as server:
        yield server


@pytest.fixture
def shop_page(server: TrialServer, tmp_path: Path) -> Iterator[str]:
    """A page of another origin, with a strict policy, that embeds the widget."""
    with hosted(tmp_path, server.url) as address:
        yield address


def identity(customer: str) -> str:
    claims = {"sub": customer, "jti": str(time.time_ns()), "exp": time.time() + 60}
    return sign(claims, SECRET.encode())


@pytest.mark.parametrize("width", [1000, 390])
def test_the_widget_works_on_a_foreign_page_with_a_strict_policy(visit, shop_page, pictures, width):
    page = visit(shop_page, width=width)
    page.get_by_role("button", name="打开在线客服").click()
    chat = page.frame_locator("iframe")
    expect(chat.locator("#text")).to_be_focused()
    chat.locator("#text").fill("怎么退货")
    chat.locator("#text").press("Enter")
    expect(chat.locator(".turn.bot .bubble").last).to_contain_text("7 天内")
    page.screenshot(path=pictures / f"widget-{width}.png")
    chat.get_by_role("button", name="收起聊天窗口").click()
    expect(page.locator("iframe")).to_be_hidden()
    button = page.get_by_role("button", name="打开在线客服")
    expect(button).to_be_focused()
    button.click()
    expect(chat.locator(".turn.customer")).to_have_count(1)


def test_the_widget_obeys_nobody_else(visit, shop_page):
    page = visit(shop_page)
    page.get_by_role("button", name="打开在线客服").click()
    expect(page.frame_locator("iframe").locator("#text")).to_be_focused()
    page.evaluate("window.postMessage({type: 'kefu:close'}, '*')")
    page.evaluate("new Promise(done => setTimeout(done))")
    expect(page.locator("iframe")).to_be_visible()


def until(page: Page, condition: str) -> None:
    """Wait for a condition: a strict policy forbids the page's own evaluation of one."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def test_the_loader_is_small():
    assert len(gzip.compress((pages.STATIC / "widget.js").read_bytes())) <= 15 * 1024


def test_the_page_can_steer_the_widget(visit, shop_page, server, pictures):
    page = visit(shop_page)
    expect(page.get_by_role("button", name="打开在线客服")).to_be_visible()
    page.evaluate(
        """() => {
          window.heard = [];
          const names = ["open", "message", "conversation", "identified", "error"];
          for (const name of names) Kefu.on(name, (detail) => heard.push([name, detail]));
          Kefu.on("message", () => { throw new Error("the page's own mistake"); });
        }"""
    )
    page.evaluate("Kefu.ask('怎么退货')")
    chat = page.frame_locator("iframe")
    expect(chat.locator(".turn.bot:not(.greeting) .bubble")).to_contain_text("7 天内")
    until(page, "heard.some(([name]) => name === 'message')")
    token = identity("c-1")
    page.evaluate("token => Kefu.identify(token)", token)
    until(page, "heard.some(([name]) => name === 'identified')")
    conversation = page.evaluate("heard.find(([n]) => n === 'conversation')[1].conversation")
    read = lambda session: OperatorQueue(session).entry(conversation)  # noqa: E731
    assert server.run(server.services.work.read(read)).customer == "c-1"
    page.evaluate("token => Kefu.identify(token)", token)
    until(page, "heard.some(([n, d]) => n === 'error' && d.reason === 'identity_replayed')")
    page.evaluate("Kefu.setLocale('en')")
    expect(chat.get_by_role("button", name="Talk to a person")).to_be_visible()
    page.evaluate("Kefu.close()")
    expect(page.locator("iframe")).to_be_hidden()
    expect(page.get_by_role("button", name="Open chat")).to_be_visible()
    assert page.evaluate("heard.map(([name]) => name)").count("open") == 1
    assert page.evaluate("Kefu.on('x', 'not a function') && Kefu.ask() === undefined")


def test_two_widgets_on_one_page_keep_apart(visit, server, tmp_path, pictures):
    with hosted(tmp_path, server.url, TWO) as address:
        page = visit(address)
        page.get_by_role("button", name="打开在线客服").click()
        expect(page.frame_locator("iframe >> nth=0").locator(".greeting")).to_be_visible()
        page.frame_locator("iframe >> nth=0").locator("#text").fill("怎么退货")
        page.frame_locator("iframe >> nth=0").locator("#text").press("Enter")
        expect(page.frame_locator("iframe >> nth=0").locator(".turn.customer")).to_have_count(1)
        page.screenshot(path=pictures / "two-widgets-first.png")
        page.get_by_role("button", name="Open chat").click()
        second = page.frame_locator("iframe[src*='name=sales']")
        expect(second.get_by_role("button", name="Talk to a person")).to_be_visible()
        expect(second.locator(".turn.customer")).to_have_count(0)
        page.screenshot(path=pictures / "two-widgets.png")
        assert page.evaluate("Kefu.get('sales').name") == "sales"


def test_a_site_that_is_not_allowed_gets_no_chat(browser, tmp_path):
    home = tmp_path / "home"
    with (
        trial_server(home, allowed_origins=("https://shop.example",)) as server,
        hosted(tmp_path, server.url) as address,
    ):
        page = browser.new_page(locale="zh-CN")
        page.goto(address)
        with page.expect_response("**/chat?*") as refused:
            page.evaluate(
                """() => new Promise((done) => {
                  Kefu.on("error", ({ reason }) => { window.reason = reason; });
                  Kefu.open(); done();
                })"""
            )
        assert refused.value.status == 403
        until(page, "window.reason === 'unavailable'")
        expect(page.locator("iframe")).to_have_count(0)
        # Who names an allowed site in the frame's address is refused by the browser.
        lie = f"{server.url}/chat?embed=1&origin=https://shop.example"
        page.evaluate(
            """(lie) => { const f = document.createElement("iframe"); f.src = lie;
                          document.body.append(f); }""",
            lie,
        )
        page.wait_for_timeout(700)
        assert all(frame.locator("#text").count() == 0 for frame in page.frames[1:])
        page.close()


def test_the_api_description_shows_without_a_network(visit, pictures):
    page = visit("/docs")
    expect(page.locator(".opblock")).not_to_have_count(0)
    page.screenshot(path=pictures / "docs.png")


def test_staff_log_in_and_see_what_is_there(visit, server, pictures):
    page = visit("/admin")
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    account = {"name": "mei", "password": "correct horse battery"}
    page.request.post(f"{server.url}/api/admin/users", data=account, headers=headers)
    page.get_by_label("用户名").fill("mei")
    page.get_by_label("密码").fill("wrong password")
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#login-error")).to_have_text("用户名或密码不正确")
    page.get_by_label("密码").fill(account["password"])
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#bundles")).to_contain_text("trial")
    page.screenshot(path=pictures / "admin.png")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("密码")).to_be_visible()
