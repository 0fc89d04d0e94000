"""Markdown: headings become the path, everything else readable text without its markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from retrieval.readers.html import add_html
from retrieval.readers.labels import read_labels
from retrieval.readers.outline import Outline, table_row

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>(?:[^\n]*\n){0,60}?)---[ \t]*(?:\n|\Z)")
_TITLE_FIELD = re.compile(r"^title\s*:\s*(?P<title>.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_FIELD = re.compile(r"(?P<name>[^\s:#-][^:]{0,40}?)\s*:\s*(?P<value>.*?)\s*$")
_LIST_ITEM = re.compile(r"\s*-\s+(?P<item>.+?)\s*$")
_SPACED = re.compile(r"[\x21-\x7e]")


def add_markdown(text: str, outline: Outline, name: str = "") -> None:
    """Put the document into the outline; title and labels may stand in front matter."""
    front = _FRONT_MATTER.match(text)
    if front:
        titled = _TITLE_FIELD.search(front["fields"])
        outline.title = titled["title"].strip("\"'") if titled else ""
        outline.labels = read_labels(_fields(front["fields"]), name)
        text = text[front.end() :]
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    _Writer(outline).write(parser.parse(text))


def _fields(lines: str) -> dict[str, str]:
    """`tags: a, b`, or `tags:` and a list of `- a` below it."""
    found: dict[str, str] = {}
    name = ""
    for line in lines.splitlines():
        if name and (item := _LIST_ITEM.match(line)):
            found[name] = ",".join(filter(None, (found[name], item["item"])))
        elif field := _FIELD.match(line):
            name = field["name"].lower()
            found[name] = field["value"]
    return found


class _Writer:
    """Goes through the tokens of one document."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._lists: list[int | None] = []
        self._bullet = ""
        self._headers: list[str] = []
        self._cells: list[str] = []
        self._in_head = False

    def write(self, tokens: Sequence[Token]) -> None:
        heading = 0
        for token in tokens:
            match token.type:
                case "heading_open":
                    heading = int(token.tag[1:])
                case "heading_close":
                    heading = 0
                case "inline":
                    self._inline(_plain(token.children or []), heading)
                case "fence" | "code_block":
                    self._outline.block(token.content)
                case "html_block":
                    add_html(token.content, self._outline)
                case _:
                    self._structure(token)

    def _inline(self, text: str, heading: int) -> None:
        if self._cells:
            self._cells[-1] = text.replace("\n", " ")
        elif heading:
            self._outline.heading(heading, text.replace("\n", " "))
        elif self._lists:
            self._outline.line(self._bullet + text)
            self._bullet = "  " * len(self._lists)
        else:
            self._outline.block(text)

    def _structure(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._bullet = self._next_bullet()
            case "thead_open" | "thead_close":
                self._in_head = token.type == "thead_open"
            case "th_open" | "td_open":
                self._cells.append("")
            case "tr_close":
                self._end_row()
            case _:
                pass

    def _next_bullet(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _end_row(self) -> None:
        if self._in_head:
            self._headers = self._cells
        else:
            self._outline.line(table_row(self._headers, self._cells))
        self._cells = []


def _plain(tokens: Sequence[Token]) -> str:
    """The words of an inline run; a soft break is a space only where words need one."""
    words = ""
    for place, token in enumerate(tokens):
        match token.type:
            case "text" | "code_inline" | "text_special":
                words += token.content
            case "image":
                words += _plain(token.children or [])
            case "hardbreak":
                words += "\n"
            case "softbreak":
                words += _gap(words, tokens[place + 1 :])
            case _:
                pass
    return words.strip()


def _gap(before: str, following: Sequence[Token]) -> str:
    after = next((token.content for token in following if token.content), "")
    near = before[-1:] + after[:1]
    return " " if _SPACED.search(near) else ""
