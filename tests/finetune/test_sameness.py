from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finetune.facts import Fact, find_facts
from finetune.numerals import read_numeral
from finetune.politeness import says_nothing
from finetune.sameness import same_key

SAME = [
    ("您好，请在订单页面点击退款", "亲，请您在订单页面点击退款哦，谢谢！"),
    ("退款3天内到账。", "退款三天内到账～"),
    ("退款１０天内到账", "退款十天内到账"),
    ("满1,000元包邮", "满1000元包邮"),
    ("不好意思，无法退款", "抱歉无法退款"),
    ("订单已发货😊", "订单已发货"),
    ("您好亲，已为您取消订单", "已取消订单"),
    ("好的，明天发货。还有其他问题吗？", "明天发货"),
    ("Please contact us at 400-800-1234.", "Hi there, contact us at 400-800-1234, thanks!"),
    ("We'll refund the order within 3 days", "we will refund order within 3 days."),
    ("Sorry for the inconvenience. We can't ship today.", "We cannot ship today"),
    ("发货日期：2026-01-05", "发货日期:2026年1月5日"),
    ("It takes 7 days! Best wishes, Mia", "It takes 7 days. Kind regards, Greenleaf Home"),
]
DIFFERENT = [
    ("退款3天内到账", "退款5天内到账"),
    ("蓝色有货", "红色有货"),
    ("空气炸锅保修一年", "电饭煲保修一年"),
    ("We open on Monday", "We open on Tuesday"),
    ("可以退款", "不可以退款"),
    ("不，可以退款", "不可以退款"),
    ("No, refunds are allowed", "No refunds are allowed"),
    ("You can return it", "You can't return it"),
    ("-5度", "5度"),
    ("七八天", "78天"),
    ("一百五", "一百零五"),
    ("支持✅", "支持❌"),
    ("3-5天", "35天"),
    ("3-5天", "3.5天"),
    ("满100，200减", "满100200减"),
    ("1 2", "12"),
    ("5²", "52"),
    ("买🔟送1", "买送1"),
    ("a few days", "few days"),
    ("3-5天", "3、5天"),
    ("周一-周五营业", "周一、周五营业"),
    ("优惠码A1b", "优惠码a1b"),
    ("见 https://a.com/X", "见 https://a.com/x"),
    ("可以退", "可以退？"),
    ("9:30开门", "9:20开门"),
    ("3天", "3小时"),
    ("含运费", "不含运费"),
    ("10%", "10"),
    ("从北京寄到上海", "从上海寄到北京"),
    ("满100减20", "满20减100"),
    ("发货前可以取消", "发货后可以取消"),
    ("苹果手机支持", "华为手机支持"),
    ("您好", "谢谢"),
    ("It takes 7 days. Kind regards, unit 7", "It takes 7 days"),
    ("Regards, Mia", "Regards, Tom"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_politeness_and_spelling_do_not_matter(one, other):
    assert same_key(one) == same_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_whatever_means_something_else_stays_apart(one, other):
    assert same_key(one) != same_key(other)


PIECES = st.sampled_from(
    [
        "退款",
        "3",
        "12",
        "0.5",
        "天",
        "您好，",
        "请",
        "不",
        "No",
        ", ",
        "。",
        " ",
        "iPhone15",
        "SKU-7",
        "三",
        "十",
        "we",
        "can't",
        "9:30",
        "2026-01-05",
        "https://a.com/1",
        "元",
        "￥",
        "％",
        "-",
        "~",
        "😊",
        "第",
        "1,000",
        "code",
        "５",
        "号",
        "?",
        "谢谢",
    ]
)
ANSWERS = st.lists(PIECES, min_size=1, max_size=12).map("".join)


@given(st.one_of(ANSWERS, st.text(max_size=40)), st.data())
def test_changing_a_digit_always_prevents_a_merge(answer, data):
    places = [m.start() for m in re.finditer(r"[0-9]", answer)]
    assume(places)
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != answer[place]]))
    changed = answer[:place] + digit + answer[place + 1 :]
    # 2026-01-05 and 2026-1-05 are one date; a changed digit never only adds or drops a zero.
    assert same_key(changed) != same_key(answer)


@given(
    ANSWERS, st.sampled_from(["不", "没", "无", "未", "别", " not ", " no ", " never "]), st.data()
)
def test_adding_a_negation_always_prevents_a_merge(answer, negation, data):
    place = data.draw(st.integers(0, len(answer)))
    # Inside a number or an address the added letters make another one; that prevents it as well.
    changed = answer[:place] + negation + answer[place:]
    assert same_key(changed) != same_key(answer)


@given(ANSWERS, ANSWERS)
def test_merged_answers_have_equal_facts(one, other):
    if same_key(one) == same_key(other):
        hard = {"number", "code", "percent", "url", "date", "time"}
        first, second = (
            {f: n for f, n in find_facts(text).items() if f.kind in hard} for text in (one, other)
        )
        assert first == second


@given(
    st.sampled_from([a for a, _ in SAME]),
    st.sampled_from(["", "您好，", "亲，", "Hello! "]),
    st.sampled_from(["", "！", "，谢谢", "😊", "～", "。祝您生活愉快"]),
)
def test_greetings_and_thanks_around_an_answer_change_nothing(answer, before, after):
    assert same_key(f"{before}{answer}{after}") == same_key(answer)


@given(st.text(max_size=200))
def test_any_text_has_a_key(text):
    assert isinstance(same_key(text), str)


@given(st.integers(0, 9_999_999))
def test_chinese_numerals_read_back(number):
    from finetune.numerals import _write

    assert read_numeral(_write(number)) == number


@pytest.mark.parametrize("text", ["七八", "一百五", "千万", "百", "万一", "三五", "一一"])
def test_uncertain_numerals_are_left_alone(text):
    assert read_numeral(text) is None


def test_facts():
    facts = find_facts("iPhone15 十天内不支持 https://a.com/b，打 9:30 或 50%，见《用户手册》v2")
    for fact in [
        Fact("code", "iPhone15"),
        Fact("number", "10"),
        Fact("negation", "不"),
        Fact("percent", "50%"),
        Fact("url", "https://a.com/b"),
        Fact("time", "9:30"),
        Fact("name", "用户手册"),
        Fact("code", "v2"),
    ]:
        assert facts[fact] == 1


@pytest.mark.parametrize(
    "text",
    [
        "您好，请问有什么可以帮您",
        "Hi, how can I help",
        "在吗",
        "好的，谢谢！",
        "不客气",
        "hi~",
        "😊",
        "请稍等",
        "Hello! How can I help you today?",
        "您好，请问有什么可以帮您的吗？",
        "在的，您请说。",
    ],
)
def test_greetings_say_nothing(text):
    assert says_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "怎么退款",
        "不好",
        "帮您退",
        "您好在吗有货吗",
        "no",
        "为您服务到期",
        "Thanks for order 12",
        "工号1024为您服务",
    ],
)
def test_content_is_never_taken_for_politeness(text):
    assert not says_nothing(text)
