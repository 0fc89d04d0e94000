"""PDF: lines put back together into headings, paragraphs, lists and table rows.

A PDF holds placed letters and drawn lines, nothing else. Drawn tables are read cell by cell. Of the
rest, letters on one baseline are a line, a gap in it divides cells, and what is set larger than the
text is a heading.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from retrieval.errors import EmptyFileError, UnreadableFileError
from retrieval.readers.archive import damaged
from retrieval.readers.outline import Outline, table_row

_KIND = "a PDF"
_MAX_PAGES = 2_000

_SAME_LINE = 0.5
"""Two pieces stand on one line if their middles are this near, in letter heights."""

_NEW_PARAGRAPH = 1.0
"""A gap between lines of more than this, in letter heights, begins a paragraph."""

_HEADING_SIZE = 1.12
_HEADING_CHARACTERS = 80
_REPEATED_PAGES = 3
_ITEM = re.compile(r"^(?:[•●○▪■◆·*–-]\s*|\(?\d{1,2}[.)、]\s*)(?=\S)")
_BULLET = re.compile(r"^[•●○▪■◆·*–-]\s*")
_HAN = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: its cells from left to right, its place on the page, in points."""

    cells: tuple[str, ...]
    size: float
    bold: bool
    top: float
    bottom: float
    page: int

    @property
    def text(self) -> str:
        """All cells, a space between them."""
        return " ".join(self.cells)


def add_pdf(data: bytes, outline: Outline, name: str) -> None:
    """Put the text of every page into the outline; raises where there is none, or it is locked."""
    lines = without_repeated(list(_read(data, name)))
    if not lines:
        raise EmptyFileError(
            f"{name} holds no text, only pictures of it. Scan it with text recognition (OCR)."
        )
    body = _body_size(lines)
    sizes = sorted({line.size for line in lines if is_heading(line, body)}, reverse=True)
    for block in blocks(lines, body):
        first = block[0]
        if is_heading(first, body):
            outline.heading(1 + sizes.index(first.size), join(block))
        elif len(first.cells) > 1:
            _add_table(block, outline)
        elif _ITEM.match(first.text):
            outline.line(_BULLET.sub("- ", join(block)))
        else:
            outline.block(join(block))


def _read(data: bytes, name: str) -> Iterator[Line]:
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

    try:
        with pdfplumber.open(io.BytesIO(data), laparams={}) as document:
            for number, page in enumerate(document.pages[:_MAX_PAGES]):
                yield from _page(page, number)
                page.close()
    except Exception as error:  # noqa: BLE001 (a damaged file makes the parsers raise anything)
        locked = (PDFPasswordIncorrect, PDFEncryptionError)
        if isinstance(error, locked) or isinstance(error.args[:1] and error.args[0], locked):
            raise UnreadableFileError(
                f"Expected {name} to be open, found it locked by a password. Save it without one."
            ) from error
        raise damaged(name, _KIND) from error


def _page(page: Any, number: int) -> list[Line]:  # noqa: ANN401 (pdfplumber types little)
    """The lines of a page from top to bottom, those of drawn tables with their cells."""
    tables = page.find_tables()
    outside = (
        (left, line)
        for left, line in _pieces(page.layout, number)
        if not any(_is_inside(table.bbox, left, line, page.height) for table in tables)
    )
    lines = page_lines(outside)
    for table in tables:
        lines += _rows(table, page.height, number)
    return sorted(lines, key=lambda line: -line.top)


def _is_inside(box: Sequence[float], left: float, line: Line, height: float) -> bool:
    """Whether a piece lies in a box whose places count from the page's top."""
    x0, top, x1, bottom = box
    middle = height - (line.top + line.bottom) / 2
    return x0 <= left <= x1 and top <= middle <= bottom


def _rows(table: Any, height: float, number: int) -> Iterator[Line]:  # noqa: ANN401
    for row, cells in zip(table.rows, table.extract(), strict=True):
        said = tuple(_one_line(cell or "") for cell in cells)
        if any(said):
            yield Line(said, 0.0, False, height - row.bbox[1], height - row.bbox[3], number)


def _one_line(text: str) -> str:
    """A cell's lines as one; between Chinese characters without a space."""
    return join([Line((part,), 0.0, False, 0.0, 0.0, 0) for part in text.split("\n")]).strip()


def _pieces(item: object, page: int) -> Iterator[tuple[float, Line]]:
    """Each run of letters on a page with the place of its left end."""
    from pdfminer.layout import LTChar, LTContainer, LTTextLine

    if isinstance(item, LTTextLine):
        letters = [each for each in item if isinstance(each, LTChar)]
        text = " ".join(item.get_text().split())
        if text and letters:
            sizes = Counter(round(each.size * 2) / 2 for each in letters)
            bold = sum("bold" in each.fontname.lower() for each in letters) * 2 > len(letters)
            line = Line((text,), sizes.most_common(1)[0][0], bold, item.y1, item.y0, page)
            yield item.x0, line
    elif isinstance(item, LTContainer):
        for each in item:
            yield from _pieces(each, page)


