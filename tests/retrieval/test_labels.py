"""Tags and validity dates, wherever they are written, and what the filters make of them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import PurePath

import pytest

from retrieval.chunking import chunk
from retrieval.errors import UnreadableFileError
from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from retrieval.ingest import import_knowledge
from retrieval.readers import read_file
from retrieval.types import SearchFilter
from storage.types import Labels
from tests.retrieval.test_hostile_files import archive
from tests.retrieval.test_ingest import run, texts

SUMMER = Labels(("promo", "夏季"), date(2026, 6, 1), date(2026, 8, 31))


def labels_of(name: str, text: str, given: Labels = Labels()) -> list[Labels]:  # noqa: B008
    (document,) = read_file(PurePath(name), text.encode()).documents
    return [passage.labels for passage in chunk(document, given)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.md",
            "---\ntitle: Sale\ntags: promo, 夏季\nvalid_from: 2026-06-01\n"
            "valid_until: 2026-08-31\n---\nTen percent off.",
        ),
        (
            "a.md",
            "---\ntags:\n  - promo\n  - 夏季\nvalid-from: 2026/6/1\n有效期至: 2026年8月31日\n---\n"
            "Ten percent off.",
        ),
        (
            "a.html",
            '<head><meta name="tags" content="promo, 夏季"><meta name="valid-from" content='
            '"2026-06-01"><meta name="valid-until" content="2026-08-31"></head><p>Ten off.</p>',
        ),
        (
            "a.csv",
            "question,answer,tags,valid_from,valid_until\n"
            "Sale?,Ten off.,promo;夏季,2026-06-01,2026-08-31\n",
        ),
        (
            "a.jsonl",
            json.dumps(
                {
                    "question": "Sale?",
                    "answer": "Ten off.",
                    "tags": ["promo", "夏季"],
                    "valid_from": "2026-06-01",
                    "valid_until": "2026-08-31",
                }
            ),
        ),
    ],
)
def test_documents_say_their_labels(name, text):
    assert labels_of(name, text) == [SUMMER]


def test_what_a_row_says_goes_before_what_the_import_says():
    rows = "question,answer,valid_until\nA?,Yes.,2026-01-01\nB?,No.,\n"
    given = Labels(("faq",), None, date(2027, 1, 1))
    first, second = labels_of("a.csv", rows, given)
    assert first == Labels(("faq",), None, date(2026, 1, 1))
    assert second == given


def test_a_date_that_is_none_is_refused_for_its_row_or_document():
    with pytest.raises(UnreadableFileError, match=r"valid_until in a\.md to be a day .*soon"):
        read_file(PurePath("a.md"), b"---\nvalid_until: soon\n---\nText.")
    reading = read_file(PurePath("a.csv"), b"title,text,valid_until\nA,B,2026-02-31\nC,D,\n")
    assert [problem.line for problem in reading.problems] == [2]
    assert len(reading.documents[0].sections) == 1


def test_json_lines_are_read_and_bad_ones_told():
    lines = ['{"question": "怎么退货?", "answer": "七天内。"}', "", "{", '{"a": 1}', "[" * 5_000]
    reading = read_file(PurePath("faq.jsonl"), "\n".join(lines).encode("utf-16"))
    assert [section.questions for section in reading.documents[0].sections] == [("怎么退货?",)]
    assert [problem.line for problem in reading.problems] == [3, 4, 5]
    with pytest.raises(UnreadableFileError, match="one a line, found none"):
        read_file(PurePath("faq.jsonl"), b"{}")


@pytest.fixture
def index(tmp_path, encoder, analyser, database):
    files = {
        "promo/old.md": "---\ntags: promo\nvalid_until: 2026-08-31\n---\nSummer sale on kettles.",
        "promo/new.md": "---\ntags: promo\nvalid_from: 2026-09-01\n---\nAutumn sale on kettles.",
        "care.md": "---\ntags: care\n---\nKettles are wiped dry after the sale.",
    }
    (tmp_path / "docs.zip").write_bytes(archive({k: v.encode() for k, v in files.items()}))
    with database.session() as session:
        report = import_knowledge(session, [tmp_path / "docs.zip"])
    assert report.problems == ()
    made = HybridIndex(
        tmp_path / "indexes", encoder, analyser, Fusion(), today=lambda: date(2026, 9, 1)
    )
    made.sync(database)
    return made


def found(index: HybridIndex, **only: object) -> set[str]:
    hits = index.search("kettles on sale", 10, only=SearchFilter(**only))
    return {hit.passage.document.rpartition("/")[2] for hit in hits}


def test_a_customer_finds_only_what_is_valid_today(index):
    assert found(index) == {"new.md", "care.md"}
    assert found(index, expired=True) == {"old.md", "new.md", "care.md"}


def test_search_is_narrowed_by_tag_and_language(index):
    assert found(index, tags=("promo",)) == {"new.md"}
    assert found(index, tags=("care", "promo"), expired=True) == {"old.md", "new.md", "care.md"}
    assert found(index, language="zh") == set()


def test_other_labels_for_the_same_file_are_a_change(database, tmp_path):
    path = tmp_path / "a.md"
    path.write_text("Text that stays.")
    assert run(database, path).added == 1
    assert run(database, path, labels=Labels(("new",))).added == 1
    assert run(database, path, labels=Labels(("new",))).unchanged == 1


def test_an_archive_is_a_folder_whose_removed_files_go(database, tmp_path):
    path = tmp_path / "docs.zip"
    path.write_bytes(archive({"a.md": b"First.", "b.md": b"Second.", ".hidden.md": b"No."}))
    assert run(database, path).added == 2
    path.write_bytes(archive({"a.md": b"First."}))
    report = run(database, path)
    assert (report.unchanged, report.removed) == (1, 1)
    assert texts(database) == ["First."]


def test_names_in_gbk_are_read_as_they_were_written(database, tmp_path):
    data = archive({"QQQQ.md": b"Text."})
    (tmp_path / "docs.zip").write_bytes(data.replace(b"QQQQ", "退货".encode("gbk")))
    assert run(database, tmp_path / "docs.zip").problems == ()
    from storage.knowledge import Knowledge

    with database.session() as session:
        assert Knowledge(session).documents()[0].name.endswith("docs/退货.md")
