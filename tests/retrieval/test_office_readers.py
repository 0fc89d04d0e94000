"""PDF, Word and Excel files, read in a process of their own."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path, PurePath

import docx
import openpyxl
import pytest

from retrieval.errors import DocumentError, EmptyFileError, FileTooLargeError, UnreadableFileError
from retrieval.readers import read_file
from retrieval.readers.pdf import Line, blocks, is_heading, join, page_lines, without_repeated

KNOWLEDGE = Path(__file__).parents[2] / "examples" / "shop" / "knowledge"
BODY = 10.0


def read(name, data):
    (document,) = read_file(PurePath(name), data).documents
    return document


def saved(thing) -> bytes:
    buffer = io.BytesIO()
    thing.save(buffer)
    return buffer.getvalue()


def sections(document):
    return {each.heading: document.text[each.start : each.end] for each in document.sections}


def book(*rows, title="价格"):
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def test_a_word_document_keeps_headings_lists_and_tables():
    made = docx.Document()
    made.add_heading("退货政策", 0)
    made.add_paragraph("签收后七天内可以退货。")
    made.add_heading("运费", 1)
    made.add_paragraph("质量问题我们付", style="List Bullet")
    made.add_paragraph("其他您付", style="List Number")
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("地区", "费用", "西藏", "20 元"),
        strict=True,
    ):  # fmt: skip
        cell.text = text
    document = read("a.docx", saved(made))
    assert document.title == "退货政策"
    assert sections(document) == {
        "": "签收后七天内可以退货。",
        "运费": "- 质量问题我们付\n- 其他您付\n地区: 西藏 | 费用: 20 元",
    }


def test_a_spreadsheet_reads_row_by_row_as_a_person_sees_it():
    made = book(
        ["型号", "上市", "折扣", "容量", "价格"],
        ["AF450", date(2026, 3, 1), 0.15, 4.5, 399],
        [None, None, None, None, None],
        ["AF600", datetime.fromisoformat("2026-05-02 08:30"), 0.2, 6.0, "面议"],
    )
    made.active["C2"].number_format = "0%"
    hidden = made.create_sheet("草稿")
    hidden.append(["不要", "给人看"])
    hidden.sheet_state = "hidden"
    assert read("价格.xlsx", saved(made)).text == (
        "型号: AF450 | 上市: 2026-03-01 | 折扣: 15% | 容量: 4.5 | 价格: 399\n"
        "型号: AF600 | 上市: 2026-05-02 08:30:00 | 折扣: 0.2 | 容量: 6 | 价格: 面议"
    )


def test_each_sheet_is_a_section():
    made = book(["款式", "价格"], ["A", 1], title="锅")
    made.create_sheet("刀").append(["只有一句话"])
    found = sections(read("a.xlsx", saved(made)))
    assert found == {"锅": "款式: A | 价格: 1", "刀": "只有一句话"}


def test_questions_and_answers_of_a_sheet_are_found_and_bad_rows_told():
    made = book(["问题", "答案"], ["能洗碗机洗吗", "可以"], ["多重", None])
    reading = read_file(PurePath("faq.xlsx"), saved(made))
    assert [each.questions for each in reading.documents[0].sections] == [("能洗碗机洗吗",)]
    assert [(each.line, "答案" in each.reason) for each in reading.problems] == [(3, True)]


def line(text, *, size=BODY, bold=False, top=700.0, page=0):
    cells = (text,) if isinstance(text, str) else tuple(text)
    return Line(cells, size, bold, top, top - size, page)


def test_pieces_on_one_baseline_are_cells_of_one_line():
    pieces = [
        (300.0, line("20 yuan", top=500)), (50.0, line("Tibet", top=500.5)),
        (50.0, line("Region", top=520)), (300.0, line("Fee", top=520)),
        (62.0, line("first item", top=480)), (50.0, line("•", top=480)),
    ]  # fmt: skip
    cells = [each.cells for each in page_lines(pieces)]
    assert cells == [("Region", "Fee"), ("Tibet", "20 yuan"), ("• first item",)]


def test_lines_become_headings_paragraphs_and_items():
    lines = [
        line("Care", size=14, top=700),
        line("Wash by hand. Do not use a dish-", top=680),
        line("washer.", top=668),
        line("A new paragraph", top=640),
        line("1. first", top=620),
        line("2. second", top=608),
        line("Prices", bold=True, top=590),
    ]
    found = [join(block) for block in blocks(lines, BODY)]
    assert found == [
        "Care", "Wash by hand. Do not use a dishwasher.", "A new paragraph", "1. first",
        "2. second", "Prices",
    ]  # fmt: skip
    assert [is_heading(each, BODY) for each in lines] == [True, *[False] * 5, True]


def test_chinese_lines_are_joined_without_a_space():
    assert join([line("签收后七天内"), line("可以退货。")]) == "签收后七天内可以退货。"


def test_headers_footers_and_page_numbers_are_left_out():
    lines = [
        each
        for page in range(4)
        for each in (
            line("Greenleaf", page=page), line(f"text {page} a", page=page),
            line(f"more {chr(97 + page)}", page=page), line(f"Page {page}", page=page),
        )
    ]  # fmt: skip
    kept = [each.text for each in without_repeated(lines)]
    assert kept == [
        text for page in range(4) for text in (f"text {page} a", f"more {'abcd'[page]}")
    ]


@pytest.mark.parametrize("path", sorted(KNOWLEDGE.glob("*.pdf")), ids=lambda path: path.name)
def test_the_sample_s_pdf_files_read_well(path):
    document = read(path.name, path.read_bytes())
    assert len(document.sections) >= 3
    assert all(each.heading for each in document.sections[1:])
    assert "(cid:" not in document.text
    assert document.title != path.stem


def pdf(page: str = "", trailer: str = "") -> bytes:
    """A PDF of one page, so broken a table of offsets that its reader must look for the parts."""
    return (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]{page}>>endobj\n"
        f"trailer<</Root 1 0 R{trailer}>>\n%%EOF"
    ).encode()


def test_a_scanned_pdf_says_what_to_do():
    with pytest.raises(EmptyFileError, match=r"scan\.pdf holds no text.*OCR"):
        read("scan.pdf", pdf())


def test_a_locked_pdf_says_so():
    locked = pdf(trailer="/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<00>/U<00>>>")
    with pytest.raises(UnreadableFileError, match="locked by a password"):
        read("a.pdf", locked)


@pytest.mark.parametrize("suffix", ["pdf", "docx", "xlsx"])
@pytest.mark.parametrize(
    "data", [b"text", b"%PDF-1.7", b"PK\x03\x04rest", bytes(range(256)) * 8, b"\x00" * 100]
)
def test_damaged_files_are_one_clear_line(suffix, data):
    with pytest.raises(DocumentError, match=rf"a\.{suffix}") as raised:
        read(f"a.{suffix}", data)
    assert "\n" not in str(raised.value)


def archive(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", ["docx", "xlsx"])
def test_an_archive_that_would_blow_up_is_refused_unread(suffix):
    with pytest.raises(FileTooLargeError, match="unpacks to 60 MB"):
        read(f"a.{suffix}", archive({"word/document.xml": b"\0" * 60_000_000}))


def test_no_outside_file_is_read_through_a_word_document(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    parts = {}
    with zipfile.ZipFile(io.BytesIO(saved(docx.Document()))) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    body = parts["word/document.xml"].decode()
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    body = body.replace("<w:document", f"{entity}<w:document", 1)
    run = "<w:p><w:r><w:t>plain &x;</w:t></w:r></w:p>"
    parts["word/document.xml"] = body.replace("<w:body>", f"<w:body>{run}", 1).encode()
    try:
        text = read("a.docx", archive(parts)).text
    except DocumentError as error:
        text = str(error)
    assert "the secret" not in text


def test_a_reader_that_takes_too_much_is_given_up(monkeypatch):
    from retrieval.readers import isolated

    # Ten seconds of grace less this is a hundredth of one: the child has not even started by then.
    monkeypatch.setattr(isolated, "MAX_SECONDS", -9.99)
    with pytest.raises(UnreadableFileError, match=r"Gave up on a\.xlsx"):
        read("a.xlsx", saved(book(["question", "answer"])))
