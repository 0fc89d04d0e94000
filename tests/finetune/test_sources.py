from __future__ import annotations

import csv
import json
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.errors import SourceError
from finetune.sources import read_history
from storage.types import OUT_OF_SCOPE

ZH = "问题,答案\n怎么退款,在订单页点退款\n能不能开发票？,可以开电子发票\n"


def write(tmp_path, name, text, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def questions(path):
    rows, problems = read_history(path)
    assert problems == []
    return [row.question for row in rows]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_encoding_and_delimiter_are_found(tmp_path, encoding, delimiter):
    path = write(tmp_path, "a.csv", ZH.replace(",", delimiter), encoding)
    assert questions(path) == ["怎么退款", "能不能开发票？"]


def test_western_quotes_are_not_taken_for_chinese(tmp_path):
    text = "question,answer\nWhere’s my order,It’s on its way – don’t worry\n"
    assert questions(write(tmp_path, "a.csv", text, "cp1252")) == ["Where’s my order"]


@pytest.mark.parametrize(
    "header",
    [
        "question,answer",
        "Question,ANSWER",
        " 问题 ,答案",
        "提问,客服回复",
        "Customer Question,reply",
    ],
)
def test_header_names(tmp_path, header):
    assert questions(write(tmp_path, "a.csv", f"{header}\nq1,a1\n")) == ["q1"]


def test_intent_only_and_text_label(tmp_path):
    rows, _ = read_history(write(tmp_path, "a.csv", "text,category\nhello,greeting\n"))
    assert [(r.question, r.intent, r.answer, r.line) for r in rows] == [
        ("hello", "greeting", None, 2)
    ]


def test_lines_are_those_of_the_file_and_the_rest_is_used(tmp_path):
    long = "x" * 4_001
    text = (
        "question,answer\n"
        'first,"two\nlines"\n'
        ",no question\n"
        f"{long},a\n"
        "only one column\n"
        "one,two,three\n"
        "\n"
        "no answer,\n"
        "last,fine\n"
    )
    rows, problems = read_history(write(tmp_path, "a.csv", text))
    assert [(r.question, r.line) for r in rows] == [("first", 2), ("last", 10)]
    assert [(p.line, p.reason) for p in problems] == [
        (4, "the question is empty"),
        (5, "the question has 4,001 characters, at most 4,000 fit"),
        (6, "expected 2 columns, found 1"),
        (7, "expected 2 columns, found 3"),
        (9, "the answer is empty"),
    ]


def test_a_quote_left_open_costs_one_row(tmp_path):
    rest = "".join(f"q{i},a{i}\n" for i in range(400))
    text = f'question,answer\n"broken,a\n{rest}'
    rows, problems = read_history(write(tmp_path, "a.csv", text))
    assert len(rows) == 400
    assert [p.line for p in problems] == [2]


def test_broken_bytes_cost_their_row_only(tmp_path):
    good = "".join(f"问题{i},答案{i}\n" for i in range(30)).encode()
    data = "问题,答案\n".encode() + b"\xff\xfe\xe4,a\n" + good
    rows, problems = read_history(write(tmp_path, "a.csv", data))
    assert len(rows) == 30
    assert [p.line for p in problems] == [2]
    assert "not text" in problems[0].reason


def test_a_utf16_file_that_was_cut_short_loses_its_end_only(tmp_path):
    data = "question,answer\nq,a\n".encode("utf-16") + b"\x41"
    rows, problems = read_history(write(tmp_path, "a.csv", data))
    assert [r.question for r in rows] == ["q"]
    assert [p.line for p in problems] == [3]


def test_control_characters_are_taken_out(tmp_path):
    assert questions(write(tmp_path, "a.csv", "question,answer\nhe\x07llo\x00,a\n" * 1)) == [
        "hello"
    ]


def test_out_of_scope_rows(tmp_path):
    text = "question,intent,answer\nweather?,oos,\nnews?,,\nrefund?,refund,yes\nhi,OOS,ignored\n"
    rows, problems = read_history(write(tmp_path, "a.csv", text))
    assert [r.intent for r in rows] == [OUT_OF_SCOPE, OUT_OF_SCOPE, "refund", OUT_OF_SCOPE]
    assert rows[3].answer is None
    assert problems == []


def test_an_empty_label_alone_is_a_problem_in_a_history_but_means_out_of_scope_in_a_test(tmp_path):
    path = write(tmp_path, "a.csv", "question,intent\nweather?,\n")
    assert read_history(path)[1][0].reason == "the intent is empty"
    assert read_history(path, empty_is_oos=True)[0][0].intent == OUT_OF_SCOPE


def test_jsonl(tmp_path):
    deep = "[" * 100_000
    lines = [
        json.dumps({"问题": "怎么退", "答案": "点退款"}, ensure_ascii=False),
        "{not json}",
        "[1, 2]",
        deep,
        json.dumps({"问题": ["list"], "答案": "x"}),
        json.dumps({"问题": 12.0, "答案": 3}),
    ]
    rows, problems = read_history(write(tmp_path, "a.jsonl", "\n".join(lines)))
    assert [(r.question, r.answer, r.line) for r in rows] == [
        ("怎么退", "点退款", 1),
        ("12", "3", 6),
    ]
    assert [p.line for p in problems] == [2, 3, 4, 5]
    assert problems[0].reason.startswith("invalid JSON")
    assert problems[3].reason == "question must be text, found list"


DIALOGUE = [
    ("c1", "customer", "你好"),
    ("c1", "agent", "您好，请问有什么可以帮您"),
    ("c1", "customer", "我的订单"),
    ("c2", "顾客", "Can I return it?"),
    ("c1", "customer", "什么时候发货？"),
    ("c1", "客服", "今天 18 点前发货"),
    ("c1", "customer", "谢谢"),
    ("c1", "agent", "不客气"),
    ("c2", "agent", "Hi, how can I help"),
    ("c2", "system", "agent joined"),
    ("c2", "agent", "Yes, within 30 days."),
]
PAIRS = [
    ("我的订单 什么时候发货？", "今天 18 点前发货"),
    ("Can I return it?", "Yes, within 30 days."),
]


def test_dialogue_rows(tmp_path):
    path = tmp_path / "d.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("会话", "角色", "内容"), *DIALOGUE, ("c2", "alien", "?")])
    rows, problems = read_history(path)
    assert [(r.question, r.answer) for r in rows] == PAIRS
    assert [(r.customer, r.line) for r in rows] == [("c1", 4), ("c2", 5)]
    assert [(p.line, p.reason) for p in problems] == [
        (13, "unknown role 'alien', expected customer or agent (客户, 客服)")
    ]


def test_dialogue_objects(tmp_path):
    objects = [
        {
            "conversation": name,
            "messages": [{"role": r, "content": t} for c, r, t in DIALOGUE if c == name],
        }
        for name in ("c1", "c2")
    ]
    bad = {"conversation": "c3", "messages": "none"}
    text = "\n".join(json.dumps(o) for o in [*objects, bad])
    rows, problems = read_history(write(tmp_path, "d.jsonl", text))
    assert [(r.question, r.answer) for r in rows] == PAIRS
    assert [r.line for r in rows] == [1, 2]
    assert problems[0].line == 3


def test_turns_are_put_in_the_order_of_their_time(tmp_path):
    text = (
        "conversation,role,text,time\n"
        "c,agent,It ships today.,2026-01-01 10:05:00\n"
        "c,customer,When does it ship?,2026-01-01 10:00:00\n"
    )
    assert questions(write(tmp_path, "d.csv", text)) == ["When does it ship?"]


def sheet(tmp_path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def test_spreadsheet(tmp_path):
    path = sheet(
        tmp_path,
        [["问题", "答案"], ["几天到", 3], [], [None, "x"], ["a", "b", "c"], ["还有货吗", "有"]],
    )
    rows, problems = read_history(path)
    assert [(r.question, r.answer, r.line) for r in rows] == [
        ("几天到", "3", 2),
        ("还有货吗", "有", 6),
    ]
    assert [(p.line, p.reason) for p in problems] == [
        (4, "the question is empty"),
        (5, "expected 2 columns, found 3"),
    ]


@pytest.mark.parametrize("damage", ["cut", "text", "part", "empty"])
def test_damaged_spreadsheet_is_one_clear_line(tmp_path, damage):
    path = sheet(tmp_path, [["question", "answer"]] + [["q", "a"]] * 50)
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "text":
        path.write_text("question,answer\n")
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("xl/workbook.xml", "<not xml")
    with pytest.raises(SourceError, match=r"a\.xlsx: expected an \.xlsx spreadsheet") as error:
        read_history(path)
    assert "\n" not in str(error.value)


def test_spreadsheet_that_would_blow_up_is_refused_unread(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 60_000_000)
    with pytest.raises(SourceError, match="unpacks to 60 MB"):
        read_history(path)


def test_spreadsheet_with_entities_is_refused(tmp_path):
    path = sheet(tmp_path, [["question", "answer"], ["q", "a"]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    sheet_name = "xl/worksheets/sheet1.xml"
    parts[sheet_name] = evil + parts[sheet_name].split(b"?>", 1)[-1]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(SourceError):
        read_history(path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"PK\x03\x04rest", "a zip archive or .xlsx"),
        ("a.csv", bytes(range(256)) * 50, "binary data"),
        ("a.csv", b"", "empty first line"),
        ("a.csv", b"alpha,beta\n1,2\n", "expected the columns question"),
        ("a.csv", b"question,query,answer\n", "both mean question"),
        ("a.doc", b"x", "expected a file ending in .csv"),
        ("a.jsonl", b"nothing\nhere\n", "one JSON object per line"),
    ],
)
def test_files_that_cannot_be_read_at_all(tmp_path, name, data, message):
    with pytest.raises(SourceError, match=message) as error:
        read_history(write(tmp_path, name, data))
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        read_history(tmp_path / "none.csv")


HEADS = st.sampled_from(
    ["", "question,answer\n", "问题,意图\n", "conversation,role,text\n", '{"question": "a"}\n']
)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-16-be", "gb18030"])
BITS = st.lists(
    st.one_of(
        st.sampled_from(
            ['"', ",", "\n", "\r", "\x00", "a", "问", "customer", "agent", "{", "\ud800"]
        ),
        st.text(max_size=5),
    ),
    max_size=30,
).map("".join)


@given(
    head=HEADS,
    encoding=ENCODINGS,
    bits=BITS,
    tail=st.binary(max_size=9),
    suffix=st.sampled_from([".csv", ".jsonl", ".xlsx"]),
)
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory, head, encoding, bits, tail, suffix
):
    path = tmp_path_factory.getbasetemp() / f"fuzz{suffix}"
    path.write_bytes((head + bits).encode(encoding, "replace") + tail)
    try:
        rows, problems = read_history(path)
    except SourceError:
        return
    for row in rows:
        row.question.encode("utf-8")
        assert 0 < len(row.question) <= 4_000
        assert row.line >= 1
    assert all(problem.reason for problem in problems)
