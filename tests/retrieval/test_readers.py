import contextlib
import re
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import (
    DocumentError,
    EmptyFileError,
    FileTooLargeError,
    UnreadableFileError,
    UnsupportedFileError,
)
from retrieval.readers import MAX_BYTES, read_document, read_file
from storage.errors import InputError

MARKDOWN = """---
title: "另一个标题"
---
# 退货

第一段文字，
换行继续。Second line
wraps *here*, see [the terms](http://x.cn).

## 运费谁付？

1. 质量问题我们付
2. 其他您付
   - 江浙沪 `8元`

| 尺码 | 胸围 |
|------|------|
| M    | 96   |
| L    |      |

<div>HTML <b>block</b><script>alert(1)</script></div>

### 港澳台

15天

## 时效

3天
"""

HTML = """<!doctype html><html><head><title>Shop &amp; Co</title><style>x{}</style></head>
<body><nav><ul><li>Home</ul></nav><h1>Returns</h1><script>alert("no")</script>
<p>You can return<br>it within <b>30</b> days.
<h2>Fees &mdash; all</h2><ul><li>One<li>Two <i>x</i></ul>
<table><tr><th>Size<th>Chest<tr><td>M<td>96 cm<tr><td>L<td>100 <p>cm</table>
tail 中文
换行<footer>(c) 2026</footer></body></html>"""


def read(name, content):
    data = content.encode() if isinstance(content, str) else content
    return read_document(PurePath(name), data)[0]


def parts(document):
    return [(each.heading, document.text[each.start : each.end]) for each in document.sections]


def test_markdown_becomes_plain_text_under_its_headings():
    document = read("help/returns.md", MARKDOWN)
    assert document.name == "help/returns.md"
    assert document.title == "退货"
    assert document.language == "zh"
    assert parts(document) == [
        ("", "第一段文字，换行继续。Second line wraps here, see the terms."),
        (
            "运费谁付？",
            "1. 质量问题我们付\n2. 其他您付\n- 江浙沪 8元\n"
            "尺码: M | 胸围: 96\n尺码: L\n\nHTML block",
        ),
        ("运费谁付？ > 港澳台", "15天"),
        ("时效", "3天"),
    ]
    assert document.sections[1].questions == ("运费谁付？",)


def test_html_becomes_plain_text_without_scripts_and_menus():
    document = read("returns.html", HTML)
    assert document.title == "Returns"
    assert document.language == "en"
    assert parts(document) == [
        ("", "You can return\nit within 30 days."),
        (
            "Fees — all",
            "- One\n- Two x\nSize: M | Chest: 96 cm\nSize: L | Chest: 100 cm\n\ntail 中文换行",
        ),
    ]


def test_an_unclosed_menu_does_not_swallow_the_page():
    document = read("a.html", "<nav><a>Home</a><main><p>Opening hours</p></main>")
    assert parts(document) == [("", "Opening hours")]


def test_csv_rows_are_sections_with_their_questions():
    document = read("faq.csv", '问题,答案\n怎么退货？,"七天内，\n寄回"\n运费呢？,我们付\n')
    assert parts(document) == [("怎么退货？", "七天内，\n寄回"), ("运费呢？", "我们付")]
    assert [section.questions for section in document.sections] == [("怎么退货？",), ("运费呢？",)]
    assert document.title == "faq"


def test_csv_with_titles_has_no_questions():
    document = read("notes.csv", "Title;Text\nHours;We open at 9\n")
    assert parts(document) == [("Hours", "We open at 9")]
    assert document.sections[0].questions == ()


def test_unusable_csv_rows_are_reported_with_their_lines():
    content = 'question,answer\n,no question\n"two\nlines",fine\nno answer,\n\nlast\n'
    reading = read_file(PurePath("faq.csv"), content.encode())
    assert [(each.line, each.reason) for each in reading.problems] == [
        (2, "Expected text in 'question', found nothing."),
        (5, "Expected text in 'answer', found nothing."),
        (7, "Expected text in 'answer', found nothing."),
    ]
    assert [section.heading for section in reading.documents[0].sections] == ["two\nlines"]


def test_csv_of_other_columns_is_refused():
    with pytest.raises(UnreadableFileError, match=r"Expected the columns .* found name, price"):
        read("products.csv", "name,price\na,1\n")


def test_plain_text_keeps_its_paragraphs():
    document = read("a.txt", "第一段\r\n还是第一段\r\n\r\n\r\n第二段\r\n")
    assert parts(document) == [("", "第一段\n还是第一段\n\n第二段")]


def test_a_document_of_headings_alone_is_still_found():
    document = read("a.md", "# 退货\n\n## 七天无理由\n")
    assert parts(document) == [("", "退货\n\n七天无理由")]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
def test_encodings(encoding):
    document = read("a.txt", "退货需要 7 天, see FAQ。".encode(encoding))
    assert document.text == "退货需要 7 天, see FAQ。"


@pytest.mark.parametrize("suffix", ["md", "html", "txt", "csv", "htm", "markdown"])
@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyFileError),
        (b" \n\n ", EmptyFileError),
        (b"\xef\xbb\xbf", EmptyFileError),
        (b"%PDF-1.7 rest", UnreadableFileError),
        (b"PK\x03\x04rest", UnreadableFileError),
        (b"\x89PNG\r\n\x1a\n\x00\x00", UnreadableFileError),
        (bytes(range(256)) * 8, UnreadableFileError),
        (b"caf\xe9 au lait \xff", UnreadableFileError),
    ],
)
def test_what_is_no_text_is_refused(suffix, data, error):
    with pytest.raises(error) as raised:
        read_document(PurePath(f"a.{suffix}"), data)
    assert f"a.{suffix}" in str(raised.value)
    assert isinstance(raised.value, InputError)


@pytest.mark.parametrize("name", ["a.doc", "b/a.pptx", "a.xls", "README", "a.md.exe"])
def test_other_kinds_of_file_are_refused_naming_those_that_are_read(name):
    expected = r"\.md .* \.csv \.jsonl \.pdf \.docx \.xlsx, found .* in " + re.escape(name)
    with pytest.raises(UnsupportedFileError, match=expected):
        read_document(PurePath(name), b"text")


def test_a_file_over_the_limit_is_refused():
    with pytest.raises(FileTooLargeError, match=r"at most 20 MB, found 20\.0 MB"):
        read_document(PurePath("a.txt"), b"a" * (MAX_BYTES + 1))


def test_a_page_without_text_is_empty():
    with pytest.raises(EmptyFileError, match="no text"):
        read("a.html", "<html><body><script>x</script><img src=x></body></html>")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", "<div>" * 50_000 + "deep"),
        ("a.html", "<table><tr><td>" * 10_000 + "deep"),
        ("a.html", "<nav>" * 50_000 + "<main>deep"),
        ("a.md", "[" * 5_000 + "deep"),
        ("a.md", "*" * 5_000 + "deep"),
        ("a.md", "deep\n\n" + "> " * 5_000 + "lost"),
        ("a.md", "deep\n\n" + "".join("  " * n + "- x\n" for n in range(500))),
    ],
)
def test_nesting_bombs_are_read_like_other_files(name, content):
    assert "deep" in read(name, content).text


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(["a.md", "a.html", "a.txt", "a.csv"]),
)
def test_any_bytes_give_a_document_or_a_typed_error(data, name):
    with contextlib.suppress(DocumentError):
        for document in read_document(PurePath(name), data):
            assert document.text.strip()
            positions = [place for each in document.sections for place in (each.start, each.end)]
            assert positions == sorted(positions)
            assert positions[-1] <= len(document.text)
