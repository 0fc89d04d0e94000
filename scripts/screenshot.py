"""Take the picture of the chat page for README, from a real server in a real browser."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.server import serving

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "chat.png"
QUESTIONS = ("我的快递到哪了", "净水器滤芯多久换一次", "Do you sell gift cards?")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> int:
    """Serve the sample shop, ask a few questions, take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home to use; else one is trained first")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("expected Chromium, found none: apt-get install chromium fonts-wqy-microhei")
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="kefu-screenshot-") as folder,
        serving(given.home or Path(folder) / "home", "run") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context(
            locale="zh-CN", viewport={"width": 860, "height": 900}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(f"{server.address}/chat")
        for number, question in enumerate(QUESTIONS, start=1):
            ask(page, question, number)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"wrote {PICTURE}")
    return 0


def ask(page: Page, question: str, number: int) -> None:
    """Write a question and wait for the stored reply."""
    replies = page.locator(".turn.bot:not(.draft):not(.greeting)")
    page.locator("#text").fill(question)
    page.locator("#text").press("Enter")
    expect(replies).to_have_count(number, timeout=30_000)
    expect(page.locator(".pending")).to_have_count(0)


if __name__ == "__main__":
    sys.exit(main())
