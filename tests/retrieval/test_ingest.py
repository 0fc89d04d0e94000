import os
from pathlib import Path

import pytest

from retrieval.ahead import read_ahead
from retrieval.ingest import import_knowledge, index_answers
from retrieval.types import ImportReport
from storage.database import Database, sqlite_url
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.migrate import upgrade
from storage.templates import Templates
from storage.types import Example, TemplateDraft


@pytest.fixture
def database(tmp_path):
    database = Database(sqlite_url(tmp_path / "kefu.db"))
    upgrade(database)
    yield database
    database.dispose()


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "knowledge"
    (folder / "more").mkdir(parents=True)
    (folder / "returns.md").write_text("# 退货\n\n七天内可以退货。\n", encoding="utf-8")
    (folder / "more" / "faq.csv").write_text("question,answer\nWhen?,At 9.\n", encoding="utf-8")
    return folder


def run(database, *paths, **options) -> ImportReport:
    with database.session() as session:
        return import_knowledge(session, paths, **options)


def names(database) -> list[str]:
    with database.session() as session:
        return [document.name for document in Knowledge(session).documents()]


def texts(database) -> list[str]:
    with database.session() as session:
        return [passage.text for passage in Knowledge(session).passages()]


def revision(database) -> int:
    with database.session() as session:
        return Knowledge(session).revision()


def test_a_folder_is_imported_with_all_below_it(database, folder):
    report = run(database, folder)
    assert report == ImportReport(added=2, unchanged=0, removed=0, problems=())
    assert names(database) == ["knowledge/more/faq.csv", "knowledge/returns.md"]
    assert sorted(texts(database)) == ["At 9.", "七天内可以退货。"]


def test_names_are_relative_to_the_root(database, folder):
    run(database, folder, root=folder.parent.parent)
    assert names(database)[0].endswith("/knowledge/more/faq.csv")
    run(database, folder / "returns.md", root=folder)
    assert "returns.md" in names(database)


def test_a_file_that_was_gone_and_comes_back_is_there_again(database, folder):
    run(database, folder)
    text = (folder / "returns.md").read_text(encoding="utf-8")
    (folder / "returns.md").unlink()
    assert run(database, folder).removed == 1
    (folder / "returns.md").write_text(text, encoding="utf-8")
    assert run(database, folder) == ImportReport(added=1, unchanged=1, removed=0, problems=())


def test_a_file_and_its_folder_name_the_document_alike(database, folder):
    run(database, folder / "returns.md")
    assert run(database, folder).unchanged == 1


def test_a_second_import_changes_nothing(database, folder):
    run(database, folder)
    before = revision(database)
    assert run(database, folder) == ImportReport(0, 2, 0, ())
    assert revision(database) == before


def test_a_changed_file_replaces_its_passages(database, folder):
    run(database, folder)
    (folder / "returns.md").write_text("# 退货\n\n现在是三十天。\n", encoding="utf-8")
    assert run(database, folder) == ImportReport(1, 1, 0, ())
    assert sorted(texts(database)) == ["At 9.", "现在是三十天。"]


def test_documents_of_files_that_are_gone_are_removed(database, folder):
    run(database, folder)
    (folder / "returns.md").unlink()
    assert run(database, folder) == ImportReport(0, 1, 1, ())
    assert names(database) == ["knowledge/more/faq.csv"]


def test_only_the_folders_own_documents_are_removed(database, folder, tmp_path):
    other = tmp_path / "other" / "knowledge"
    other.mkdir(parents=True)
    (other / "hours.txt").write_text("We open at 9.", encoding="utf-8")
    run(database, other)
    with database.session() as session:
        Knowledge(session).put_document("knowledge/a", "a", "h", "en", "document", "a", [])
    assert run(database, folder).removed == 0
    assert {"knowledge/a", "knowledge/hours.txt"} <= set(names(database))


def test_a_folder_that_is_its_own_root_removes_nothing_of_others(database, folder):
    run(database, folder / "returns.md")
    (folder / "returns.md").unlink()
    run(database, folder, root=folder)
    assert names(database) == ["knowledge/returns.md", "more/faq.csv"]


def test_unusable_files_are_reported_and_the_rest_is_imported(database, folder):
    (folder / "empty.md").write_text("")
    (folder / "price.pdf").write_bytes(b"%PDF-1.7")
    (folder / "talk.pptx").write_bytes(b"PK")
    (folder / "broken.csv").write_text("a,b\n1,2\n")
    (folder / ".hidden.md").write_text("hidden")
    os.mkfifo(folder / "pipe.txt")
    report = run(database, folder)
    assert report.added == 2
    reasons = {problem.source: problem.reason for problem in report.problems}
    assert sorted(reasons) == [
        "knowledge/broken.csv", "knowledge/empty.md", "knowledge/pipe.txt", "knowledge/price.pdf",
        "knowledge/talk.pptx",
    ]  # fmt: skip
    assert "question,answer" in reasons["knowledge/broken.csv"]
    assert "damaged" in reasons["knowledge/price.pdf"]
    assert ".md" in reasons["knowledge/talk.pptx"]


def test_unusable_rows_are_reported_with_their_line(database, folder):
    (folder / "rows.csv").write_text("question,answer\nWho?,\nWhat?,That.\n")
    report = run(database, folder)
    assert [(each.source, each.line) for each in report.problems] == [("knowledge/rows.csv", 2)]
    assert "That." in texts(database)


