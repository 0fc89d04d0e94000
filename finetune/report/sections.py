"""The sections about the model: verdict, numbers, scores, confusions, confidence."""

from __future__ import annotations

from finetune.report import plots
from finetune.report.data import ConfusionMatrix, IntentScore, ReportData
from finetune.report.html import (
    Html,
    both,
    folded,
    note,
    percent,
    section,
    short,
    table,
    tag,
    text,
)

_WORST_SHOWN = 15
_SHADES = 9
_NAMED_LANGUAGES = ("zh", "en")


def verdict(data: ReportData) -> Html:
    """The gate's decision in plain words."""
    passed = data.verdict.passed
    kind = "passed" if passed else "refused"
    first = "first" if data.challenge is None else "more"
    mark = "M5 12.5l4.5 4.5L19 7.5" if passed else "M6.5 6.5l11 11M17.5 6.5l-11 11"
    reasons = "".join(
        f'<ul class="{language}" lang="{language}">'
        + "".join(f"<li>{text(reason)}</li>" for reason in data.verdict.reasons.get(language, ()))
        + "</ul>"
        for language in _NAMED_LANGUAGES
    )
    return (
        f'<section class="verdict {kind}"><svg viewBox="0 0 24 24" aria-hidden="true">'
        f'<circle cx="12" cy="12" r="11"/><path d="{mark}"/></svg>'
        f"<div><h2>{both(kind)}</h2><p>{both(f'{kind}_{first}')}</p>{reasons}</div></section>"
    )


def numbers(data: ReportData) -> Html:
    """The few figures that matter."""
    found = data.numbers
    tiles: tuple[tuple[Html, str, dict[str, str]], ...] = (
        (percent(found.golden_right), "golden_right", {"n": f"{found.golden:,}"}),
        (percent(found.held_out_right), "held_out_right", {"n": f"{found.held_out:,}"}),
        (percent(found.answered), "answered", {"right": _plain(found.right_of_answered)}),
        (percent(found.oos_refused), "oos", {}),
        (both("not_measured") if found.ece is None else f"{found.ece:.3f}", "ece", {}),
        (percent(found.search_recall), "search", {}),
        (f"{found.rows:,}", "size", {"n": f"{found.intents:,}"}),
        (percent(found.majority), "majority", {}),
    )
    shown = "".join(
        f"<div><dt>{both(key)}</dt><dd>{value}</dd>"
        f'<dd class="more">{both(f"{key}_more", **values)}</dd></div>'
        for value, key, values in tiles
    )
    return section("numbers", f'<dl class="tiles">{shown}</dl>')


def _plain(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def scores(data: ReportData) -> Html:
    """Languages, then every intent, the worst first and the rest folded away."""
    by_language = table(
        [both(key) for key in ("language", "rows", "golden", "right", "held_out", "right")],
        [
            (
                language_name(each.language),
                f"{each.rows:,}",
                f"{each.golden:,}",
                _plain(each.golden_right),
                f"{each.held_out:,}",
                _plain(each.held_out_right),
            )
            for each in data.languages
        ],
        numbers=range(1, 6),
    )
    worst, rest = data.intents[:_WORST_SHOWN], data.intents[_WORST_SHOWN:]
    shown = _intents(worst)
    if rest:
        shown += folded(both("more_intents", n=f"{len(rest):,}"), _intents(rest))
    return section("languages", by_language) + section("intents", note("intents_note"), shown)


def _intents(scores: tuple[IntentScore, ...]) -> Html:
    columns = [both(k) for k in ("intent", "language", "rows", "asked", "precision", "recall")]
    rows = [
        (
            tag(each.intent),
            language_name(each.language),
            f"{each.rows:,}",
            f"{each.golden + each.held_out:,}",
            short(each.precision),
            short(each.recall),
            f'<span class="metered">{plots.bar(each.f1)}<b>{short(each.f1)}</b></span>',
        )
        for each in scores
    ]
    return table([*columns, "F1"], rows, numbers=range(2, 7))


def language_name(code: str) -> Html:
    """The name of a language in both languages; its code where there is none."""
    return both(code) if code in _NAMED_LANGUAGES else text(code)


def confusions(data: ReportData) -> Html:
    """The heat map, and below it the worst pairs with what was asked."""
    if data.matrix is None:
        drawn = note("matrix_none")
    else:
        drawn = _matrix(data.matrix) + note("matrix_note")
        if len(data.matrix.labels) < data.matrix.of:
            drawn += note("matrix_part", n=len(data.matrix.labels), of=data.matrix.of)
    items = [
        f'<li><p><span class="pair">{tag(each.expected)} <i>{both("taken_for")}</i> '
        f"{tag(each.chosen)}</span> <b>{_times(each.count)}</b></p>"
        + "".join(f"<q>{text(question)}</q>" for question in each.questions)
        + "</li>"
        for each in data.confusions
    ]
    listed = f'<ul class="confusions">{"".join(items[:10])}</ul>' if items else note("none")
    if items[10:]:
        rest = f'<ul class="confusions">{"".join(items[10:])}</ul>'
        listed += folded(both("more_intents", n=len(items) - 10), rest)
    return section("matrix", drawn) + section("confusions", listed)


def _times(count: int) -> Html:
    return both("once") if count == 1 else both("times", n=count)


def _matrix(matrix: ConfusionMatrix) -> Html:
    head = "".join(
        f'<th scope="col" title="{text(label)}">{number}</th>'
        for number, label in enumerate(matrix.labels, 1)
    )
    body = []
    for number, (label, counts) in enumerate(zip(matrix.labels, matrix.counts, strict=True), 1):
        total = sum(counts) or 1
        cells = "".join(
            _cell(count / total, count, right=place == number)
            for place, count in enumerate(counts, 1)
        )
        name = f'<th scope="row"><i>{number}</i> {text(label)}</th>'
        body.append(f"<tr>{name}{cells}</tr>")
    return (
        '<div class="scroll"><table class="heat"><thead><tr><th></th>'
        f'{head}<th scope="col">{both("elsewhere")}</th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(share: float, count: int, *, right: bool) -> Html:
    if not count:
        return "<td></td>"
    shade = max(1, round(share * _SHADES))
    return f'<td class="{"right" if right else "wrong"} s{shade}">{count}</td>'


def confidence(data: ReportData) -> Html:
    """Histogram, reliability and coverage of the held-out questions."""
    if not sum(data.histogram.inside):
        return section("confidence", note("no_held_out"))
    ece = data.numbers.ece
    covered = data.coverage
    figures = (
        (
            plots.histogram(data.histogram, covered.limit),
            both("histogram", limit=f"{covered.limit:.2f}"),
        ),
        (
            plots.reliability(data.reliability),
            both("reliability", ece="–" if ece is None else f"{ece:.3f}"),
        ),
        (
            plots.coverage(covered),
            both("coverage", answered=_plain(covered.answered), right=_plain(covered.right)),
        ),
    )
    drawn = "".join(
        f"<figure>{plot}<figcaption>{caption}</figcaption></figure>" for plot, caption in figures
    )
    bins = table(
        [both("bin"), both("count"), both("mean"), both("right")],
        [
            (f"{each.low:.2f}–{each.high:.2f}", f"{each.n:,}", _plain(each.confidence),
             _plain(each.right))
            for each in data.reliability
        ],
        numbers=range(1, 4),
    )  # fmt: skip
    return section("confidence", f'<div class="plots">{drawn}</div>', folded(both("bins"), bins))