def page_lines(pieces: Iterable[tuple[float, Line]]) -> list[Line]:
    """The lines of a page from top to bottom; pieces on one baseline are cells of one line."""
    rows: list[list[tuple[float, Line]]] = []
    for left, piece in sorted(pieces, key=lambda each: (-each[1].top, each[0])):
        if rows and _on_one_line(rows[-1][0][1], piece):
            rows[-1].append((left, piece))
        else:
            rows.append([(left, piece)])
    return [_joined(sorted(row, key=lambda each: each[0])) for row in rows]


def _on_one_line(one: Line, other: Line) -> bool:
    apart = abs((one.top + one.bottom) - (other.top + other.bottom)) / 2
    return apart < _SAME_LINE * min(one.top - one.bottom, other.top - other.bottom)


def _joined(row: Sequence[tuple[float, Line]]) -> Line:
    lines = [line for _, line in row]
    if _BULLET.fullmatch(lines[0].text + " ") and len(lines) > 1:
        # A bullet is set as a piece of its own.
        lines = [replace(lines[1], cells=(f"{lines[0].text} {lines[1].text}",)), *lines[2:]]
    return replace(
        lines[0],
        cells=tuple(line.text for line in lines),
        top=max(line.top for line in lines),
        bottom=min(line.bottom for line in lines),
    )


def without_repeated(lines: Sequence[Line]) -> list[Line]:
    """The lines without those that stand at the edge of many pages: headers, footers, numbers."""
    pages = {line.page for line in lines}
    edges: Counter[str] = Counter()
    for page in pages:
        own = [line for line in lines if line.page == page]
        edges.update({_shape(own[0]), _shape(own[-1])})
    repeated = {
        shape for shape, count in edges.items()
        if count >= _REPEATED_PAGES and count * 2 > len(pages)
    }  # fmt: skip
    return [line for line in lines if _shape(line) not in repeated]


def _shape(line: Line) -> str:
    return re.sub(r"\d+", "0", line.text)


def _body_size(lines: Sequence[Line]) -> float:
    letters: Counter[float] = Counter()
    for line in lines:
        letters[line.size] += len(line.text)
    return letters.most_common(1)[0][0]


def is_heading(line: Line, body: float) -> bool:
    """Whether a line is set like a heading: larger than the text or bold, and short."""
    if len(line.cells) > 1 or len(line.text) > _HEADING_CHARACTERS:
        return False
    if line.size >= body * _HEADING_SIZE:
        return True
    ends = line.text.endswith((".", "。", ",", "，", ";", "；", ":", "："))
    return line.bold and not ends and not _ITEM.match(line.text)


def blocks(lines: Sequence[Line], body: float) -> list[list[Line]]:
    """Lines that belong together: a heading, a paragraph, a list item, a table."""
    found: list[list[Line]] = []
    for line in lines:
        if found and _goes_on(found[-1], line, body):
            found[-1].append(line)
        else:
            found.append([line])
    return found


def _goes_on(block: Sequence[Line], line: Line, body: float) -> bool:
    last = block[-1]
    if is_heading(last, body) or is_heading(line, body):
        both = is_heading(last, body) and is_heading(line, body)
        return both and last.size == line.size and _near(last, line) and last.page == line.page
    if len(block[0].cells) > 1 or len(line.cells) > 1:
        return len(block[0].cells) == len(line.cells) and last.page == line.page
    if _ITEM.match(line.text):
        return False
    return last.page == line.page and _near(last, line)


def _near(above: Line, below: Line) -> bool:
    return above.bottom - below.top < _NEW_PARAGRAPH * (below.top - below.bottom)


def join(block: Sequence[Line]) -> str:
    """The lines of a paragraph as one; a hyphen at a line's end joins the parts of its word."""
    text = block[0].text
    for line in block[1:]:
        if text.endswith("-") and text[-2:-1].isalpha() and line.text[:1].islower():
            text = text[:-1] + line.text
        else:
            between = "" if _HAN.match(text[-1:]) or _HAN.match(line.text[:1]) else " "
            text += between + line.text
    return text


def _add_table(block: Sequence[Line], outline: Outline) -> None:
    rows = [list(line.cells) for line in block]
    header, body = (rows[0], rows[1:]) if len(rows) > 1 else ([], rows)
    for row in body:
        outline.line(table_row(header, row))
