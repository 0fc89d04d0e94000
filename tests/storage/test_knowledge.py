"""Knowledge: documents, passages that keep their ids, and the change log."""

from __future__ import annotations

from datetime import date

import pytest

from storage.errors import NotFoundError
from storage.knowledge import Knowledge
from storage.types import Labels, NewPassage

TEXT = "退款三天到账。\n退货七天之内。\n邮费由我们出。"


def passages(text=TEXT, heading="规则", **values):
    found, start = [], 0
    for line in text.split("\n"):
        end = start + len(line)
        found.append(NewPassage(line, heading, start, end, "zh", **values))
        start = end + 1
    return found


@pytest.fixture
def knowledge(database):
    with database.session() as session:
        yield Knowledge(session)


def put(knowledge, text=TEXT, name="a.md", title="甲", **values):
    return knowledge.put_document(
        name, title, f"hash of {text}", "zh", "document", text, passages(text, **values)
    )


def texts(knowledge):
    return [passage.text for passage in knowledge.passages()]


def changes(knowledge, revision):
    return [(c.passage_id, c.deleted) for c in knowledge.changes_since(revision)]


def test_a_document_is_stored_with_its_passages(knowledge):
    assert put(knowledge, questions=("怎么退",)) == "added"
    (document,) = knowledge.documents()
    assert (document.name, document.title, document.kind) == ("a.md", "甲", "document")
    first = knowledge.passages()[0]
    assert (first.document, first.title, first.kind) == ("a.md", "甲", "document")
    assert (first.heading, first.language, first.questions) == ("规则", "zh", ("怎么退",))
    text = knowledge.document_text("a.md")
    assert all(text[p.start : p.end] == p.text for p in knowledge.passages())


def test_every_new_passage_is_in_the_change_log(knowledge):
    assert knowledge.revision() == 0
    put(knowledge)
    ids = [p.id for p in knowledge.passages()]
    assert knowledge.revision() == 3
    assert changes(knowledge, 0) == [(each, False) for each in ids]
    assert changes(knowledge, 2) == [(ids[2], False)]
    assert changes(knowledge, 3) == []


def test_the_same_document_again_changes_nothing(knowledge):
    put(knowledge)
    before = knowledge.passages()
    assert put(knowledge) == "unchanged"
    assert knowledge.passages() == before
    assert knowledge.revision() == 3


def test_passages_that_read_the_same_keep_their_ids(knowledge):
    put(knowledge)
    first, second, third = knowledge.passages()
    assert put(knowledge, "新的一句。\n" + TEXT.replace("七天", "十天")) == "changed"
    now = {p.text: p.id for p in knowledge.passages()}
    assert now[first.text] == first.id
    assert now[third.text] == third.id
    assert second.text not in now
    assert len(now) == 4
    text = knowledge.document_text("a.md")
    assert all(text[p.start : p.end] == p.text for p in knowledge.passages())


def test_a_change_logs_what_is_gone_first_then_what_is_new_or_moved(knowledge):
    put(knowledge)
    first, second, third = knowledge.passages()
    put(knowledge, "退款三天到账。\n邮费由我们出。\n新的一句。")
    new = knowledge.passages()[-1]
    assert changes(knowledge, 3) == [(second.id, True), (third.id, False), (new.id, False)]
    assert first.id not in {passage_id for passage_id, _ in changes(knowledge, 3)}


def test_passages_that_repeat_are_told_apart(knowledge):
    put(knowledge, "同样。\n同样。\n别的。")
    before = knowledge.passages()
    put(knowledge, "同样。\n别的。\n同样。")
    assert {p.id for p in knowledge.passages()} == {p.id for p in before}
    put(knowledge, "同样。\n别的。")
    assert {p.id for p in knowledge.passages()} < {p.id for p in before}


def test_another_title_reaches_every_passage(knowledge):
    put(knowledge)
    assert put(knowledge, title="乙") == "changed"
    assert {p.title for p in knowledge.passages()} == {"乙"}
    assert len(changes(knowledge, 3)) == 3


def test_other_questions_make_another_passage(knowledge):
    put(knowledge)
    assert put(knowledge, questions=("怎么退",)) == "changed"
    assert [deleted for _, deleted in changes(knowledge, 3)] == [True] * 3 + [False] * 3


def test_a_deleted_document_leaves_only_the_log(knowledge):
    put(knowledge)
    put(knowledge, "留下。", name="b.md")
    gone = [p.id for p in knowledge.passages() if p.document == "a.md"]
    assert knowledge.delete_document("a.md")
    assert not knowledge.delete_document("a.md")
    assert texts(knowledge) == ["留下。"]
    assert changes(knowledge, 4) == [(each, True) for each in gone]
    assert knowledge.passages(gone) == []
    with pytest.raises(NotFoundError, match=r"'a\.md'"):
        knowledge.document_text("a.md")


def test_a_replay_from_the_start_names_each_passage_once_deletions_first(knowledge):
    put(knowledge)
    put(knowledge, title="乙")
    put(knowledge, "退款三天到账。", title="乙")
    (left,) = knowledge.passages()
    replay = changes(knowledge, 0)
    assert [deleted for _, deleted in replay] == [True, True, False]
    assert replay[-1] == (left.id, False)


def test_the_id_of_a_deleted_passage_is_never_given_again(knowledge):
    put(knowledge)
    gone = {p.id for p in knowledge.passages()}
    knowledge.delete_document("a.md")
    put(knowledge)
    assert not gone & {p.id for p in knowledge.passages()}


def test_passages_by_id(knowledge):
    lines = "\n".join(f"第{n}条。" for n in range(1200))
    put(knowledge, lines)
    everything = knowledge.passages()
    assert len(everything) == 1200
    assert knowledge.passages(p.id for p in reversed(everything)) == everything
    assert knowledge.passages([everything[5].id, 999_999]) == [everything[5]]
    assert knowledge.passages([]) == []
    assert knowledge.delete_document("a.md")


def test_questions_are_replaced_in_place(knowledge):
    put(knowledge, questions=("怎么退", "退款"))
    first = knowledge.passages()[0]
    knowledge.set_questions({first.id: ("退款",)})
    assert knowledge.passages([first.id])[0].questions == ("退款",)
    assert changes(knowledge, 3) == [(first.id, False)]
    knowledge.set_questions({})
    assert knowledge.revision() == 4


def test_tags_and_days_of_a_passage_come_back_and_make_it_another(knowledge):
    summer = Labels(("promo", "夏季"), date(2026, 6, 1), date(2026, 8, 31))
    text = "九折。"
    for labels in (summer, Labels()):
        passage = NewPassage(text, "", 0, len(text), "zh", (), labels)
        knowledge.put_document("sale.md", "", "h", "zh", "document", text, [passage])
        (stored,) = knowledge.passages()
        assert stored.labels == labels


def test_a_document_and_what_reaches_into_a_stretch_of_it(knowledge):
    put(knowledge)
    put(knowledge, name="b.md", title="乙")
    found = knowledge.document("b.md")
    assert found is not None
    assert (found.name, found.title) == ("b.md", "乙")
    assert knowledge.document("c.md") is None
    near = knowledge.passages_between("b.md", 6, 9)
    assert [(each.document, each.text) for each in near] == [
        ("b.md", "退款三天到账。"), ("b.md", "退货七天之内。"),
    ]  # fmt: skip
    assert [each.text for each in knowledge.passages_between("b.md", 7, 8)] == []
    assert knowledge.passages_between("c.md", 0, 99) == []
