"""The operators' page, with the customer's page beside it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bot.web.testing import ADMIN_TOKEN

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]

NAME = "小林<img src=x onerror=document.title='owned'>"
PASSWORD = "correct horse battery"
PDF = b"%PDF-1.7\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 400


@pytest.fixture(scope="module")
def account(server):
    import httpx2

    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    body = {"name": NAME, "password": PASSWORD}
    httpx2.post(f"{server.url}/api/admin/users", json=body, headers=headers).raise_for_status()
    return body


@pytest.fixture
def desk(visit, account):
    def open_desk(**options):
        page = visit("/operator", **options)
        page.locator("#name").fill(account["name"])
        page.locator("#password").fill(account["password"])
        page.locator("#submit").click()
        expect(page.locator("#lists")).to_be_visible()
        return page

    return open_desk


def wait_in_queue(visit, text, **options):
    page = visit(**options)
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")
    expect(page.locator(".turn.bot:not(.greeting)")).to_have_count(1)
    with page.expect_response("**/handoff"):
        page.locator("#person").click()
    expect(page.locator("#attach")).to_be_visible()
    return page


def test_from_the_queue_to_the_rating(visit, desk, pictures):
    customer = wait_in_queue(visit, "怎么退货")
    second = wait_in_queue(visit, "invoice please", locale="en-GB")
    expect(second.locator("#status")).to_contain_text("1 ahead of you")
    second.screenshot(path=pictures / "queue-en.png")
    page = desk(width=1200)
    expect(page.locator("#waiting li")).to_have_count(2)
    page.locator("#waiting li button").first.click()
    page.get_by_role("button", name="接入").click()
    expect(customer.locator("#status")).to_contain_text("小林")
    expect(second.locator("#status")).to_contain_text("You're next")
    customer.locator("#text").type("我想")
    expect(page.locator("#typing")).to_have_text("客户正在输入…")
    customer.locator("#text").fill("")
    page.locator("#text").type("您好")
    expect(customer.locator("#typing")).to_be_visible()
    page.locator("#text").fill("您好，我是小林，请问订单号是多少？")
    page.locator("#text").press("Enter")
    expect(customer.locator(".operator .bubble")).to_contain_text("订单号")
    customer.locator("#file").set_input_files(
        {"name": "<b>单据</b>.png", "mimeType": "image/png", "buffer": PNG}
    )
    expect(page.locator("#log .file")).to_contain_text("_b_单据__b_.png")
    with page.expect_download() as download:
        page.locator("#log .file").click()
    assert download.value.path().read_bytes() == PNG
    page.locator("#file").set_input_files(
        {"name": "<img src=x onerror=document.title='owned'>.pdf", "mimeType": "application/pdf",
         "buffer": PDF}
    )  # fmt: skip
    sent = customer.locator(".operator .file")
    expect(sent).to_contain_text("_img src=x onerror=document.title='owned'_.pdf")
    expect(page.locator("#log .operator .file")).to_have_count(1)
    with customer.expect_download() as download:
        sent.click()
    assert download.value.path().read_bytes() == PDF
    page.locator("#file").set_input_files(
        {
            "name": "report.pdf",
            "mimeType": "application/pdf",
            "buffer": b"<script>alert(1)</script>",
        }
    )
    expect(page.locator("#error")).to_contain_text("只能发送图片")
    page.get_by_text("为什么这样回答").first.click()
    expect(page.locator(".why dl").first).to_contain_text("return_goods")
    page.screenshot(path=pictures / "operator-desktop.png")
    customer.screenshot(path=pictures / "with-operator.png")
    page.get_by_role("button", name="结束会话").click()
    expect(customer.locator(".rating")).to_be_visible()
    customer.get_by_role("button", name="4 分，满分 5 分").click()
    customer.screenshot(path=pictures / "rating.png")
    customer.get_by_role("button", name="提交评价").click()
    expect(customer.locator(".rating")).to_contain_text("感谢您的评价")
    assert "owned" not in {customer.title(), page.title()}
    assert page.locator("main img").count() == customer.locator("main img").count() == 0


def test_canned_replies_and_back_to_the_bot_on_a_phone(visit, desk, pictures):
    customer = wait_in_queue(visit, "怎么退货")
    page = desk(width=390, has_touch=True, is_mobile=True, color_scheme="dark")
    page.screenshot(path=pictures / "operator-phone-list.png")
    page.locator("#waiting li button").last.click()
    page.get_by_role("button", name="接入").click()
    page.get_by_role("button", name="快捷回复").click()
    page.get_by_role("button", name="新增").click()
    page.get_by_label("标题").fill("问候 <script>")
    page.get_by_label("中文内容").fill("您好，很高兴为您服务！")
    page.get_by_role("button", name="保存").click()
    page.screenshot(path=pictures / "operator-phone-canned.png")
    page.locator(".phrase").first.click()
    expect(page.locator("#text")).to_have_value("您好，很高兴为您服务！")
    page.get_by_role("button", name="发送", exact=True).click()
    expect(customer.locator(".operator .bubble")).to_contain_text("很高兴为您服务")
    page.screenshot(path=pictures / "operator-phone.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="交还机器人").click()
    expect(customer.locator("#person")).to_be_visible()
    customer.locator("#text").fill("发票")
    customer.locator("#text").press("Enter")
    expect(customer.locator(".turn.bot .bubble").last).to_contain_text("申请开票")


def test_wrong_passwords_and_logging_out(visit, desk):
    page = desk(locale="en-GB")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#submit")).to_have_text("Log in")
    page.locator("#name").fill("nobody")
    page.locator("#password").fill("nothing at all")
    page.locator("#submit").click()
    expect(page.locator("#login-error")).to_have_text("Wrong name or password")
