"""The widget on somebody else's page, the API's description and the staff page, in a browser."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.web.testing import ADMIN_TOKEN, TrialServer

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]

HOST_PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>店铺首页</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src {chat}; frame-src {chat}; style-src 'none'"></head>
<body><h1>某店铺</h1><p>商品介绍</p>
<script src="{chat}/widget.js" async data-language="zh"></script></body></html>"""


@pytest.fixture
def shop_page(server: TrialServer, tmp_path: Path) -> Iterator[str]:
    """A page of another origin, with a strict policy, that embeds the widget."""
    (tmp_path / "index.html").write_text(HOST_PAGE.format(chat=server.url), "utf-8")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        yield f"http://localhost:{host.server_address[1]}/"
        host.shutdown()
        thread.join()


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
