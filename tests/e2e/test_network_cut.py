"""The widget while the network is away for a minute: it says so, comes back, and has it all once.

The minute is the browser's: its clock is moved on, so that every wait of the page happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from bot.web.testing import OPERATOR_TOKEN, TrialServer
from storage.conversations import Conversations
from storage.types import Message
from tests.e2e.cable import Cable
from tests.e2e.hosting import hosted

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]

AWAY_SECONDS = 60
STEP_SECONDS = 5
AFTER_SILENCE_SECONDS = 45


@pytest.fixture
def cable(server: TrialServer) -> Iterator[Cable]:
    with Cable(server.url) as cable:
        yield cable


@pytest.fixture
def operator(server: TrialServer) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
def widget(visit, cable, tmp_path) -> Iterator[tuple[Page, FrameLocator]]:
    """The widget on somebody's page, its chat at the far end of the cable, open."""
    with hosted(tmp_path, cable.url) as address:
        page = visit(address)
        page.context.clock.install()
        page.reload()
        page.get_by_role("button", name="打开在线客服").click()
        chat = page.frame_locator("iframe")
        expect(chat.locator(".greeting")).to_be_visible()
        yield page, chat


def ask(chat: FrameLocator, text: str) -> None:
    chat.locator("#text").fill(text)
    chat.locator("#text").press("Enter")


def pass_seconds(page: Page, seconds: float) -> None:
    """Let time go by in the browser, in steps between which it may try to connect."""
    for _ in range(int(seconds / STEP_SECONDS)):
        page.context.clock.run_for(STEP_SECONDS * 1000)


def stored(server: TrialServer) -> list[Message]:
    """The messages of the conversation that moved last."""

    def read(session):
        conversations = Conversations(session)
        return conversations.messages_after(conversations.list_recent(limit=1)[0].id, 0)

    return server.run(server.services.work.read(read))


def until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it did not happen")


def shown(chat: FrameLocator) -> list[str]:
    return chat.locator(".turn:not(.greeting) .bubble").all_inner_texts()


def speak(operator: httpx2.Client, conversation: str, *texts: str) -> None:
    path = f"/api/admin/conversations/{conversation}"
    operator.post(f"{path}/status", json={"move": "take"}).raise_for_status()
    for text in texts:
        operator.post(f"{path}/messages", json={"text": text}).raise_for_status()


def is_whole(server: TrialServer, chat: FrameLocator) -> None:
    """Everything that is stored is shown, in that order and once."""
    said = [message for message in stored(server) if message.text]
    turns = chat.locator(".turn:not(.greeting)")
    expect(turns).to_have_count(len(said))
    for turn, message in zip(turns.all(), said, strict=True):
        first_line = message.text.splitlines()[0].split("[")[0].strip()
        expect(turn.locator(".bubble")).to_contain_text(first_line)


def test_a_minute_without_a_network(widget, cable, server, operator):
    page, chat = widget
    ask(chat, "怎么退货")
    expect(chat.locator(".turn.bot:not(.greeting)")).to_have_count(1)
    server.gate.clear()
    ask(chat, "耳机保修期为多久")
    expect(chat.locator(".draft")).to_contain_text("12 个月")

    cable.cut()
    expect(chat.locator("#status")).to_contain_text("正在重新连接")
    expect(chat.locator(".draft")).to_have_count(0)
    # The bot's reply, a person's words and the customer's own are all written meanwhile.
    server.gate.set()
    until(page, lambda: len(stored(server)) == 4)
    speak(operator, stored(server)[0].conversation_id, "您好，我是小林。", "请问还有别的问题吗？")
    ask(chat, "发票抬头能改吗")
    expect(chat.locator(".failed")).not_to_have_count(0)
    tried = cable.refused
    pass_seconds(page, AWAY_SECONDS)
    assert cable.refused >= tried + 4
    expect(chat.locator("#status")).to_contain_text("正在重新连接")
    assert not any("小林" in text for text in shown(chat))

    cable.mend()
    pass_seconds(page, AWAY_SECONDS / 2)
    expect(chat.locator("#status")).to_contain_text("正在为您服务")
    expect(chat.locator(".pending")).to_have_count(0)
    is_whole(server, chat)
    assert [message.role for message in stored(server) if message.text] == [
        "customer", "bot", "customer", "bot", "operator", "operator", "customer",
    ]  # fmt: skip
    # What is said afterwards is heard at once.
    speak(operator, stored(server)[0].conversation_id, "可以改。")
    expect(chat.locator(".operator .bubble").last).to_contain_text("可以改")
    is_whole(server, chat)


def test_a_network_that_goes_silent_is_noticed(widget, cable, server, operator):
    page, chat = widget
    ask(chat, "怎么退货")
    expect(chat.locator(".turn.bot:not(.greeting)")).to_have_count(1)
    expect(chat.locator("#status")).to_contain_text("在线")
    cable.silence()
    speak(operator, stored(server)[0].conversation_id, "您好，我是小林。")
    pass_seconds(page, AFTER_SILENCE_SECONDS)
    expect(chat.locator("#status")).to_contain_text("正在重新连接")
    cable.mend()
    pass_seconds(page, AWAY_SECONDS / 2)
    expect(chat.locator(".operator .bubble")).to_contain_text("小林")
    expect(chat.locator("#status")).to_contain_text("正在为您服务")
    is_whole(server, chat)


@pytest.mark.slow
def test_a_real_minute_without_a_network(visit, cable, server, operator, tmp_path):
    with hosted(tmp_path, cable.url) as address:
        page = visit(address)
        page.get_by_role("button", name="打开在线客服").click()
        chat = page.frame_locator("iframe")
        ask(chat, "怎么退货")
        expect(chat.locator(".turn.bot:not(.greeting)")).to_have_count(1)
        cable.cut()
        expect(chat.locator("#status")).to_contain_text("正在重新连接")
        speak(operator, stored(server)[0].conversation_id, "您好，我是小林。")
        ask(chat, "发票抬头能改吗")
        page.wait_for_timeout(AWAY_SECONDS * 1000)
        cable.mend()
        expect(chat.locator("#status")).to_contain_text("正在为您服务", timeout=30_000)
        expect(chat.locator(".pending")).to_have_count(0, timeout=30_000)
        is_whole(server, chat)
