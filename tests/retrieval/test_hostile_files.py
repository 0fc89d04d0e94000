"""Files that nobody should have to fear: each is reported, and the import goes on."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest

from retrieval.ingest import import_knowledge
from storage.knowledge import Knowledge
from tests.retrieval.test_ingest import database  # noqa: F401 (a fixture)
from tests.retrieval.test_office_readers import archive, pdf, saved

SECRET = "what only the machine's owner may read"


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        return {name: made.read(name) for name in made.namelist()}


def word_with_entity(secret: Path) -> bytes:
    parts = parts_of(saved(docx.Document()))
    body = parts["word/document.xml"].decode()
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    body = body.replace("<w:document", f"{entity}<w:document", 1)
    run = "<w:p><w:r><w:t>plain &x;</w:t></w:r></w:p>"
    parts["word/document.xml"] = body.replace("<w:body>", f"<w:body>{run}", 1).encode()
    return archive(parts)


def sheet_with_entity(secret: Path) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["size", "price"])
    book.active.append(["M", "1"])
    parts = parts_of(saved(book))
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name].decode()
    head, rest = sheet[: sheet.index("<worksheet")], sheet[sheet.index("<worksheet") :]
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    parts[name] = (head + entity + rest.replace("<v>1</v>", "<v>&x;</v>")).encode()
    return archive(parts)


def truncated_word() -> bytes:
    document = docx.Document()
    document.add_paragraph("half of it")
    return saved(document)[:-4000]


LOCKED = pdf(trailer="/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<00>/U<00>>>")

# name -> (bytes, what is reported)
REPORTED = {
    "bomb.zip": (lambda: archive({"a.txt": b"\0" * 60_000_000}), "unpacks to 60 MB"),
    "escape.zip": (lambda: archive({"../../escaped.md": b"# out"}), "leads out of it"),
    "absolute.zip": (lambda: archive({"/escaped.md": b"# out"}), "leads out of it"),
    "nested.zip": (lambda: archive({"in.zip": archive({"a.md": b"a"})}), "another archive"),
    "many.zip": (lambda: archive({f"{n}.md": b"a" for n in range(2_001)}), "at most 2,000 files"),
    "broken.zip": (lambda: archive({"a.md": b"a"})[:-10], "damaged"),
    "program.zip": (lambda: archive({"a.exe": b"MZ"}), "one of the kinds"),
    "picture.svg": (lambda: b'<svg><!ENTITY x SYSTEM "file:///etc/hostname">', "one of the kinds"),
    "locked.pdf": (lambda: LOCKED, "locked by a password"),
    "scanned.pdf": (pdf, "OCR"),
    "truncated.docx": (truncated_word, "damaged"),
    "binary.md": (lambda: bytes(range(256)) * 40, "found"),
}


@pytest.mark.parametrize("name", REPORTED)
def test_it_is_reported_and_the_others_are_read(database, tmp_path, name):  # noqa: F811
    make, reason = REPORTED[name]
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / name).write_bytes(make())
    (folder / "zz.md").write_text("# Good\n\nRead all the same.")
    with database.session() as session:
        report = import_knowledge(session, [folder])
        (document,) = Knowledge(session).documents()
    assert document.name == "knowledge/zz.md"
    assert len(report.problems) == 1
    assert reason in report.problems[0].reason
    assert report.problems[0].source.startswith(f"knowledge/{name.partition('.')[0]}")
    assert not list(tmp_path.rglob("escaped.md"))


def test_a_file_of_200_megabytes_is_refused_unread(database, tmp_path):  # noqa: F811
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(200 * 1024**2)
    with database.session() as session:
        (problem,) = import_knowledge(session, [path]).problems
    assert "found 200.0 MB" in problem.reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.html", "<div>" * 10_000 + "deep"),
        ("deep.md", "deep\n\n" + "<b>" * 10_000),
    ],
)
def test_ten_thousand_nested_tags_are_text_like_any_other(
    database,  # noqa: F811
    tmp_path,
    name,
    content,
):
    (tmp_path / name).write_text(content)
    with database.session() as session:
        report = import_knowledge(session, [tmp_path / name])
        assert (report.added, report.problems) == (1, ())
        assert "deep" in Knowledge(session).passages()[0].text


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.docx", word_with_entity),
        ("a.xlsx", sheet_with_entity),
        (
            "a.html",
            lambda secret: (
                f'<!DOCTYPE h [<!ENTITY x SYSTEM "{secret.as_uri()}">]><p>plain &x;</p>'
            ).encode(),
        ),
    ],
)
def test_no_outside_file_is_read_through_an_entity(database, tmp_path, name, make):  # noqa: F811
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    (tmp_path / name).write_bytes(make(secret))
    with database.session() as session:
        report = import_knowledge(session, [tmp_path / name])
        found = " ".join(passage.text for passage in Knowledge(session).passages())
    assert SECRET not in found + " ".join(problem.reason for problem in report.problems)
    assert report.added + len(report.problems) == 1
