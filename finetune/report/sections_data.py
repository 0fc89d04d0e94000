"""The sections about the data and about what came before: curve, challenge, labels, sources."""

from __future__ import annotations

from finetune.report import plots
from finetune.report.data import Challenge, DataSummary, ReportData
from finetune.report.html import Html, both, folded, note, section, short, table, tag, text
from finetune.report.sections import language_name
from finetune.report.summary import FEW
from finetune.report.wording import WORDING

_CHANGES_SHOWN = 12


def curve(data: ReportData) -> Html:
    """Accuracy by the number of training rows."""
    if not data.curve:
        return section("curve", note("curve_none"))
    figure = f'<figure class="single">{plots.learning_curve(data.curve)}</figure>'
    return section("curve", figure, note("curve_note"))


def challenge(data: ReportData) -> Html:
    """Both bundles on the golden questions, and what changed for which."""
    found = data.challenge
    if found is None:
        return section("challenge", note("challenge_none"))
    kinds = (
        ("both_right", found.both_right),
        ("won", found.won),
        ("lost", found.lost),
        ("both", found.both_wrong),
    )
    counts = "".join(
        f'<div class="{key}"><dd>{count:,}</dd><dt>{both(key)}</dt></div>' for key, count in kinds
    )
    p = f"{found.p:.3f}" if found.p >= 0.001 else "< 0.001"
    return section(
        "challenge",
        f'<dl class="duel">{counts}</dl>',
        note("challenge_note", n=f"{found.n:,}", p=p),
        _changes(found),
    )


def _changes(found: Challenge) -> Html:
    rows = [
        (
            f'<span class="chip {each.kind}">{both(each.kind)}</span>',
            text(each.question),
            tag(each.expected),
            tag(each.before),
            tag(each.after),
        )
        for each in found.changes
    ]
    columns = ["", *(both(key) for key in ("question", "expected", "before", "after"))]
    if not rows:
        return ""
    shown = table(columns, rows[:_CHANGES_SHOWN])
    if rest := rows[_CHANGES_SHOWN:]:
        shown += folded(both("more_intents", n=len(rest)), table(columns, rest))
    return shown


def doubtful(data: ReportData) -> Html:
    """Rows that a person should look at."""
    if data.doubtful is None:
        return section("doubtful", note("doubtful_skipped"))
    if not data.doubtful:
        return section("doubtful", note("none"))
    rows = [
        (text(each.question), tag(each.given), tag(each.suggested), short(each.probability))
        for each in data.doubtful
    ]
    columns = [both("question"), both("given"), both("suggested"), "P"]
    shown = table(columns, rows[:_CHANGES_SHOWN], numbers=(3,))
    if rest := rows[_CHANGES_SHOWN:]:
        shown += folded(both("more_intents", n=len(rest)), table(columns, rest, numbers=(3,)))
    return section("doubtful", note("doubtful_note", n=data.doubtful_total), shown)


def few(data: ReportData) -> Html:
    """Intents with few rows, and those that search answers."""
    if data.few_rows:
        rows = [
            (
                tag(each.intent),
                f"{each.rows}",
                short(each.recall),
                both("yes" if each.has_template else "no"),
            )
            for each in data.few_rows
        ]
        columns = [both(key) for key in ("intent", "rows", "recall", "template")]
        shown = note("few_note", n=FEW) + table(columns, rows, numbers=(1, 2))
    else:
        shown = note("none")
    if data.left_to_search:
        names = " ".join(map(tag, data.left_to_search))
        shown += folded(both("unsendable", n=len(data.left_to_search)), f"<p>{names}</p>")
    return section("few", shown)


def sources(data: ReportData) -> Html:
    """Where the rows came from, and what was left out."""
    found = data.data
    counts = (
        ("data_rows", found.rows),
        ("data_corrections", found.corrections),
        ("data_oos", found.out_of_scope),
        ("data_golden", found.golden),
        ("data_repeated", found.repeated),
        ("data_equal", found.equal_to_golden),
        ("data_near", found.near_golden),
        ("data_displaced", found.displaced),
        ("data_contradictory", found.contradictory),
    )
    left = table(["", ""], [(both(key), f"{n:,}") for key, n in counts], numbers=(1,))
    kinds = [(_source(name), f"{n:,}") for name, n in found.sources.items()]
    kinds += [(language_name(code), f"{n:,}") for code, n in found.languages.items()]
    right = table([both("source"), both("rows")], kinds, numbers=(1,))
    return section("data", f'<div class="halves">{left}{right}</div>', _left_out(found))


def _source(name: str) -> Html:
    key = f"source_{name}"
    return both(key) if key in WORDING else text(name)


def _left_out(found: DataSummary) -> Html:
    shown = ""
    if found.leaks:
        columns = [both("question"), both("nearly"), both("intent")]
        rows = [(text(e.question), text(e.golden), tag(e.intent)) for e in found.leaks]
        shown += folded(both("leaks", n=found.near_golden), table(columns, rows))
    if found.contradictions:
        columns = [both("question"), both("labels"), both("kept")]
        listed = [
            (
                text(each.question),
                " ".join(f"{tag(label)}&nbsp;×{count}" for label, count in each.labels),
                tag(each.kept),
            )
            for each in found.contradictions
        ]
        shown += folded(both("contradictions", n=found.contradictory), table(columns, listed))
    return shown


def settings(data: ReportData) -> Html:
    """The decision limits, and what it was trained with."""
    limits = [
        (both(f"limit_{name}"), f"{value:g}")
        for name, value in data.limits.items()
        if f"limit_{name}" in WORDING
    ]
    given = [(tag(name), text(value)) for name, value in data.settings.items()]
    shown = folded(both("settings"), table(["", ""], given, numbers=(1,))) if given else ""
    return section("limits", table(["", ""], limits, numbers=(1,)), shown)
