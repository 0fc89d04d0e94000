"""Numerals written out, as digits: 七天 is 7天, seven days is 7 days."""

from __future__ import annotations

import re

from finetune.numerals import NUMERAL_CHARACTERS, read_numeral

# What a Chinese numeral counts; without it 一 and 十 are often parts of other words (一般, 十分).
_MEASURES = (
    "天日号周月年元块角折倍岁个次件台只张份条种款位人名层"
    "楼步升克斤米寸晚瓦伏度秒分点级档页瓶包盒箱套袋片杯把根颗支成"
)
_HANZI = re.compile(
    rf"百分之[{NUMERAL_CHARACTERS}]+"
    rf"|[{NUMERAL_CHARACTERS}]+(?:点[{NUMERAL_CHARACTERS}]+)?"
    rf"(?=(?:[至到~-][{NUMERAL_CHARACTERS}]+)?(?:小时|分钟|星期|工作日|毫升|公斤|千克|厘米|毫米|公里|积分|[{_MEASURES}]))"
    rf"|[{NUMERAL_CHARACTERS}]*[百千万][{NUMERAL_CHARACTERS}]*"
)
# 一个, 一次 and the like seldom count; 一定, 一般 never do.
_IDLE = re.compile(
    r"[一两](?=个(?!月|小时|工作日|星期|礼拜|自然日|钟头)|[种些点位份款条下直般定样起])"
    r"|十分(?!钟)|千万(?=不|别|要|注)|万一|统一|唯一"
)
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_WORDS = {word: number for number, word in enumerate(_ONES.split())}
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: number * 10 for number, word in enumerate(_TEN_WORDS.split(), start=2)}
_SMALL = "|".join([*_TENS, *_WORDS])
_ENGLISH = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})[- ](?P<ones>{'|'.join(list(_WORDS)[1:10])})"
    rf"|(?P<small>{_SMALL}))(?P<hundred>[- ]hundred)?\b"
)
# `one` is a number only before what can be counted out: one year, but not this one.
_COUNTED = re.compile(
    r"\s*-?\s*(?:calendar |working |business )?(?:days?|weeks?|months?|years?|hours?|minutes?"
    r"|times?|yuan|percent|litres?|"
    r"liters?|metres?|meters?|dollars?|euros?|people|pieces?|points?)\b"
)


def spell_numerals(text: str) -> str:
    """The lower-case text with the numerals that are certain written as digits."""
    text = _HANZI.sub(_chinese, text)
    return _ENGLISH.sub(lambda match: _english(match, text), text)


def _chinese(match: re.Match[str]) -> str:
    text = match[0]
    if _IDLE.match(match.string, match.start()):
        return text
    if (
        len(text) == 2
        and match.string.startswith("折", match.end())
        and not set(text) & set("十百")
    ):
        return "".join(str(read_numeral(each)) for each in text)  # 八五折
    head = "百分之" if text.startswith("百分之") else ""
    whole, point, rest = text.removeprefix("百分之").partition("点")
    value = read_numeral(whole)
    if value is None:
        return text
    digits = "".join(str(read_numeral(each)) for each in rest)
    return f"{head}{value}{'.' + digits if point else ''}"


def _english(match: re.Match[str], text: str) -> str:
    if match["small"] == "one" and not match["hundred"] and not _COUNTED.match(text, match.end()):
        return match[0]
    if match["tens"]:
        value = _TENS[match["tens"]] + _WORDS[match["ones"]]
    else:
        value = _TENS.get(match["small"]) or _WORDS[match["small"]]
    return str(value * 100 if match["hundred"] else value)