def test_a_file_that_became_unusable_keeps_its_document(database, folder):
    run(database, folder)
    (folder / "returns.md").write_text("")
    report = run(database, folder)
    assert (report.removed, len(report.problems)) == (0, 1)
    assert "七天内可以退货。" in texts(database)


def test_what_is_not_there_is_reported_and_removes_nothing(database, folder, tmp_path):
    run(database, folder)
    report = run(database, tmp_path / "absent", folder / "absent.md")
    assert [each.reason.startswith("Expected a file or folder") for each in report.problems] == [
        True, True,
    ]  # fmt: skip
    assert len(names(database)) == 2


def test_links_out_of_the_folder_are_not_followed(database, folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (folder / "link.md").symlink_to(outside / "secret.md")
    (folder / "linked").symlink_to(outside)
    (folder / "inside.md").symlink_to(folder / "returns.md")
    report = run(database, folder)
    assert [each.source for each in report.problems] == ["knowledge/link.md"]
    assert "secret" not in texts(database)
    assert "knowledge/inside.md" in names(database)


def test_a_name_that_is_not_utf8_is_reported(database, folder):
    (folder / os.fsdecode(b"\xb0\xa1.md")).write_text("text")
    report = run(database, folder)
    assert [each.source for each in report.problems] == ["knowledge/??.md"]
    assert report.added == 2


def test_an_edit_in_the_product_wins_over_an_unchanged_file(database, folder):
    run(database, folder)
    with database.session() as session:
        knowledge = Knowledge(session)
        knowledge.put_document("knowledge/returns.md", "t", "edit", "zh", "document", "新", [])
        knowledge.delete_document("knowledge/more/faq.csv")
    report = run(database, folder)
    assert (report.added, report.unchanged) == (0, 2)
    assert sorted(each.reason.split(" in the")[0] for each in report.problems) == [
        "The document was deleted",
        "The document was edited",
    ]
    assert names(database) == ["knowledge/returns.md"]
    assert run(database, folder / "more" / "faq.csv", root=folder.parent).added == 1


def test_a_changed_file_wins_over_an_older_edit(database, folder):
    run(database, folder)
    with database.session() as session:
        Knowledge(session).delete_document("knowledge/returns.md")
    (folder / "returns.md").write_text("新的退货规则。", encoding="utf-8")
    assert run(database, folder).added == 1


def test_progress_names_every_file_and_ends_at_one(database, folder):
    seen: list[tuple[str, float]] = []
    run(database, folder, progress=lambda name, share: seen.append((name, share)))
    assert seen == [("knowledge/returns.md", 0.5), ("knowledge/more/faq.csv", 1.0)]


def save(session, name, **texts):
    Templates(session).save(
        TemplateDraft(name, {language: (text,) for language, text in texts.items()}), editor="shop"
    )


def answers(database):
    with database.session() as session:
        return [each for each in Knowledge(session).passages() if each.kind == "answer"]


def test_answers_become_passages_with_their_questions(database):
    with database.session() as session:
        save(session, "refund", zh="三天内退款。", en="You get it back in three days.")
        Examples(session).add(
            [
                Example("怎么退款", "refund", None, "zh"),
                Example("How do I get a refund", "refund", None, "en"),
                Example("冻结的问题", "refund", None, "zh", golden=True),
                Example("天气如何", "oos", None, "zh"),
            ]
        )
        assert index_answers(session) == ImportReport(1, 0, 0, ())
        document = Knowledge(session).document_text("answer:refund")
    passages = answers(database)
    assert [(each.language, each.questions) for each in passages] == [
        ("en", ("How do I get a refund", "怎么退款")),
        ("zh", ("怎么退款", "How do I get a refund")),
    ]
    assert all(document[each.start : each.end] == each.text for each in passages)


def test_answers_stay_in_step_with_the_templates(database):
    with database.session() as session:
        save(session, "refund", zh="三天内退款。")
        save(session, "hours", zh="九点开门。")
        index_answers(session)
        assert index_answers(session) == ImportReport(0, 2, 0, ())
        save(session, "refund", zh="五天内退款。")
        hours = Templates(session).by_name("hours")
        Templates(session).retire(hours.id)
        assert index_answers(session) == ImportReport(1, 0, 1, ())
    assert [each.text for each in answers(database)] == ["五天内退款。"]


def test_at_most_twenty_questions_go_with_an_answer(database):
    with database.session() as session:
        save(session, "refund", zh="三天内退款。")
        Examples(session).add(Example(f"第{n}问", "refund", None, "zh") for n in range(50))
        index_answers(session)
    assert len(answers(database)[0].questions) == 20


def test_a_folder_import_leaves_the_answers_alone(database, folder):
    with database.session() as session:
        save(session, "refund", zh="三天内退款。")
        index_answers(session)
    run(database, folder, root=folder)
    assert len(answers(database)) == 1


def test_what_was_read_ahead_is_not_read_in_the_transaction(database, folder, monkeypatch):
    (folder / "broken.csv").write_text("a,b\n1,2\n")
    ahead = read_ahead(database, [folder])
    assert len(ahead) == 3
    monkeypatch.setattr("retrieval.ingest.read_file", None)
    with database.session() as session:
        report = import_knowledge(session, [folder], ahead=ahead)
    assert report.added == 2
    assert [problem.source for problem in report.problems] == ["knowledge/broken.csv"]
    # What the database holds as it is now need not be read at all.
    assert [name for name, _ in read_ahead(database, [folder])] == ["knowledge/broken.csv"]
