from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.discover import discover_templates, group_answers, plan
from finetune.importing import SOURCE_DIALOGUE
from finetune.naming import name_groups, unique
from storage.examples import Examples
from storage.normalise import text_key
from storage.templates import Templates
from storage.types import Example, TemplateDraft


def history(session, *rows, **fields):
    Examples(session).add(
        Example(
            question,
            intent,
            answer,
            fields.get("language", "zh"),
            golden=fields.get("golden", False),
        )
        for question, intent, answer in rows
    )


def labels(session):
    return {e.question: e.intent for e in Examples(session).all()}


def test_answers_that_say_the_same_become_one_template_with_the_commonest_wording(session):
    history(
        session,
        ("怎么退款", None, "您好，请在订单页点退款"),
        ("如何退款呢", None, "在订单页点退款哦～"),
        ("我要退款", None, "在订单页点退款哦～"),
        ("运费多少", None, "满99元包邮"),
        ("邮费多少", None, "满199元包邮"),
    )
    report = discover_templates(session)
    templates = Templates(session).all()
    assert sorted(t.texts["zh"] for t in templates) == [
        ("在订单页点退款哦～",), ("满199元包邮",), ("满99元包邮",),
    ]  # fmt: skip
    assert (len(report.templates), report.variants, report.labelled) == (3, 1, 5)
    found = labels(session)
    assert found["怎么退款"] == found["如何退款呢"] == found["我要退款"]
    assert found["运费多少"] != found["邮费多少"]
    assert "退款" in found["怎么退款"]
    refund = Templates(session).by_name(found["怎么退款"])
    assert Templates(session).find_by_text(text_key("您好，请在订单页点退款")) == refund.id


def test_a_second_run_changes_nothing(session):
    history(session, ("a", None, "退款3天到"), ("b", None, "退款5天到"))
    discover_templates(session)
    before = Templates(session).all()
    again = discover_templates(session)
    assert (again.templates, again.variants, again.labelled) == ((), 0, 0)
    assert Templates(session).all() == before


def test_new_wordings_join_the_template_with_the_greatest_share_and_ids_stay(session):
    history(session, ("a", None, "在订单页点退款"), ("b", None, "满99元包邮"))
    discover_templates(session)
    ids = {t.texts["zh"][0]: t.id for t in Templates(session).all()}
    history(session, ("c", None, "亲，请在订单页点退款哦"), ("d", None, "满299元包邮"))
    report = discover_templates(session)
    assert (len(report.templates), report.variants) == (1, 1)
    assert {text: ids[text] for text in ids} == {
        t.texts["zh"][0]: t.id for t in Templates(session).all() if t.texts["zh"][0] in ids
    }
    assert labels(session)["c"] == labels(session)["a"]


def test_answers_join_the_shops_own_templates(session):
    shop = Templates(session).save(
        TemplateDraft("refund", {"zh": ("请在订单页点退款。",), "en": ("Open the order.",)}),
        editor="shop",
    )
    history(
        session, ("怎么退", None, "您好，在订单页点退款"), ("how", None, "Please open the order!")
    )
    report = discover_templates(session)
    assert report.templates == ()
    assert set(labels(session).values()) == {"refund"}
    assert Templates(session).find_by_text(text_key("您好，在订单页点退款")) == shop.id


def test_an_intent_named_by_the_history_gets_its_commonest_answer_and_only_same_wordings(session):
    history(
        session,
        ("a", "delivery", "3天送达"),
        ("b", "delivery", "您好，3天送达哦"),
        ("c", "delivery", "5天送达"),
        ("d", "delivery", "3天送达"),
        ("e", "delivery", "It takes 3 days"),
        ("f", "delivery", None),
    )
    report = discover_templates(session)
    assert report.templates == ("delivery",)
    template = Templates(session).by_name("delivery")
    assert template.texts == {"zh": ("3天送达",), "en": ("It takes 3 days",)}
    assert Templates(session).find_by_text(text_key("您好，3天送达哦")) == template.id
    assert Templates(session).find_by_text(text_key("5天送达")) is None


def test_golden_questions_are_labelled_but_make_no_template(session):
    history(session, ("a", None, "满99元包邮"))
    history(session, ("b", None, "满99元包邮"), ("c", None, "没人说过的话"), golden=True)
    assert len(discover_templates(session).templates) == 1
    found = labels(session)
    assert found["b"] == found["a"]
    assert found["c"] is None


