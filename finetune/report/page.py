"""The page: one file that loads nothing, runs nothing, and shows one of two languages."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from finetune.report import sections, sections_data
from finetune.report.data import ReportData
from finetune.report.html import Html, both, plain, text

_STYLE = Path(__file__).with_name("style.css")


def render(data: ReportData) -> Html:
    """The whole page."""
    style = _STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    parts = (
        sections.verdict(data),
        sections.numbers(data),
        sections_data.challenge(data),
        sections.confusions(data),
        sections.confidence(data),
        sections_data.curve(data),
        sections.scores(data),
        sections_data.doubtful(data),
        sections_data.few(data),
        sections_data.sources(data),
        sections_data.settings(data),
    )
    return "".join(
        (
            f'<!doctype html><html lang="{text(data.language)}"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{plain('title')} · {text(data.bundle)}</title><style>{style}</style></head>",
            f"<body>{_switch(data.language)}{_header(data)}<main>{''.join(parts)}</main></body></html>",
        )
    )


def _switch(language: str) -> Html:
    """Two radio buttons that the style sheet obeys, so that no script is needed."""
    return "".join(
        f'<input type="radio" name="language" id="show-{code}" aria-label="{name}"'
        f"{' checked' if code == language else ''}>"
        for code, name in (("zh", "中文"), ("en", "English"))
    )


def _header(data: ReportData) -> Html:
    when = data.made.replace("T", " ").removesuffix("+00:00")
    return (
        f"<header><div><h1>{both('title')}</h1><p>{text(data.bundle)} · "
        f"{both('made', when=f'{when} UTC')}</p></div>"
        '<nav><label for="show-zh">中文</label><label for="show-en">English</label></nav></header>'
    )
