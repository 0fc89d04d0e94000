from __future__ import annotations

import pytest

from finetune.errors import SourceError
from finetune.importing import KIND_GOLDEN, import_history
from storage.examples import Examples
from storage.types import OUT_OF_SCOPE


def write(tmp_path, name, *lines):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_get_language_origin_and_line(session, tmp_path):
    path = write(
        tmp_path,
        "h.csv",
        "question,intent,answer",
        "怎么退款,refund,点退款",
        "",
        "Hi?,hello,",
        "888,number,",
    )
    report = import_history(session, [path])
    assert (report.added, report.unchanged, report.problems) == (3, 0, ())
    stored = [(e.question, e.intent, e.answer, e.language, e.origin, e.line) for e in
              Examples(session).all()]  # fmt: skip
    assert stored == [
        ("怎么退款", "refund", "点退款", "zh", "h.csv", 2),
        ("Hi?", "hello", None, "en", "h.csv", 4),
        ("888", "number", None, "zh", "h.csv", 5),
    ]


def test_the_same_file_and_the_same_rows_elsewhere_change_nothing(session, tmp_path):
    rows = ("question,answer", "怎么退款,点退款", "几天到,3天", ",empty")
    first, copy = write(tmp_path, "a.csv", *rows), write(tmp_path, "b.csv", *rows)
    assert import_history(session, [first]).added == 2
    before = Examples(session).fingerprint()
    again = import_history(session, [first])
    assert (again.added, again.unchanged, len(again.problems)) == (0, 2, 1)
    elsewhere = import_history(session, [copy])
    assert (elsewhere.added, elsewhere.unchanged) == (0, 2)
    more = write(tmp_path, "a.csv", *rows, "能换吗,能")
    grown = import_history(session, [more])
    assert (grown.added, grown.unchanged) == (1, 2)
    assert Examples(session).fingerprint() != before


def test_personal_data_is_masked_and_the_companys_contacts_stay(session, tmp_path):
    path = write(
        tmp_path,
        "h.csv",
        "question,answer",
        "我电话13812345678,请拨打 400-820-0310 或 13900001111",
        "b,维修师傅电话 13755556666",
        "c,维修师傅电话 13755556666 上门",
        "d,师傅 13755556666 明天到",
        "e,已登记您的电话 13712341234",
    )
    import_history(session, [path], contacts=["13900001111"])
    stored = Examples(session).all()
    assert stored[0].question == "我电话<phone>"
    assert stored[0].answer == "请拨打 400-820-0310 或 13900001111"
    assert all("13755556666" in (e.answer or "") for e in stored[1:4])
    assert stored[4].answer == "已登记您的电话 <phone>"


def test_one_customer_told_three_times_is_one_customer(session, tmp_path):
    turns = [
        f"c1,{role},{text}"
        for n in range(3)
        for role, text in (("customer", f"问题{n}在哪"), ("agent", f"第{n}次打 13755556666"))
    ]
    import_history(session, [write(tmp_path, "d.csv", "conversation,role,text", *turns)])
    assert [e.answer for e in Examples(session).all()] == [f"第{n}次打 <phone>" for n in range(3)]


def test_a_number_kept_once_is_kept_in_later_imports(session, tmp_path):
    rows = [f"问{n},请打 13755556666" for n in range(3)]
    import_history(session, [write(tmp_path, "a.csv", "question,answer", *rows)])
    import_history(
        session, [write(tmp_path, "b.csv", "question,answer", "新问题,请打 13755556666")]
    )
    assert Examples(session).all()[-1].answer == "请打 13755556666"


def test_golden_rows_are_frozen(session, tmp_path):
    path = write(tmp_path, "golden.csv", "question,intent", "怎么退,refund", "天气,", "雨,oos")
    import_history(session, [path], kind=KIND_GOLDEN)
    assert [(e.question, e.intent, e.golden) for e in Examples(session).golden()] == [
        ("怎么退", "refund", True), ("天气", OUT_OF_SCOPE, True), ("雨", OUT_OF_SCOPE, True),
    ]  # fmt: skip


def test_a_file_that_cannot_be_read_leaves_nothing_behind(session, tmp_path):
    good = write(tmp_path, "a.csv", "question,answer", "q,a")
    bad = write(tmp_path, "b.csv", "alpha,beta", "1,2")
    with pytest.raises(SourceError, match=r"b\.csv"):
        import_history(session, [good, bad])
    assert Examples(session).count() == 0


def test_progress_is_told(session, tmp_path):
    told = []
    path = write(tmp_path, "a.csv", "question,answer", "q,a")
    import_history(session, [path], progress=lambda what, share: told.append((what, share)))
    assert told == [("a.csv", 1.0)]