def test_a_retired_template_is_not_made_again(session):
    history(session, ("a", None, "满99元包邮"))
    discover_templates(session)
    template = Templates(session).all()[0]
    Templates(session).retire(template.id)
    history(session, ("b", None, "满99元包邮"))
    assert discover_templates(session).templates == ()
    assert labels(session)["b"] is None


def test_masked_data_in_an_answer_is_a_slot(session):
    history(session, ("a", None, "已给 <phone> 发短信，<phone> 请查收 <email>"))
    discover_templates(session)
    assert Templates(session).all()[0].slots == ("phone", "email")


def test_a_discovered_name_is_never_that_of_another_intent(session):
    history(session, ("退款", "退款", None), ("退款", None, "点退款"), ("oos", None, "no idea"))
    discover_templates(session)
    names = {t.name for t in Templates(session).all()}
    assert not names & {"退款", "oos"}
    assert len(names) == 2


def test_many_answers_that_differ_in_one_number_or_product_stay_apart(session):
    rng = random.Random(0)
    products = ["空气炸锅", "电饭煲", "破壁机", "咖啡机", "净水器"]
    answers = [f"{p}保修{d}个月，请保留凭证。" for p in products for d in range(1, 31)]
    history(session, *((f"{a[:4]}问题{n}", None, a) for n in range(4) for a in answers))
    discover_templates(session)
    assert len(Templates(session).all()) == len(answers)
    by_label = {}
    for example in Examples(session).all():
        by_label.setdefault(example.intent, set()).add(example.answer)
    assert all(len(said) == 1 for said in by_label.values())
    assert rng.choice(answers) in {next(iter(said)) for said in by_label.values()}


ANSWERS = st.lists(
    st.sampled_from(
        [
            "您好，退款3天",
            "退款3天",
            "退款三天。",
            "退款5天",
            "不退款",
            "refund",
            "Refund!",
            "no refund",
        ]
    ),
    min_size=1,
)


@given(ANSWERS)
def test_grouping_keeps_every_answer_once_whatever_their_order(given_answers):
    counts = {text: given_answers.count(text) for text in given_answers}
    groups = group_answers(counts)
    assert sorted(text for g in groups for text in g.texts) == sorted(counts)
    backwards = group_answers(dict(reversed(counts.items())))
    assert backwards == groups


def test_plan_gives_a_group_to_its_greatest_share():
    group = group_answers({"退款3天": 5, "您好，退款3天": 9, "退款三天！": 1})[0]
    found = plan([group], {"退款3天": 7, "您好，退款3天": 8}, {})
    assert found.joined == {8: ("退款三天！",)}
    assert found.created == ()


@pytest.mark.parametrize("questions", [[], ["???"], ["的", "吗"], ["<phone>"]])
def test_names_exist_without_any_word(questions):
    assert name_groups([questions, questions], {"answer"}) == ["answer_2", "answer_3"]


def test_names_are_readable_and_unique():
    names = name_groups([["how do I get a refund", "refund status"], ["开发票", "怎么开发票"]], ())
    assert names[0].startswith("refund") or "refund" in names[0].split("_")
    assert "发票" in names[1]
    assert unique("a", {"a", "a_2"}) == "a_3"


def test_what_was_said_to_one_customer_alone_makes_no_template(session):
    def spoken(question, answer):
        return Example(question, None, answer, "zh", source=SOURCE_DIALOGUE)

    Examples(session).add([
        spoken("到哪了", "单号 12 在苏州中转"), spoken("怎么开发票", "在订单页申请开票"),
        spoken("要发票", "亲，在订单页申请开票哦"),
    ])  # fmt: skip
    discover_templates(session)
    (template,) = Templates(session).all()
    assert template.texts["zh"] == ("在订单页申请开票",)
    assert [bool(labels(session)[q]) for q in ("到哪了", "怎么开发票", "要发票")] == [
        False,
        True,
        True,
    ]
    # An answer that somebody wrote down for all is one even if it stands there once.
    history(session, ("单号怎么查", None, "单号 12 在苏州中转"))
    discover_templates(session)
    assert labels(session)["到哪了"] == labels(session)["单号怎么查"] is not None
