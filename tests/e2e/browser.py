"""A browser and a server to visit, for the tests that need them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bot.web.testing import TrialServer, trial_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
QUIET_MS = 15_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialServer]:
    with trial_server(tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        advice = "no Chromium here: `apt-get install chromium fonts-wqy-microhei` runs these tests"
        pytest.fail(advice) if os.environ.get("CI") else pytest.skip(advice)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("KEFU_TEST_PICTURES")
    return Path(kept) if kept else tmp_path_factory.mktemp("pictures")


Opener = Callable[..., Page]


@pytest.fixture
def visit(server: TrialServer, browser: Browser) -> Iterator[Opener]:
    """Opens the chat page as a new visitor; a complaint of the browser fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def visit(path: str = "/chat", *, locale: str = "zh-CN", width: int = 900, **more: object):
        size = {"width": width, "height": 760}
        options = {"locale": locale, "viewport": size, "reduced_motion": "reduce", **more}
        context = browser.new_context(**options)
        context.set_default_timeout(QUIET_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        page.goto(path if path.startswith("http") else server.url + path)
        return page

    expect.set_options(timeout=QUIET_MS)
    yield visit
    for context in contexts:
        context.close()
    assert [c for c in complaints if "Failed to load resource" not in c] == []
