"""From a dropped PDF to a citation that opens it at the place, as staff and customer see it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from bot.web.testing import ADMIN_TOKEN, TrialServer
from tests.e2e.pdf import HEADING, LINE, pdf
from tests.e2e.test_chat_page import ask, last_reply
from tests.e2e.test_staff_search import log_in, search

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.e2e.browser"]


@dataclass(frozen=True)
class Manual:
    """A PDF of one topic per heading, and a question that one of its lines answers."""

    name: str
    title: str
    topics: dict[str, str]
    question: str
    topic: str
    source: str
    text: str
    changed: str


MANUALS = {
    "en-GB": Manual(
        "telescope.pdf",
        "Telescope TS90 manual",
        {
            "Unpacking": "Keep the box. The tube is wrapped in foam. Check the lens for scratches.",
            "Mounting": "Spread the tripod legs fully. Tighten the three screws by hand only.",
            "Finder": "Align the finder by day on a mast. Turn both small screws until it fits.",
            "Cleaning the mirror": "Blow dust off the mirror with a rubber bulb. Never wipe it.",
            "Eyepieces": "Begin with the 25 mm eyepiece. The 10 mm one shows a smaller field.",
            "Dew": "Let the tube cool outdoors for thirty minutes. A dew cap keeps the lens clear.",
            "Sun": "Never look at the sun without the solar filter in front of the tube.",
            "Storage": "Store the tube dry and level. Put both caps on before you carry it.",
            "Spare parts": "Caps, screws and the bulb are sold singly. Quote the serial number.",
        },
        "How do I blow dust off the mirror?",
        "Cleaning the mirror",
        "Show source 1",
        "Text of the document",
        "has since been changed or removed",
    ),
    "zh-CN": Manual(
        "望远镜.pdf",
        "望远镜说明书",
        {
            "开箱": "请保留包装箱。镜筒用泡沫包好。请先检查镜片有没有划痕。",
            "安装": "三脚架的腿要完全撑开。三颗螺丝用手拧紧即可。",
            "寻星镜": "白天对着远处的塔尖校准寻星镜。转动两颗小螺丝直到重合。",
            "清洁主镜": "主镜上的灰尘用橡皮吹吹掉。千万不要干擦镜面。",
            "目镜": "先用二十五毫米目镜。十毫米目镜的视野更小。",
            "结露": "观测前让镜筒在室外放三十分钟。加上露罩镜片就不起雾。",
            "看太阳": "没有装太阳滤镜时绝对不能看太阳。",
            "存放": "镜筒要干燥平放。搬动之前盖好前后盖。",
            "配件": "镜盖、螺丝和橡皮吹都可以单买。下单时请报序列号。",
        },
        "主镜上的灰尘怎么吹掉？",
        "清洁主镜",
        "查看依据 1",
        "文档原文",
        "文档后来有改动或已删除",
    ),
}  # fmt: skip


def file_of(manual: Manual) -> bytes:
    lines = [(HEADING + 6, manual.title)]
    for heading, text in manual.topics.items():
        lines += [(HEADING, heading), (LINE, text)]
    return pdf(lines, chinese=not manual.name.isascii())


def drop(page: Page, manual: Manual) -> None:
    page.evaluate(
        """([name, code]) => {
          const bytes = Uint8Array.from(atob(code), (each) => each.charCodeAt(0));
          const files = new DataTransfer();
          files.items.add(new File([bytes], name, { type: "application/pdf" }));
          const how = { dataTransfer: files, bubbles: true, cancelable: true };
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", how));
        }""",
        [manual.name, base64.b64encode(file_of(manual)).decode()],
    )
    expect(page.locator("#files .good")).to_have_count(1)


def remove(page: Page, server: TrialServer, name: str) -> None:
    path = f"{server.url}/api/admin/knowledge/{name}"
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    assert page.request.delete(path, headers=headers).ok


@pytest.mark.parametrize(("locale", "width", "scheme"), [
    ("en-GB", 1200, "light"),
    ("zh-CN", 390, "dark"),
])  # fmt: skip
def test_a_dropped_pdf_is_found_asked_about_and_cited_at_the_place(
    visit, server, pictures, locale, width, scheme
):
    manual = MANUALS[locale]
    sentence = manual.topics[manual.topic]
    phone = {"has_touch": True, "is_mobile": True} if width < 500 else {}
    page = visit(locale=locale, width=width, color_scheme=scheme, **phone)
    page.set_viewport_size({"width": width, "height": 844})
    log_in(page, server, f"vera-{locale}")
    drop(page, manual)
    search(page, manual.question)
    hit = page.locator("#hits li").first
    expect(hit).to_contain_text(manual.topic)
    expect(hit).to_contain_text(sentence)
    page.screenshot(path=pictures / f"pdf-found-{locale}.png", full_page=True)
    hit.locator("a").click()
    expect(page.locator("dialog[open] mark")).to_have_text(sentence)

    page.goto(f"{server.url}/chat")
    ask(page, manual.question)
    chip = page.get_by_role("button", name=manual.source)
    chip.click()
    dialog = page.get_by_role("dialog", name=manual.title)
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text(manual.topic)
    expect(dialog.locator("mark")).to_have_text(sentence)
    expect(dialog.locator("mark")).to_be_in_viewport()
    text = dialog.get_by_role("region", name=manual.text)
    expect(text).to_contain_text(list(manual.topics.values())[0])
    expect(text).to_contain_text(list(manual.topics.values())[-1])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=pictures / f"cited-{locale}.png")

    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(chip).to_be_focused()
    remove(page, server, manual.name)
    chip.press("Enter")
    expect(page.locator("dialog mark")).to_have_text(sentence)
    expect(page.locator("dialog [role=status]")).to_contain_text(manual.changed)
    page.screenshot(path=pictures / f"cited-gone-{locale}.png")


def test_the_dialog_keeps_the_focus_and_closes_without_the_mouse(visit):
    page = visit()
    ask(page, "耳机保修期为多久")
    expect(last_reply(page)).to_contain_text("人为损坏")
    page.get_by_role("button", name="查看依据 1").press("Enter")
    expect(page.locator("dialog[open]")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Tab")
        where = (
            "document.activeElement.closest('dialog') || document.activeElement === document.body"
        )
        assert page.evaluate(f"Boolean({where})")
    page.get_by_role("button", name="关闭").press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="查看依据 1")).to_be_focused()


def test_evidence_is_shown_while_the_server_cannot_be_reached(visit):
    page = visit(locale="en-GB")
    ask(page, "Wash the blanket at which degrees")
    expect(last_reply(page)).to_contain_text("30 degrees")
    page.context.set_offline(True)
    page.get_by_role("button", name="Show source 1").click()
    expect(page.locator("dialog mark")).to_contain_text("Do not tumble dry it.")
    expect(page.locator("dialog [role=status]")).to_contain_text("can't be opened right now")


EVIL = "<b>A zeppelin ride</b> <img src=x onerror=document.title='owned'> is free. 🎈 Yes."


def test_a_hostile_document_stays_text(visit, server):
    page = visit(locale="en-GB")
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    body = {"name": "evil.txt", "text": EVIL}
    path = f"{server.url}/api/admin/knowledge"
    assert page.request.put(path, data=body, headers=headers).ok
    ask(page, "zeppelin ride free")
    page.get_by_role("button", name="Show source 1").click()
    expect(page.locator("dialog mark")).to_contain_text("<img src=x onerror=")
    expect(page.locator("dialog [role=status]")).to_be_hidden()
    assert page.locator("dialog img, dialog b").count() == 0
    assert page.title() != "owned"


def test_escape_closes_the_dialog_and_not_the_widget_around_it(visit, server):
    page = visit("/api/shop", bypass_csp=True)
    page.evaluate(
        """(origin) => {
          window.closed_ = 0;
          addEventListener("message", ({ data }) => data.type === "kefu:close" && (closed_ += 1));
          const frame = document.createElement("iframe");
          frame.src = `/chat?embed=1&lang=zh&origin=${origin}`;
          frame.style = "position: fixed; inset: 0; width: 380px; height: 600px";
          document.body.replaceChildren(frame);
        }""",
        server.url,
    )
    chat = page.frame_locator("iframe")
    expect(chat.locator(".greeting .bubble")).to_be_visible()
    chat.locator("#text").fill("耳机保修期为多久")
    chat.locator("#text").press("Enter")
    chat.get_by_role("button", name="查看依据 1").click()
    expect(chat.locator("dialog mark")).to_be_visible()
    page.keyboard.press("Escape")
    expect(chat.locator("dialog")).to_have_count(0)
    assert page.evaluate("closed_") == 0
    page.keyboard.press("Escape")
    page.wait_for_function("closed_ === 1")
