"""Writes a bundle's report: the page, the same as JSON, and the model card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from finetune.bundle import BundleContent
from finetune.report.data import ReportData
from finetune.report.files import PAGE, VALUES
from finetune.report.page import render

_CARD = "card.md"


def write_report(folder: Path, data: ReportData, content: BundleContent) -> None:
    """Write `report.html`, `report.json` and `card.md`."""
    (folder / PAGE).write_text(render(data), encoding="utf-8")
    values = json.dumps(asdict(data), ensure_ascii=False, indent=1)
    (folder / VALUES).write_text(values, encoding="utf-8")
    (folder / _CARD).write_text(_card(data, content), encoding="utf-8")


def _card(data: ReportData, content: BundleContent) -> str:
    sources = ", ".join(f"{name} {count}" for name, count in data.data.sources.items())
    right = data.numbers.golden_right
    lines = [
        f"# Bundle {data.bundle}",
        "",
        "Intent classifier of Kefu, calibrated.",
        "",
        f"- Training questions: {data.data.rows} ({sources})",
        f"- Intents: {data.numbers.intents}",
        f"- Golden questions: {data.data.golden}, "
        f"right {'not measured' if right is None else f'{right:.1%}'}",
        f"- Search encoder: `{content.encoder.fingerprint}`",
        f"- Data fingerprint: `{content.data_fingerprint}`",
        f"- Gate: {'; '.join(data.verdict.reasons.get('en', ()))}",
        "",
        "Settings: " + ", ".join(f"{key}={value}" for key, value in content.settings.items()),
        "",
    ]
    return "\n".join(lines)
