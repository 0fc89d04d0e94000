"""The chat page in a real browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from bot.web.testing import OPERATOR_TOKEN

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]


def ask(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def last_reply(page: Page):
    return page.locator(".turn.bot:not(.draft):not(.greeting) .bubble").last


def test_a_question_in_chinese(visit, pictures):
    page = visit()
    expect(page.locator("h1")).to_have_text("云朵商店")
    expect(page.locator(".greeting .bubble")).to_contain_text("您好")
    page.screenshot(path=pictures / "start-zh.png")
    ask(page, "怎么退货？")
    expect(last_reply(page)).to_contain_text("7 天内可以申请退货")
    expect(page.locator(".turn.customer")).to_have_count(1)
    expect(page.locator(".pending")).to_have_count(0)
    page.screenshot(path=pictures / "answer-zh.png")


def test_a_question_in_english(visit, pictures):
    page = visit(locale="en-GB", color_scheme="dark")
    expect(page.locator("h1")).to_have_text("Cloud Shop")
    page.get_by_role("button", name="How do I return something?").click()
    expect(last_reply(page)).to_contain_text("within 7 days of delivery")
    page.screenshot(path=pictures / "answer-en-dark.png")


def test_the_language_can_be_switched(visit):
    page = visit()
    ask(page, "退货")
    expect(last_reply(page)).to_contain_text("签收")
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("button", name="Talk to a person")).to_be_visible()
    expect(page.locator(".turn.customer")).to_have_count(1)
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()
    expect(page.get_by_role("button", name="Talk to a person")).to_be_visible()


def test_a_reply_is_shown_while_it_is_written(visit, server, pictures):
    page = visit()
    server.gate.clear()
    try:
        ask(page, "耳机保修期为多久")
        expect(page.locator(".draft .bubble")).to_contain_text("12 个月。")
        expect(page.locator(".draft .bubble")).not_to_contain_text("人为损坏")
        page.screenshot(path=pictures / "draft.png")
    finally:
        server.gate.set()
    expect(last_reply(page)).to_contain_text("人为损坏不在保修范围内")
    expect(page.locator(".draft")).to_have_count(0)
    expect(page.locator(".turn.bot")).to_have_count(2)


def test_a_quick_reply_is_pressed(visit, pictures):
    page = visit()
    ask(page, "退货和发票")
    expect(page.locator(".offer")).to_have_count(3)
    page.screenshot(path=pictures / "clarify.png")
    page.get_by_role("button", name="怎么开发票？").click()
    expect(last_reply(page)).to_contain_text("申请开票")
    expect(page.locator(".offer")).to_have_count(0)


def test_a_thumb_is_pressed(visit):
    page = visit(locale="en-GB")
    ask(page, "invoice please")
    thumb = page.get_by_role("button", name="Helpful", exact=True)
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Thanks for telling us")).to_be_visible()


def test_a_person_is_asked_for_and_answers(visit, server, pictures):
    page = visit()
    with page.expect_response("**/api/conversations") as began:
        page.get_by_role("button", name="转人工").click()
    conversation = began.value.json()["conversation"]
    expect(page.locator("#status")).to_contain_text("马上为您接入人工")
    expect(page.locator("#person")).to_be_hidden()
    staff = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    path = f"{server.url}/api/admin/conversations/{conversation}"
    page.request.post(f"{path}/status", data={"move": "take"}, headers=staff)
    page.request.post(f"{path}/messages", data={"text": "您好，我是小林。"}, headers=staff)
    expect(page.locator(".operator .bubble")).to_contain_text("小林")
    expect(page.locator("#status")).to_contain_text("trial-operator 正在为您服务")
    ask(page, "怎么退货")
    expect(page.locator(".pending")).to_have_count(0)
    expect(page.locator(".turn.bot:not(.greeting)")).to_have_count(0)
    page.screenshot(path=pictures / "person.png")


def test_a_conversation_survives_a_reload(visit):
    page = visit()
    ask(page, "退货")
    expect(last_reply(page)).to_contain_text("签收")
    page.reload()
    expect(page.locator(".turn.customer")).to_have_count(1)
    expect(last_reply(page)).to_contain_text("签收")
    ask(page, "发票")
    expect(last_reply(page)).to_contain_text("申请开票")
    page.get_by_role("button", name="开始新会话").click()
    page.get_by_role("button", name="开始", exact=True).click()
    expect(page.locator(".turn.customer")).to_have_count(0)
    expect(page.locator(".offer")).to_have_count(3)


def test_a_message_that_was_not_sent_is_sent_when_the_connection_is_back(visit, pictures):
    page = visit()
    ask(page, "退货")
    expect(last_reply(page)).to_contain_text("签收")
    page.context.set_offline(True)
    ask(page, "发票")
    expect(page.locator(".failed .state")).to_contain_text("未发送成功")
    expect(page.locator("#status")).to_contain_text("没有网络")
    page.screenshot(path=pictures / "offline.png")
    page.context.set_offline(False)
    expect(last_reply(page)).to_contain_text("申请开票")
    expect(page.locator(".turn.customer")).to_have_count(2)


def test_a_conversation_that_is_gone_starts_again(visit):
    page = visit()
    gone = json.dumps({"id": "gone", "token": "gone", "at": page.evaluate("Date.now()")})
    page.evaluate("text => localStorage.setItem('kefu.conversation', text)", gone)
    page.reload()
    expect(page.locator(".offer")).to_have_count(3)
    ask(page, "退货")
    expect(last_reply(page)).to_contain_text("签收")


HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\">退货",
    "<script>document.title='owned'</script>退货",
    "[1](javascript:alert(1)) javascript:alert(1) 退货",
    "\u202e退货 https://example.com/\"onmouseover=\"document.title='owned'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(visit, server, text):
    page = visit()
    with page.expect_response("**/api/conversations") as began:
        ask(page, text)
    expect(last_reply(page)).to_be_visible()
    path = f"{server.url}/api/admin/conversations/{began.value.json()['conversation']}/messages"
    staff = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    page.request.post(path, data={"text": text}, headers=staff)
    expect(page.locator(".operator .bubble")).to_contain_text("退货")
    assert page.locator(".customer .bubble").inner_text().endswith(text.strip())
    assert page.locator("#log :is(img, script, iframe)").count() == 0
    assert page.title() != "owned"
    for link in page.locator("#log a").all():
        assert re.match(r"https?://", link.get_attribute("href") or "")


def test_it_fits_a_phone(visit, pictures):
    page = visit(width=360, has_touch=True, is_mobile=True, device_scale_factor=2)
    ask(page, "耳机保修期为多久，顺便问一下" + "很长的型号" * 8 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 3)
    expect(last_reply(page)).to_be_visible()
    page.screenshot(path=pictures / "phone.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for name in ("send", "person", "language"):
        box = page.locator(f"#{name}").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_it_can_be_used_by_keyboard_and_screen_reader(visit):
    page = visit(locale="en-GB")
    ask(page, "invoice")
    expect(last_reply(page)).to_be_visible()
    expect(page.get_by_role("log", name="Conversation")).to_be_visible()
    expect(page.get_by_role("textbox", name="Your message")).to_be_focused()
    for element in page.locator("button:visible").all():
        assert element.evaluate("e => e.getAttribute('aria-label') || e.textContent.trim()")
    page.locator("#text").fill("first line")
    page.locator("#text").press("Shift+Enter")
    assert page.locator("#text").input_value() == "first line\n"


def test_enter_while_a_word_is_composed_does_not_send(visit):
    page = visit()
    page.locator("#text").fill("tui huo")
    page.locator("#text").dispatch_event(
        "keydown", {"key": "Enter", "isComposing": True, "bubbles": True}
    )
    expect(page.locator("#text")).to_have_value("tui huo")
    expect(page.locator(".turn.customer")).to_have_count(0)
