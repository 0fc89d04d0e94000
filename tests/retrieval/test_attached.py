"""Attached questions: on the right passage, whatever becomes of document and file."""

from pathlib import Path

import pytest

from retrieval.attached import attach, detach, forget_file, import_questions
from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from retrieval.ingest import import_knowledge
from retrieval.types import ImportReport
from storage.attached import AttachedQuestions
from storage.database import Database, sqlite_url
from storage.errors import InputError, NotFoundError
from storage.knowledge import Knowledge
from storage.migrate import upgrade
from storage.types import QUESTION_FROM_STAFF, NewAttachedQuestion

RETURNS = "# 退货\n\n七天内可以退货。\n\n## 运费\n\n运费由买家承担。\n"
OWN = "knowledge/faq.csv"


@pytest.fixture
def database(tmp_path):
    database = Database(sqlite_url(tmp_path / "kefu.db"))
    upgrade(database)
    yield database
    database.dispose()


@pytest.fixture
def folder(tmp_path, database) -> Path:
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "returns.md").write_text(RETURNS, encoding="utf-8")
    (folder / "faq.csv").write_text("question,answer\nWhen?,At 9.\n", encoding="utf-8")
    bring_in(database, folder)
    return folder


def bring_in(database, folder) -> ImportReport:
    with database.session() as session:
        return import_knowledge(session, [folder])


def write(folder: Path, *rows: str) -> Path:
    path = folder.parent / "questions.csv"
    path.write_text("\n".join(["question,passage,document", *rows]), encoding="utf-8")
    return path


def read(database, path) -> ImportReport:
    with database.session() as session:
        return import_questions(session, path)


def asked(database) -> dict[str, tuple[str, ...]]:
    with database.session() as session:
        return {each.text: each.questions for each in Knowledge(session).passages()}


def by_staff(question: str, quote: str = "七天内可以退货", document: str = "knowledge/returns.md"):
    return NewAttachedQuestion(document, quote, question, QUESTION_FROM_STAFF, "ann")


def put_on(database, *questions) -> int:
    with database.session() as session:
        return attach(session, questions)


def numbers(database) -> dict[str, int]:
    with database.session() as session:
        return {each.question: each.id for each in AttachedQuestions(session).all()}


def take_off(database, question: str) -> None:
    number = numbers(database)[question]
    with database.session() as session:
        detach(session, number)


def test_a_file_attaches_its_questions_to_the_passages_that_hold_the_words(database, folder):
    path = write(
        folder,
        "不想要了咋办,七天内可以退货。,returns.md",
        "寄回去谁出钱,运费由买家承担,knowledge/returns.md",
        "你们几点上班,At 9.,faq.csv",
    )
    assert read(database, path) == ImportReport(3, 0, 0, ())
    found = asked(database)
    assert found["七天内可以退货。"] == ("不想要了咋办",)
    assert found["运费由买家承担。"] == ("寄回去谁出钱",)
    assert found["At 9."] == ("When?", "你们几点上班")


def test_the_same_file_again_changes_nothing(database, folder):
    path = write(folder, "不想要了咋办,七天内可以退货。,returns.md")
    read(database, path)
    with database.session() as session:
        before = Knowledge(session).revision()
    assert read(database, path) == ImportReport(0, 1, 0, ())
    with database.session() as session:
        assert Knowledge(session).revision() == before


def test_what_the_file_no_longer_says_goes_and_what_it_moves_is_moved(database, folder):
    read(
        database, write(folder, "甲,七天内可以退货。,returns.md", "乙,七天内可以退货。,returns.md")
    )
    put_on(database, by_staff("丙"))
    report = read(database, write(folder, "甲,运费由买家承担,returns.md"))
    assert (report.added, report.unchanged, report.removed) == (0, 1, 1)
    assert asked(database)["七天内可以退货。"] == ("丙",)
    assert asked(database)["运费由买家承担。"] == ("甲",)
    with database.session() as session:
        assert forget_file(session, "questions.csv") == 1
    assert asked(database)["运费由买家承担。"] == ()
    assert asked(database)["七天内可以退货。"] == ("丙",)


def test_rows_that_cannot_be_used_are_told_and_the_rest_is_used(database, folder):
    (folder / "old").mkdir()
    (folder / "old" / "returns.md").write_text("旧的。\n", encoding="utf-8")
    bring_in(database, folder)
    path = write(
        folder,
        "不想要了咋办,七天内可以退货。,knowledge/returns.md",
        "什么时候,坏了免费换一台新的,knowledge/returns.md",
        "怎么办,七天内可以退货。,returns.md",
        "怎么办呢,七天内可以退货。,nowhere.md",
        "没有段落,,knowledge/returns.md",
        f"{'长' * 501},七天内可以退货。,knowledge/returns.md",
    )
    report = read(database, path)
    assert report.added == 1
    assert [problem.line for problem in report.problems] == [3, 4, 5, 6, 7]
    reasons = [problem.reason for problem in report.problems]
    assert "which no passage of it holds" in reasons[0]
    assert "which names 2" in reasons[1]
    assert "which names none" in reasons[2]
    assert "empty" in reasons[3]
    assert "at most 500" in reasons[4]


def test_personal_data_in_a_file_is_masked(database, folder):
    read(database, write(folder, "我的电话 13812345678 怎么改,七天内可以退货。,returns.md"))
    assert "13812345678" not in str(asked(database))


