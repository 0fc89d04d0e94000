"""Numbers in one spelling, whatever the language."""

from __future__ import annotations

import pytest

from bot.generator.figures import Figure, find_figures, says, spelled


def only(text: str) -> Figure:
    (figure,) = find_figures(spelled(text))
    return figure


SAME = """
七天 = 7 days ; 两周 = 14 天 ; 三个工作日 = 3 business days ; 一年 = 12 months
7 天内 = within 7 days
1,299 元 = ¥1299 ; twenty-five yuan = 25元 ; 满200元 = at least 200 yuan ; 1.5万 = 15000
百分之十五 = 15% ; 15 percent = 15% ; 8折 = 80折 ; 八五折 = 8.5折 ; 1.7 litres = 1700ml
3-5天 = 3 to 5 days ; 三到五天 = 3至5天 ; 下午5点 = 17:00 ; 5 pm = 17:00 ; 9点半 = 9:30
11月11日 = November 11 ; 2026年5月31日 = May 31, 2026 ; 2026-05-31 = 31 May 2026
1角 = 0.1元 ; 9 cents = $0.09 ; 1 GB = 1000 MB
GL-RC30 = gl-rc30 ; 400-820-0310 = 400-820-0310 ; https://a.example/x = a.example/x/
"""
# The claim stands before the evidence.
DIFFERENT = """
7 天 = 7 个工作日 ; 7 天 = 15 天 ; 7 天 = 7 小时 ; 至少 7 天 = 7 天内 ; 5 天 = 3-5 天
3-7 天 = 3-5 天
15 元 = 15% ; 15 元 = 15 美元 ; 满 100 元 = 满 200 元 ; 10 = 10 元 ; over 200 yuan = 200 yuan
2026年5月31日 = 5月31日 ; 5月30日 = 5月31日 ; 5 pm = 5:00 ; GL-RC30 = GL-RC50
"""


def pairs(text: str) -> list[list[str]]:
    return [
        each.strip().split(" = ") for each in text.replace("\n", ";").split(";") if each.strip()
    ]


@pytest.mark.parametrize(("one", "other"), pairs(SAME))
def test_two_spellings_of_one_figure(one: str, other: str) -> None:
    assert says(only(one), only(other))
    assert says(only(other), only(one))


@pytest.mark.parametrize(("claim", "evidence"), pairs(DIFFERENT))
def test_figures_that_say_different_things(claim: str, evidence: str) -> None:
    assert not says(only(claim), only(evidence))


def test_a_bound_may_be_left_out_and_the_end_of_a_range_named() -> None:
    assert says(only("7 天"), only("7 天内"))
    assert says(only("最多 5 天"), only("3-5 天"))
    assert says(only("5月31日"), only("2026年5月31日"))


@pytest.mark.parametrize(
    "text", ["一定可以", "十分满意", "一般来说", "统一处理", "千万不要", "this one is good"]
)
def test_words_with_numerals_in_them_are_no_figures(text: str) -> None:
    assert find_figures(spelled(text)) == []
