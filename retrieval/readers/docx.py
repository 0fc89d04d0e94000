"""Word documents: headings, paragraphs, lists and tables in the order in which they stand."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from retrieval.readers.archive import check_archive, damaged
from retrieval.readers.outline import Outline, table_row

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

_KIND = "a .docx document"
_HEADING = re.compile(r"(?:heading|标题|標題)\s*(\d)", re.IGNORECASE)


def add_docx(data: bytes, outline: Outline, name: str) -> None:
    """Put the body of the document into the outline."""
    check_archive(io.BytesIO(data), name, _KIND)
    import docx
    from docx.table import Table

    try:
        document = docx.Document(io.BytesIO(data))
        for item in document.iter_inner_content():
            if isinstance(item, Table):
                _add_table(item, outline)
            else:
                _add_paragraph(item, outline)
    except Exception as error:  # noqa: BLE001 (whatever the parsers under it raise: the file)
        raise damaged(name, _KIND) from error


def _add_paragraph(paragraph: Paragraph, outline: Outline) -> None:
    text = paragraph.text.strip()
    if not text:
        return
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    if style.lower() in ("title", "标题"):
        outline.heading(1, text)
    elif numbered := _HEADING.match(style):
        outline.heading(int(numbered[1]), text)
    elif style.startswith(("List", "列表")) or _is_item(paragraph):
        outline.line(f"- {text}")
    else:
        outline.block(text)


def _is_item(paragraph: Paragraph) -> bool:
    properties = paragraph._p.pPr  # noqa: SLF001 (the library shows numbering only there)
    return properties is not None and properties.numPr is not None


def _add_table(table: Table, outline: Outline) -> None:
    rows = [[_cell(cell.text) for cell in row.cells] for row in table.rows]
    if not rows:
        return
    header, body = (rows[0], rows[1:]) if len(rows) > 1 else ([], rows)
    for row in body:
        outline.line(table_row(header, row))


def _cell(text: str) -> str:
    return " ".join(text.split())