def test_a_changed_document_keeps_what_was_attached(database, folder):
    put_on(database, by_staff("不想要了咋办"), by_staff("谁付邮费", "运费由买家承担"))
    changed = RETURNS.replace("七天内可以退货。", "七天内可以退货。签收次日起算。")
    (folder / "returns.md").write_text(changed, encoding="utf-8")
    bring_in(database, folder)
    found = asked(database)
    assert found["七天内可以退货。签收次日起算。"] == ("不想要了咋办",)
    assert found["运费由买家承担。"] == ("谁付邮费",)
    (folder / "returns.md").write_text("# 退货\n\n一概不退。\n", encoding="utf-8")
    bring_in(database, folder)
    assert asked(database)["一概不退。"] == ()
    (folder / "returns.md").write_text(RETURNS, encoding="utf-8")
    bring_in(database, folder)
    assert asked(database)["七天内可以退货。"] == ("不想要了咋办",)


def test_a_removed_document_takes_them_along(database, folder):
    put_on(database, by_staff("不想要了咋办"))
    text = (folder / "returns.md").read_text(encoding="utf-8")
    (folder / "returns.md").unlink()
    bring_in(database, folder)
    assert numbers(database) == {}
    (folder / "returns.md").write_text(text, encoding="utf-8")
    bring_in(database, folder)
    assert asked(database)["七天内可以退货。"] == ()


def test_what_was_removed_in_the_product_stays_removed(database, folder):
    path = write(folder, "不想要了咋办,七天内可以退货。,returns.md")
    read(database, path)
    take_off(database, "不想要了咋办")
    assert asked(database)["七天内可以退货。"] == ()
    read(database, path)
    assert asked(database)["七天内可以退货。"] == ()
    assert put_on(database, by_staff("不想要了咋办")) == 1
    assert asked(database)["七天内可以退货。"] == ("不想要了咋办",)


def test_a_question_is_attached_once(database, folder):
    assert put_on(database, by_staff("不想要了咋办"), by_staff("不想要了咋办")) == 1
    assert put_on(database, by_staff("不想要了咋办")) == 0
    assert asked(database)["七天内可以退货。"] == ("不想要了咋办",)


def test_a_question_of_the_document_itself_is_never_taken_off(database, folder):
    assert put_on(database, by_staff("When?", "At 9.", OWN)) == 0
    assert numbers(database) == {}
    assert read(database, write(folder, "When?,At 9.,faq.csv")).added == 0
    assert asked(database)["At 9."] == ("When?",)


def test_what_the_document_asks_itself_meanwhile_is_attached_no_longer(database, folder):
    put_on(database, by_staff("几点开门？", "At 9.", OWN))
    faq = "question,answer\nWhen?,At 9.\n几点开门?,At 9 as well.\n"
    (folder / "faq.csv").write_text(faq, encoding="utf-8")
    bring_in(database, folder)
    assert numbers(database) == {}
    assert asked(database)["At 9."] == ("When?",)
    assert asked(database)["At 9 as well."] == ("几点开门?",)


@pytest.mark.parametrize(
    ("question", "quote", "reason"),
    [(" ", "七天内可以退货", "expected a question"), ("x", "别的话", "no passage of it holds")],
)
def test_what_cannot_be_attached_is_refused(database, folder, question, quote, reason):
    with pytest.raises(InputError, match=reason):
        put_on(database, by_staff(question, quote))
    assert numbers(database) == {}


def test_nothing_that_is_not_there_can_be_taken_off(database, folder):
    with database.session() as session, pytest.raises(NotFoundError):
        detach(session, 7)


def test_of_two_passages_the_one_that_holds_the_whole_quote_has_it(database, folder):
    long = "保修：机身两年，电机十年，耗材不保。"
    text = f"# 保修\n\n## 一\n\n{long[:12]}\n\n## 二\n\n{long}\n"
    (folder / "warranty.md").write_text(text, encoding="utf-8")
    bring_in(database, folder)
    put_on(database, by_staff("电机坏了", long, "knowledge/warranty.md"))
    assert asked(database)[long] == ("电机坏了",)


def test_a_quote_that_is_a_whole_passage_goes_before_one_that_is_a_part_of_another(
    database, folder
):
    text = "# 保修\n\n## 一\n\n电机保修十年。其他见背面。\n\n## 二\n\n电机保修十年。\n"
    (folder / "warranty.md").write_text(text, encoding="utf-8")
    bring_in(database, folder)
    put_on(database, by_staff("电机坏了", "电机保修十年。", "knowledge/warranty.md"))
    assert asked(database)["电机保修十年。"] == ("电机坏了",)
    assert asked(database)["电机保修十年。其他见背面。"] == ()


def test_an_attached_question_is_found_by_the_next_search(
    database, folder, tmp_path, encoder, analyser
):
    index = HybridIndex(tmp_path / "indexes", encoder, analyser, Fusion())
    index.sync(database)
    question = "老婆说颜色太土，哪儿来的回哪儿去"
    before = next(hit for hit in index.search(question) if hit.passage.text == "七天内可以退货。")
    put_on(database, by_staff(question))
    index.sync(database)
    after = index.search(question)[0]
    assert after.passage.text == "七天内可以退货。"
    assert after.question == pytest.approx(1.0, abs=1e-5)
    assert after.score > before.score
    (reasons,) = index.explain("老婆嫌颜色土，想退", [after])
    assert reasons.question == question
    take_off(database, question)
    index.sync(database)
    again = next(hit for hit in index.search(question) if hit.passage.text == "七天内可以退货。")
    assert again.score == pytest.approx(before.score)
