"""Numbers, prices, dates, times, ranges and codes of a text, in one spelling for both languages."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bot.generator.numerals import spell_numerals

Bound = Literal["", "least", "most"]

# Canonical unit, and how many of it one of the named is.
_UNITS: dict[str, tuple[str, Decimal]] = {}


def _unit(canonical: str, factor: str, names: str) -> None:
    _UNITS.update(dict.fromkeys(names.split("|"), (canonical, Decimal(factor))))


_unit("second", "1", "秒|秒钟|second|seconds|sec|secs")
_unit("second", "60", "分钟|分|minute|minutes|min|mins")
_unit("second", "3600", "小时|个小时|钟头|个钟头|hour|hours|hr|hrs|h")
_unit("second", "86400", "天|日|day|days|calendar day|calendar days|自然日|个自然日")
_unit("second", "604800", "周|星期|个星期|礼拜|week|weeks")
_unit("workday", "1", "工作日|个工作日|working day|working days|business day|business days")
_unit("month", "1", "个月|月|month|months")
_unit("month", "12", "年|year|years|yr|yrs")
_unit("cny", "1", "元|块|块钱|圆|元钱|人民币|yuan|rmb|cny")
_unit("cny", "0.1", "角|毛|角钱|毛钱")
_unit("usd", "0.01", "cent|cents")
_unit("gbp", "0.01", "pence")
_unit("usd", "1", "美元|美金|dollar|dollars|usd")
_unit("eur", "1", "欧元|euro|euros|eur")
_unit("gbp", "1", "英镑|pound sterling|gbp")
_unit("hkd", "1", "港元|港币|hkd")
_unit("%", "1", "%|percent|per cent")
_unit("zhe", "1", "折")
_unit("ml", "1", "ml|毫升|millilitre|millilitres|milliliter|milliliters")
_unit("ml", "1000", "l|升|litre|litres|liter|liters")
_unit("g", "1", "g|克|gram|grams")
_unit("g", "500", "斤")
_unit("g", "1000", "kg|公斤|千克|kilogram|kilograms|kilo|kilos")
_unit("mm", "1", "mm|毫米|millimetre|millimetres|millimeter|millimeters")
_unit("mm", "10", "cm|厘米|公分|centimetre|centimetres|centimeter|centimeters")
_unit("mm", "1000", "m|米|metre|metres|meter|meters")
_unit("mm", "1000000", "km|公里|千米|kilometre|kilometres|kilometer|kilometers")
_unit("inch", "1", "inch|inches|英寸|寸")
_unit("w", "1", "w|瓦|瓦特|watt|watts")
_unit("w", "1000", "kw|千瓦")
_unit("gb", "1", "gb")
_unit("gb", "0.001", "mb")
_unit("v", "1", "v|伏|伏特|volt|volts")
_unit("hz", "1", "hz|赫兹")
_unit("c", "1", "°c|℃|度|摄氏度|degree|degrees")
_unit("mah", "1", "mah|毫安|毫安时")
_unit("db", "1", "db|分贝|decibel|decibels")
_unit("times", "1", "次|遍|回|time|times")
_unit("people", "1", "人|位|名|people|persons|person")
_unit("points", "1", "积分|分积分|point|points")

_NAMES = "|".join(
    re.escape(name) + (r"(?![a-z])" if name.isascii() and name != "%" else "")
    for name in sorted(_UNITS, key=len, reverse=True)
)
_SIGNS = {"¥": "cny", "￥": "cny", "$": "usd", "€": "eur", "£": "gbp", "hk$": "hkd", "rmb": "cny"}
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
         "aug august", "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ORDINAL = r"(?:st|nd|rd|th)?"
_LEAST = (
    r"(?:至少|不少于|不低于|最少|最低|满|超过|多于|大于|高于|不得低于|不得少于|at\ least"
    r"|no\ less\ than"
    r"|not\ less\ than|no\ fewer\ than|minimum(?:\ of)?|more\ than|over|above|exceed(?:s|ing)?"
    r"|from|starting\ at)"
)
_MOST = (
    r"(?:不要超过|不能超过|不可超过|不宜超过|不应超过|请勿超过|勿超过"
    r"|(?:\w+\ )?not\ exceed(?:ing)?|最多|至多|不超过|不多于|不得超过|不高于|最高|最长|低于"
    r"|少于|小于|不足|不到|不满|within"
    r"|up\ to|at\ most"
    r"|no\ more\ than|not\ more\ than|no\ later\ than|maximum(?:\ of)?|less\ than|under|below"
    r"|fewer\ than)"
)
_NUMBER = r"\d+(?:\.\d+)?"
_FIGURE = re.compile(
    rf"""(?P<url>(?:https?://|www\.)[\x21-\x7e]+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|io|shop|example)\b(?:/[\x21-\x7e]*)?)
    |(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<date>(?P<y>(?:19|20)\d\d)\s*(?:-|/|\.|年)\s*(?P<mo>\d{{1,2}})(?:\s*(?:-|/|\.|月)\s*(?P<d>\d{{1,2}})\s*[日号]?|月)
        |(?P<mo2>\d{{1,2}})\s*月\s*(?P<d2>\d{{1,2}})\s*[日号]
        |(?P<mo3>{_MONTH})\.?\s+(?P<d3>\d{{1,2}}){_ORDINAL}(?:,?\s+(?P<y3>(?:19|20)\d\d))?(?![\d:])
        |(?P<d4>\d{{1,2}}){_ORDINAL}\s+(?:of\s+)?(?P<mo4>{_MONTH})\b(?:,?\s+(?P<y4>(?:19|20)\d\d))?)
    |(?P<time>(?:(?P<half>上午|早上|下午|晚上|中午|凌晨)\s*)?(?P<h>\d{{1,2}})
        (?:[:](?P<mi>\d{{2}})(?::\d\d)?\s*(?P<ap>[ap]\.?m\b\.?)?|\s*(?P<ap2>[ap]\.?m\b\.?)
        |点(?:(?P<mi2>\d{{1,2}})分?|(?P<halfpast>半))?(?!半|击|数)))
    |(?P<code>(?<![a-z0-9])(?=[a-z0-9._#+-]*[a-z])(?=[a-z0-9._#+-]*\d)(?!{_NUMBER}-?(?:{_NAMES})(?![a-z0-9]))[a-z0-9]+(?:[-_.#+][a-z0-9]+)*)
    |(?P<phone>(?<![\d.])(?:\d{{3,4}}-\d{{3,4}}-\d{{3,4}}|\d{{7,}})(?![\d.]))
    |(?:(?:(?P<least>{_LEAST})|(?P<most>{_MOST}))\s*(?:了|的)?\s*)?(?:(?P<sign>hk\$|[¥$€£]|rmb(?=\s?\d))\s*)?
        (?P<number>(?<![\d.])(?:百分之\s?)?\d++(?:\.\d++)?+)(?!\s*(?:[月年]\s*\d|[:点]\d|[ap]\.?m\b))
        (?P<scale>\s*(?:万|千|亿|million\b|thousand\b))?
        (?:\s*(?P<unit1>{_NAMES})?\s*(?:-|–|—|~|～|至|到|to\b)\s*(?:[¥$€£])?(?P<high>{_NUMBER}))?
        \s*-?\s*(?P<unit>{_NAMES})?
        (?P<after>\s*(?:or\s+more|and\s+above|以上|及以上|起|or\s+less|以下|以内|之内|内|左右))?
    """,
    re.VERBOSE,
)  # fmt: skip
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it counts, or a code, and its place in `spelled`.

    `value` is a Decimal in the canonical unit, or the text of a code, an address, a date
    (`2026-11-11`, `-11-11` without a year) or a time of day (`21:00`). `high` ends a range.
    """

    kind: str
    value: Decimal | str
    start: int
    end: int
    unit: str = ""
    high: Decimal | None = None
    bound: Bound = ""


def spelled(text: str) -> str:
    """The text as figures are read from it: half width, lower case, numerals as digits."""
    plain = (
        unicodedata.normalize("NFKC", text.replace("，", "、")).lower().replace("双十一", "双11")
    )
    return spell_numerals(_GROUPED.sub(lambda match: match[0].replace(",", ""), plain))


def find_figures(plain: str) -> list[Figure]:
    """The figures of a `spelled` text in order."""
    return [_figure(match) for match in _FIGURE.finditer(plain)]


def says(claim: Figure, evidence: Figure) -> bool:
    """Whether the evidence's figure bears out the claim's: same value, unit and bound."""
    if claim.kind != evidence.kind:
        return False
    if claim.kind == "date":
        one, other = str(claim.value), str(evidence.value)
        return one == other or (one.startswith("-") and other.endswith(one))
    if claim.kind != "number":
        return claim.value == evidence.value
    if claim.unit != evidence.unit and claim.unit and evidence.unit:
        return False
    if not claim.unit and evidence.unit in ("cny", "usd", "%", "zhe", "c"):
        return False
    if claim.high != evidence.high:
        return _is_end(claim, evidence)
    return claim.value == evidence.value and claim.bound in ("", evidence.bound)


def _is_end(claim: Figure, evidence: Figure) -> bool:
    """`at most 5 days` of `3 to 5 days`."""
    if claim.high is not None or evidence.high is None:
        return False
    most = claim.bound == "most" and claim.value == evidence.high
    return most or (claim.bound == "least" and claim.value == evidence.value)


def _figure(match: re.Match[str]) -> Figure:
    place = match.start(), match.end()
    for kind in ("url", "email", "phone", "code"):
        if match[kind]:
            return Figure(kind, _bare(match[kind]), *place)
    if match["date"]:
        return Figure("date", _date(match), *place)
    if match["time"]:
        return Figure("time", _time(match), *place)
    return _number(match)


def _number(match: re.Match[str]) -> Figure:
    text = match["number"]
    percent = text.startswith("百分之")
    name = "%" if percent else match["unit"] or match["unit1"]
    unit, factor = _UNITS[name] if name else ("", Decimal(1))
    if match["sign"] and not name:
        unit = _SIGNS[match["sign"]]
    factor *= _scale(match["scale"])
    value = Decimal(text.removeprefix("百分之").strip())
    if unit == "zhe" and value < 10:
        value *= 10  # 8 折 and 80 折, 8.5 折 and 85 折 are one
    high = Decimal(match["high"]) * factor if match["high"] else None
    start = match.start("number")
    return Figure("number", value * factor, start, match.end(), unit, high, _bound(match))


def _scale(text: str | None) -> Decimal:
    scale = {"万": 10_000, "千": 1_000, "亿": 10**8, "million": 10**6, "thousand": 1_000}
    return Decimal(scale.get((text or "").strip(), 1))


def _bound(match: re.Match[str]) -> Bound:
    after = match["after"] or ""
    if match["least"] or re.search("以上|起|more|above", after):
        return "least"
    if match["most"] or re.search("以下|内|less", after):
        return "most"
    return ""


def _date(match: re.Match[str]) -> str:
    year = match["y"] or match["y3"] or match["y4"] or ""
    month = match["mo"] or match["mo2"] or match["mo3"] or match["mo4"]
    day = match["d"] or match["d2"] or match["d3"] or match["d4"] or "0"
    return f"{year}-{_MONTHS.get(month) or int(month)}-{int(day)}"


def _time(match: re.Match[str]) -> str:
    hour = int(match["h"])
    minute = int(match["mi"] or match["mi2"] or 0) + (30 if match["halfpast"] else 0)
    half = (match["ap"] or match["ap2"] or "")[:1]
    late = half == "p" or match["half"] in ("下午", "晚上")
    if late and hour < 12:
        hour += 12
    if half == "a" and hour == 12:
        hour = 0
    return f"{hour}:{minute:02d}"


def _bare(text: str) -> str:
    """A code or an address without what a sentence adds to it; joints do not tell two apart."""
    return text.rstrip(".,;:!?-_)").removeprefix("https://").removeprefix("http://").rstrip("/")
