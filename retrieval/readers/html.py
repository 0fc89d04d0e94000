"""HTML: headings, paragraphs, lists and tables as text; scripts, styles and menus left out.

The file is read as a stream of tags and never built into a tree, so that neither unclosed tags
nor a million nested ones cost more than the bytes they take.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from retrieval.readers.labels import label_role, read_labels
from retrieval.readers.outline import Outline, table_row

_SKIPPED = frozenset({
    "script", "style", "nav", "footer", "template", "noscript", "svg", "iframe", "object",
    "select", "button", "textarea",
})  # fmt: skip
_BLOCKS = frozenset({
    "p", "div", "section", "article", "main", "header", "aside", "ul", "ol", "dl", "dt", "dd",
    "blockquote", "pre", "form", "fieldset", "figure", "figcaption", "address", "details",
    "summary", "body", "hr", "center",
})  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Content proper begins here, whatever was left unclosed before it.
_CONTENT = frozenset({"main", "article", "body"})

# Where a page stands in its site is no part of what it says: Home > Kitchen > Kettles.
_BREADCRUMBS = re.compile(r"[^>›»\n]{1,40}(?:\s*[>›»]\s*[^>›»\n]{1,60}){2,}")

# A line break in the source is a space between words, and nothing between Chinese characters.
_WRAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t]*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])")


def add_html(text: str, outline: Outline, name: str = "") -> None:
    """Put a page or a piece of one into the outline; labels may stand in its meta tags."""
    page = _Page(outline)
    page.feed(text)
    page.close()
    if page.fields:
        outline.labels = read_labels(page.fields, name)


class _Page(HTMLParser):
    def __init__(self, outline: Outline) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = outline
        self.fields: dict[str, str] = {}
        self._words: list[str] = []
        self._skipped: tuple[str, int] | None = None
        self._heading = 0
        self._item = False
        self._in_title = False
        self._headers: list[str] = []
        self._cells: list[str] | None = None
        self._head_cells = 0

    def handle_starttag(
        self,
        tag: str,
        attrs: list[tuple[str, str | None]],
    ) -> None:
        """Begin what the tag begins, after ending the text before it."""
        if self._skips(tag):
            return
        if tag == "br":
            self._words.append("\n")
        elif tag == "meta":
            self._meta({key: value or "" for key, value in attrs})
        elif tag == "title":
            self._in_title = True
        elif tag in _HEADINGS:
            self._flush()
            self._heading = _HEADINGS[tag]
        elif tag == "li":
            self._flush()
            self._item = True
        elif tag in ("table", "tr", "td", "th"):
            self._table_tag(tag)
        elif tag in _BLOCKS and self._cells is None:
            self._flush()
        elif tag in _BLOCKS:
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """End what the tag ends; an end without a beginning is passed over."""
        if self._skipped is not None:
            name, depth = self._skipped
            if tag == name:
                self._skipped = (name, depth - 1) if depth > 1 else None
            return
        if tag == "title":
            self._in_title = False
        elif tag in ("table", "tr"):
            self._end_row()
            if tag == "table":
                self._headers = []
        elif (tag in _BLOCKS or tag in _HEADINGS or tag == "li") and self._cells is None:
            self._flush()

    def handle_data(self, data: str) -> None:
        """Keep text that a reader of the page sees."""
        if self._skipped is not None:
            return
        if self._in_title:
            self._outline.title = self._outline.title or " ".join(data.split())
        else:
            # The marks keep one space at either end: the next piece may go on in the same line.
            marked = f".{_WRAP.sub('', data)}.".split()
            self._words.append(" ".join(marked)[1:-1])

    def close(self) -> None:
        """End the text that no tag has ended."""
        super().close()
        self._end_row()
        self._flush()

    def _meta(self, attributes: dict[str, str]) -> None:
        """Keep a field such as <meta name="valid-until" content="2026-12-31">."""
        if label_role(name := attributes.get("name", "")):
            self.fields[name] = attributes.get("content", "")

    def _skips(self, tag: str) -> bool:
        if self._skipped is not None and tag in _CONTENT:
            self._skipped = None
        if self._skipped is not None:
            name, depth = self._skipped
            self._skipped = (name, depth + (tag == name))
            return True
        if tag in _SKIPPED:
            self._skipped = (tag, 1)
            return True
        return False

    def _table_tag(self, tag: str) -> None:
        if tag in ("table", "tr"):
            self._end_row()
            self._flush()
            if tag == "table":
                self._headers = []
            return
        self._end_cell()
        self._cells = [] if self._cells is None else self._cells
        self._cells.append("")
        self._head_cells += tag == "th"

    def _end_cell(self) -> None:
        if self._cells:
            self._cells[-1] = " ".join(self._take().split())

    def _end_row(self) -> None:
        self._end_cell()
        cells, self._cells = self._cells, None
        all_heads, self._head_cells = bool(cells) and self._head_cells == len(cells or []), 0
        if not cells:
            return
        if all_heads and len(cells) > 1:
            self._headers = cells
        else:
            self._outline.line(table_row(self._headers, cells))

    def _flush(self) -> None:
        text = self._take()
        heading, self._heading = self._heading, 0
        item, self._item = self._item, False
        if not text or _BREADCRUMBS.fullmatch(text):
            self._heading, self._item = heading, item
        elif heading:
            self._outline.heading(heading, " ".join(text.split()))
        elif item:
            self._outline.line("- " + " ".join(text.split()))
        else:
            self._outline.block(text)

    def _take(self) -> str:
        words = "".join(self._words)
        self._words = []
        return "\n".join(" ".join(line.split()) for line in words.split("\n")).strip()
