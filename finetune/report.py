"""The report and the model card that a bundle carries: for a person, self-contained."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

import numpy as np

from finetune.bundle import BundleContent
from finetune.champion import Comparison
from finetune.plots import coverage_against_accuracy, histogram, reliability
from finetune.train import TrainedClassifier
from finetune.types import Dataset
from storage.types import OUT_OF_SCOPE

_MOST_CONFUSIONS = 25

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2733;--paper:#fff;--soft:#5b6875;--line:#dfe5ea;
--one:#0b7a75;--two:#c2571a}
@media(prefers-color-scheme:dark){
:root{--ink:#e6edf3;--paper:#10161c;--soft:#93a1ae;--line:#2a343d;
--one:#3fc1b8;--two:#f0965a}}
body{font:16px/1.55 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);
background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}.soft{color:var(--soft)}
.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;flex:1 1 18rem}
figcaption{font-size:.85rem;color:var(--soft)}svg{width:100%;height:auto}
svg text{font-size:10px;fill:var(--soft)}
svg path{fill:none}.grid{stroke:var(--line)}.line{stroke:var(--one);stroke-width:2}
.other{stroke:var(--two);stroke-width:2}.ideal{stroke:var(--soft);stroke-dasharray:4 4}
table{border-collapse:collapse;width:100%;font-size:.92rem}
td,th{border-bottom:1px solid var(--line);padding:.35rem .5rem;text-align:left;vertical-align:top}
.scroll{overflow-x:auto}
"""


def write_report(
    folder: Path,
    bundle_id: str,
    content: BundleContent,
    dataset: Dataset,
    trained: TrainedClassifier,
    comparison: Comparison,
) -> None:
    """Write `report.html` with its plots inside, and `card.md`."""
    page = _page(bundle_id, dataset, trained, comparison)
    (folder / "report.html").write_text(page, encoding="utf-8")
    card = _card(bundle_id, content, dataset, trained, comparison)
    (folder / "card.md").write_text(card, encoding="utf-8")


def _page(
    bundle_id: str, dataset: Dataset, trained: TrainedClassifier, comparison: Comparison
) -> str:
    verdict = "promoted" if comparison.verdict.passed else "refused"
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in comparison.verdict.reasons)
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>Kefu training report {escape(bundle_id)}</title>",
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>Training report <span class=soft>{escape(bundle_id)}</span></h1>",
            f"<p>The gate: <strong>{verdict}</strong></p><ul>{reasons}</ul>",
            _numbers(dataset, trained, comparison),
            _plots(trained),
            _confusions(dataset, comparison),
            "</body></html>",
        ]
    )


def _numbers(dataset: Dataset, trained: TrainedClassifier, comparison: Comparison) -> str:
    limits = trained.thresholds
    rows = [
        ("Training questions", f"{len(dataset.rows):,}"),
        ("Intents", f"{len(trained.classifier.labels):,}"),
        ("Golden questions", f"{len(dataset.golden):,}"),
        ("Golden questions right", _percent(comparison.accuracy)),
        *(
            (f"Golden questions right ({language})", _percent(share))
            for language, share in comparison.by_language.items()
        ),
        ("The commonest intent alone", _percent(comparison.majority)),
        ("Answer among the first three found", _percent(comparison.search_recall)),
        ("Cost of a wrong reply, in refusals", f"{limits.wrong_cost:g}"),
        ("A template is sent from P(right)", f"{limits.answer:.2f}"),
        ("Two intents are offered from", f"{limits.clarify:.2f}"),
        ("A passage is quoted from P(relevant)", f"{limits.grounded:.2f}"),
    ]
    cells = "".join(f"<tr><td>{escape(name)}</td><td>{value}</td></tr>" for name, value in rows)
    return f"<h2>Numbers</h2><div class=scroll><table>{cells}</table></div>"


def _plots(trained: TrainedClassifier) -> str:
    judged = trained.held_out
    inside, sure = judged.inside, judged.confidence * judged.in_scope
    figures = [
        (
            reliability(judged.confidence[inside], judged.right[inside]),
            "Reliability: of the answers given with some confidence, how many are right.",
        ),
        (
            coverage_against_accuracy(sure, judged.right & inside),
            "Coverage against accuracy, out-of-scope questions included.",
        ),
        (
            histogram(sure[inside], sure[~inside]),
            "P(right) of questions in scope, and (orange) out of scope.",
        ),
    ]
    drawn = "".join(
        f"<figure>{plot}<figcaption>{caption}</figcaption></figure>" for plot, caption in figures
    )
    return f"<h2>Held-out questions</h2><div class=plots>{drawn}</div>"


def _confusions(dataset: Dataset, comparison: Comparison) -> str:
    pairs: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for row, prediction in zip(dataset.golden, comparison.predictions, strict=True):
        if row.label != OUT_OF_SCOPE and prediction.label not in (None, row.label):
            pair = (row.label, str(prediction.label))
            pairs[pair] += 1
            examples.setdefault(pair, row.question)
    if not pairs:
        return "<h2>Confusions</h2><p>None on the golden questions.</p>"
    rows = "".join(
        f"<tr><td>{escape(pair[0])}</td><td>{escape(pair[1])}</td><td>{count}</td>"
        f"<td>{escape(examples[pair])}</td></tr>"
        for pair, count in pairs.most_common(_MOST_CONFUSIONS)
    )
    return (
        "<h2>Worst confusions on the golden questions</h2><div class=scroll><table>"
        "<tr><th>Asked</th><th>Understood</th><th>Times</th><th>For example</th></tr>"
        f"{rows}</table></div>"
    )


def _card(
    bundle_id: str,
    content: BundleContent,
    dataset: Dataset,
    trained: TrainedClassifier,
    comparison: Comparison,
) -> str:
    sources = Counter(row.source for row in dataset.rows)
    weights = np.array([row.weight for row in dataset.rows])
    lines = [
        f"# Bundle {bundle_id}",
        "",
        "Intent classifier of Kefu: n-gram features, a linear and a neural head, calibrated.",
        "",
        f"- Training questions: {len(dataset.rows)} "
        f"({', '.join(f'{name} {count}' for name, count in sorted(sources.items()))}), "
        f"total weight {weights.sum():.0f}",
        f"- Intents: {len(trained.classifier.labels)}",
        f"- Golden questions: {len(dataset.golden)}, right {_percent(comparison.accuracy)}",
        f"- Search encoder: `{content.encoder.fingerprint}`",
        f"- Data fingerprint: `{content.data_fingerprint}`",
        f"- Gate: {'; '.join(comparison.verdict.reasons)}",
        "",
        "Settings: " + ", ".join(f"{key}={value}" for key, value in content.settings.items()),
        "",
    ]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"
