"""Dates and relative dates of both languages, as of a given day.

An own small grammar: what customers of a shop write is a short list, and each form has one
meaning here. A weekday alone or with "this" is the next one to come, today included; 下周三 and
"next Wednesday" are in the calendar week (from Monday) after this one; 上周 and "last" before it.
A day without a year is in the year that puts it nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.entities.entity import Entity
from finetune.numerals import read_numeral

_DAYS = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "昨晚": -1, "今天": 0, "今日": 0, "今晚": 0,
    "今早": 0, "明天": 1, "明日": 1, "明早": 1, "明晚": 1,
    "后天": 2, "後天": 2, "大后天": 3, "大後天": 3,
    "the day before yesterday": -2, "yesterday": -1, "last night": -1, "today": 0, "tonight": 0,
    "tomorrow": 1, "the day after tomorrow": 2,
}  # fmt: skip
_ZH_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec"
)
_WHOLE_WORD = r"(?<![A-Za-z])(?:{})(?![A-Za-z])"

_RELATIVE = re.compile(
    "|".join(
        _WHOLE_WORD.format(word) if word.isascii() else word
        for word in sorted(_DAYS, key=len, reverse=True)
    ),
    re.IGNORECASE | re.ASCII,
)
_ZH_WEEK = re.compile(
    "(?P<which>上上|下下|上|下|这|這|本)?(?:个|個)?(?:周|週|星期|礼拜|禮拜)(?P<day>[一二三四五六日天])(?![0-9])"
)
_EN_WEEK = re.compile(
    r"(?<![A-Za-z])(?:(?P<which>last|next|this|on)\s)?"
    rf"(?P<day>{'|'.join(_WEEKDAYS)}|mon|tues|tue|wed|thurs|thu|fri)(?![A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_AGO = re.compile(
    r"(?<![0-9.])(?P<count>[0-9]{1,3}|[一二两三四五六七八九十]{1,3})\s?"
    r"(?P<unit>天|日|周|週|个月|days?|weeks?)\s?(?P<way>前|之前|后|後|之后|ago)"
    r"|(?<![A-Za-z])in\s(?P<in>[0-9]{1,3})\s(?P<in_unit>days?|weeks?)(?![A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_ISO = re.compile(
    r"(?<![0-9.])(?P<year>20[0-9]{2})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)(?P<day>[0-9]{1,2})"
    r"(?![0-9])"
)
_ZH_DATE = re.compile(
    r"(?:(?<![0-9])(?P<year>20[0-9]{2})\s?年\s?)?(?<![0-9])(?P<month>[0-9]{1,2})\s?月\s?"
    r"(?P<day>[0-9]{1,2})\s?[日号號]"
)
_EN_DATE = re.compile(
    rf"(?<![A-Za-z])(?P<month>{_MONTH})\.?\s(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?"
    r"(?:,?\s(?P<year>20[0-9]{2}))?(?![0-9A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_EN_DATE_DAY_FIRST = re.compile(
    rf"(?<![0-9A-Za-z])(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month>{_MONTH})"
    r"(?![A-Za-z])\.?(?:,?\s(?P<year>20[0-9]{2})(?![0-9]))?",
    re.IGNORECASE | re.ASCII,
)


def dates(text: str, today: date) -> Iterator[Entity]:
    """Dates as YYYY-MM-DD; what no calendar has is left out."""
    for pattern in (_ISO, _ZH_DATE, _EN_DATE, _EN_DATE_DAY_FIRST):
        for found in pattern.finditer(text):
            yield from _entity(found, _calendar(found, today))
    for found in _AGO.finditer(text):
        yield from _entity(found, _counted(found, today))
    for found in _RELATIVE.finditer(text):
        yield from _entity(found, _shifted(today, _DAYS[found[0].lower()]))
    for found in _ZH_WEEK.finditer(text):
        weeks = {"上上": -2, "上": -1, "下": 1, "下下": 2, "这": 0, "這": 0, "本": 0}
        which = weeks.get(found["which"] or "")
        yield from _entity(found, _weekday(today, _ZH_WEEKDAYS[found["day"]], which))
    for found in _EN_WEEK.finditer(text):
        day = next(i for i, name in enumerate(_WEEKDAYS) if name[:3] == found["day"][:3].lower())
        which = {"last": -1, "next": 1}.get((found["which"] or "").lower())
        yield from _entity(found, _weekday(today, day, which))


def _entity(found: re.Match[str], day: date | None) -> Iterator[Entity]:
    if day is not None:
        yield Entity("date", day.isoformat(), found.start(), found.end())


def _shifted(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _weekday(today: date, weekday: int, weeks: int | None) -> date | None:
    if weeks is None:
        return _shifted(today, (weekday - today.weekday()) % 7)
    return _shifted(today, weekday - today.weekday() + 7 * weeks)


def _counted(found: re.Match[str], today: date) -> date | None:
    count = _count(found["count"] or found["in"])
    if count is None:
        return None
    unit = (found["unit"] or found["in_unit"]).lower()
    days = count * (30 if unit == "个月" else 7 if unit[0] in "周週w" else 1)
    past = found["way"] is not None and found["way"].lower() in ("前", "之前", "ago")
    return _shifted(today, -days if past else days)


def _count(text: str) -> int | None:
    return int(text) if text.isdigit() else read_numeral(text)


def _calendar(found: re.Match[str], today: date) -> date | None:
    month = _month(found["month"])
    if found["year"]:
        return _date(int(found["year"]), month, int(found["day"]))
    years = (today.year - 1, today.year, today.year + 1)
    near = [day for year in years if (day := _date(year, month, int(found["day"])))]
    return min(near, key=lambda day: abs(day - today), default=None)


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.index(text[:3].lower()) + 1


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
