"""Small pieces of HTML; everything that comes from data is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from finetune.report.wording import WORDING

Html = str
"""Text that is safe to put on the page as it is."""


def text(value: object) -> Html:
    """Any value as inert text; control characters are left out."""
    return escape("".join(c for c in str(value) if c.isprintable() or c == " "), quote=True)


def both(key: str, **values: object) -> Html:
    """A sentence in both languages, of which the page shows one."""
    safe = {name: text(value) for name, value in values.items()}
    return "".join(
        f'<span class="{language}" lang="{language}">{escape(wording).format(**safe)}</span>'
        for language, wording in zip(("zh", "en"), WORDING[key], strict=True)
    )


def plain(key: str) -> Html:
    """A sentence in both languages in a row, where only text can stand."""
    return escape(" · ".join(WORDING[key]), quote=True)


def percent(share: float | None) -> Html:
    """A share with one decimal, as people read it."""
    return both("not_measured") if share is None else f"{share:.1%}"


def short(share: float | None) -> str:
    """A share for a narrow column or a sentence."""
    return "–" if share is None else f"{share:.0%}"


def table(
    columns: Sequence[Html], rows: Iterable[Sequence[Html]], *, numbers: Sequence[int] = ()
) -> Html:
    """A table that scrolls on a narrow screen; `numbers` are the columns aligned to the right."""

    def cell(tag: str, place: int, content: Html) -> Html:
        kind = ' class="n"' if place in numbers else ""
        return f"<{tag}{kind}>{content}</{tag}>"

    head = "".join(cell("th", place, name) for place, name in enumerate(columns))
    body = "".join(
        "<tr>" + "".join(cell("td", place, value) for place, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table>{inner}</table></div>'


def section(key: str, *content: Html) -> Html:
    """A card with its heading."""
    return f'<section id="{key}"><h2>{both(key)}</h2>{"".join(content)}</section>'


def note(key: str, **values: object) -> Html:
    """A paragraph that explains."""
    return f'<p class="note">{both(key, **values)}</p>'


def folded(summary: Html, content: Html) -> Html:
    """Content that is shown on demand."""
    return f"<details><summary>{summary}</summary>{content}</details>"


def tag(label: str | None) -> Html:
    """An intent's name."""
    return "–" if label is None else f"<code>{text(label)}</code>"
