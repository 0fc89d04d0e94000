from __future__ import annotations

import pytest

from finetune.errors import SourceError
from finetune.evaluate import (
    Outcome,
    ReplyRow,
    decide_plainly,
    evaluate_replies,
    expected_labels,
    read_reply_rows,
)
from finetune.types import Prediction, Thresholds
from storage.normalise import text_key
from storage.templates import Templates
from storage.types import TemplateDraft


def row(question, intent=None, answer=None, language="zh"):
    return ReplyRow(question, intent, answer, language, 2)


def outcome(label, kind, confidence=0.8, in_scope=0.9, reply="", ms=1.0):
    ranked = ((label, confidence), ("other", 1 - confidence))
    return Outcome(Prediction(ranked, in_scope), kind, reply, ms)


ROWS = [
    row("q1", intent="refund"),
    row("q2", intent="refund", answer="点退款"),
    row("q3", intent="unknown"),
    row("q4", answer="满99包邮", language="en"),
    row("o1"),
    row("o2", language="en"),
]
EXPECTED = ["refund", "refund", None, "delivery", None, None]
OUTCOMES = {
    "q1": outcome("refund", "template"),
    "q2": outcome("delivery", "template", reply="点退款"),
    "q3": outcome("refund", "clarify"),
    "q4": outcome("delivery", "no_answer", in_scope=0.5),
    "o1": outcome("refund", "no_answer", in_scope=0.2),
    "o2": outcome("refund", "template", in_scope=0.95, ms=11.0),
}


def test_all_numbers_by_hand():
    found = evaluate_replies(ROWS, OUTCOMES.__getitem__, expected=EXPECTED)
    assert (found.n, found.oos_n, found.unknown_n) == (6, 2, 1)
    assert found.accuracy == 0.5
    assert found.answer_accuracy == 0.5
    # refund: 1 hit of 2 expected and 2 chosen; ?unknown 0; delivery: 1 hit of 1 and 2.
    assert found.macro_f1 == pytest.approx((0.5 + 0 + 2 / 3) / 3)
    assert (found.answered, found.clarified, found.refused) == (0.5, 0.25, 0.25)
    assert found.wrong == 0.25
    assert found.oos_recall == 0.5
    assert found.oos_auroc == pytest.approx(4 / 8)
    assert found.oos_recall_at_5 == 0.5
    assert found.ece == pytest.approx(0.3)
    assert found.p50_ms == 1.0
    assert set(found.by_language) == {"zh", "en"}
    assert found.by_language["en"]["accuracy"] == 1.0
    assert found.by_language["zh"]["n"] == 4
    assert found.as_dict()["oos_recall@5"] == 0.5


def test_undefined_numbers_are_none():
    inside = evaluate_replies(ROWS[:1], OUTCOMES.__getitem__, expected=["refund"])
    assert inside.oos_recall is inside.oos_auroc is inside.oos_recall_at_5 is None
    assert inside.answer_accuracy is None
    outside = evaluate_replies(ROWS[4:], OUTCOMES.__getitem__, expected=[None, None])
    assert outside.accuracy is outside.macro_f1 is outside.ece is outside.answered is None
    assert outside.oos_recall == 0.5


@pytest.mark.parametrize(
    ("reply", "answer", "same"),
    [
        ("满９９ 包邮", "满99  包邮", True),
        ("请打 13755556666", "请打 13755556666", True),
        ("请打 13755556666", "请打 13755557777", False),
        ("请打 <phone>", "请打 13755557777", True),
        ("满99包邮", "满199包邮", False),
    ],
)
def test_answer_accuracy_compares_what_the_customer_would_read(reply, answer, same):
    told = outcome("a", "template", reply=reply)
    found = evaluate_replies([row("q", answer=answer)], lambda _: told, expected=["a"])
    assert found.answer_accuracy == float(same)


@pytest.mark.parametrize(
    ("reply", "wrong"), [("满99包邮 [1]", 0.0), ("满199包邮", 1.0), ("", 1.0), ("99包邮", 0.0)]
)
def test_a_quotation_is_right_if_it_holds_the_expected_answer(reply, wrong):
    told = outcome("b", "grounded", reply=reply)
    found = evaluate_replies([row("q", answer="满99包邮")], lambda _: told, expected=["a"])
    assert (found.answered, found.wrong) == (1.0, wrong)


def test_the_out_of_scope_label_is_never_the_choice():
    told = Outcome(Prediction((("oos", 0.9), ("refund", 0.1)), 0.1), "no_answer")
    found = evaluate_replies([row("q", intent="refund")], lambda _: told, expected=["refund"])
    assert found.accuracy == 1.0


def test_an_expected_answer_stands_for_its_template(session):
    template = Templates(session).save(
        TemplateDraft("delivery", {"zh": ("满99包邮，电话 13755556666",)}), editor="shop"
    )
    masked = Templates(session).save(
        TemplateDraft("sms", {"zh": ("已发到 <phone>",)}), editor="shop"
    )
    Templates(session).add_variant(template.id, text_key("亲，满99包邮"))
    known = {"delivery": template.id, "sms": masked.id, "bare": None}
    rows = [
        row("a", answer="满９９包邮，电话  13755556666"),
        row("b", answer="亲，满99包邮"),
        row("c", answer="已发到 13812345678"),
        row("d", answer="never said"),
        row("e", intent="bare"),
        row("f", intent="gone", answer="亲，满99包邮"),
        row("g", intent="gone"),
        row("h"),
    ]
    assert expected_labels(session, rows, known) == [
        "delivery", "delivery", "sms", None, "bare", "delivery", None, None,
    ]  # fmt: skip
    assert expected_labels(session, rows[:1], {"other": None}) == [None]


def test_reading_rows(tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("question,intent,answer\n怎么退,refund,\nweather today,oos,\nnews,,\n,x,\n")
    rows, problems = read_reply_rows(path)
    assert [(r.question, r.out_of_scope, r.language) for r in rows] == [
        ("怎么退", False, "zh"), ("weather today", True, "en"), ("news", True, "en"),
    ]  # fmt: skip
    assert [p.line for p in problems] == [5]


def test_a_file_without_usable_rows_is_refused(tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("question,intent\n,x\n")
    with pytest.raises(SourceError, match="at least one usable question"):
        read_reply_rows(path)


def test_thresholds_alone():
    limits = Thresholds(answer=0.7, clarify=0.5, grounded=0.5)
    sure = Prediction((("a", 0.9), ("b", 0.1)), 1.0)
    torn = Prediction((("a", 0.5), ("b", 0.4)), 0.9)
    lost = Prediction((("a", 0.9), ("b", 0.1)), 0.2)
    assert decide_plainly(sure, limits) == "template"
    assert decide_plainly(sure, limits, labels={"b"}) == "clarify"
    assert decide_plainly(torn, limits) == "clarify"
    assert decide_plainly(lost, limits) == "no_answer"
    assert decide_plainly(Prediction((), 0.0), limits) == "no_answer"
