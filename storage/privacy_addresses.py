"""Finders of postal addresses, Chinese and English.

An address is personal when it names a house: a street with a number, a building with a room.
A city or a district alone is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Found = Iterator[tuple[int, int]]

_NUM = "(?:[0-9]{1,5}|[一二三四五六七八九十百零〇]{1,6})"
# These belong to the sentence around an address, never to a name in it.
_SENTENCE = (
    "我你您他她它们們住在到送寄是址为為于於改去给給往的了请請把将將没沒吗呢吧就这這那哪跟与與离離有"
)
_NAME = f"(?![{_SENTENCE}])[A-Za-z0-9·\u4e00-\u9fff]"
_UNIT = "(?:号院|號院|号楼|號樓|栋|棟|幢|座|单元|單元|门|門|层|層|楼|樓|室|房|户|戶)"

_STREET = re.compile(
    "(?P<sure>大街|大道|胡同|街道|路|街|巷|弄)?(?(sure)|[道里村段条])"
    rf"\s*(?P<number>{_NUM})\s*(?:号院|號院|号楼|號樓|号|號|弄)"
    "(?![线線口码碼店色仓倉柜櫃令机機员員车車])"
)
_BUILDING = re.compile(
    rf"(?:{_NUM}\s*(?:号楼|號樓|栋|棟|幢|单元|單元)|[A-Za-z]\s*[座栋棟幢])\s*"
    rf"(?:(?:{_NUM}|[A-Za-z])\s*(?:单元|單元|门|門|层|層|楼|樓)\s*)?"
    rf"(?:[0-9]{{3,5}}(?![0-9.]|\s*[元块塊个個件人米年款])|[A-Za-z]?{_NUM}(?=\s*[室房户戶]))"
    "\\s*[室房户戶]?"
)
_INSIDE = re.compile(
    rf"(?:[ ,，]?(?:{_NAME}){{0,12}}?(?:{_NUM}|[A-Za-z])\s*{_UNIT})+(?:\s*[0-9]{{2,5}}(?![0-9]))?"
)
_BEFORE = re.compile(rf"(?:{_NAME}){{0,40}}\Z")
_PROVINCE = re.compile(
    "北京|上海|天津|重[庆慶]|河北|山西|[辽遼][宁寧]|吉林|黑[龙龍]江|江[苏蘇]|浙江|安徽|福建|江西|山[东東]|河南"
    "|湖北|湖南|[广廣][东東]|海南|四川|[贵貴]州|[云雲]南|[陕陝]西|甘[肃肅]|青海|[台臺][湾灣]|[内內]蒙古|[广廣]西"
    "|西藏|[宁寧]夏|新疆|香港|澳[门門]"
)
_DISTRICT = re.compile("[市区區县縣州盟旗镇鎮乡鄉]")
_LABEL = re.compile("(?:地址|住址|收货|收貨|住|寄|送|家在|搬到)[^0-9\n\0]{0,12}\\Z")
_CLAUSE_START = re.compile("(?:[,，。;；:：!！?？、(（\n\0 ]|\\A)\\Z")
_CLAUSE_END = re.compile("\\s*(?:[,，。.;；!！?？、)）\n\0]|\\Z)")
_LAST_DAY = 31

_NOT_STREET = (
    "the|a|an|of|in|on|my|to|hours?|days?|items?|is|for|per|and|or|at|your|this|that|left|any|gb|tb|mb|hard|disk"
    "|flash|usb|pen|test|minutes?|mins?|weeks?|years?|months?|times?|pieces?|pcs|km|miles?|by|from|with|was|are"
    "|were|more|new|off|it|i|we|you|they|people|percent|dollars?"
)
_WORDS = rf"(?:(?!(?:{_NOT_STREET})\s)[A-Za-z][A-Za-z'.-]*\s+){{1,4}}"
_SURE = "street|avenue|ave|road|rd|boulevard|blvd|parkway|pkwy"
_UNSURE = (
    "st|lane|ln|drive|dr|court|ct|place|pl|square|sq|way|terrace|close|crescent|circle|highway|hwy"
)
_ROOM = (
    r"(?:,?\s*(?:apt|apartment|suite|ste|unit|flat|floor|room|rm|#)\.?\s*#?[a-z0-9-]{1,6}"
    r"(?![a-z0-9]))"
)
_POSTCODE = (
    r"(?:,?\s*(?:[0-9]{5}(?:-[0-9]{4})?(?![0-9])"
    r"|[a-z]{1,2}[0-9][a-z0-9]?\s?[0-9][a-z]{2}(?![a-z0-9])))"
)
_PLACE = r"(?:,\s*[a-z][a-z .'-]{1,30}?)"
_ENGLISH = re.compile(
    rf"(?<![A-Za-z0-9.,$€£¥-])[0-9]{{1,6}}[a-z]?,?\s+(?:[nsew]\.?\s+)?"
    rf"(?:[0-9]{{1,3}}(?:st|nd|rd|th)\s+|{_WORDS})"
    rf"(?:(?P<sure>{_SURE})|(?:{_UNSURE}))(?![A-Za-z])\.?"
    rf"(?P<more>{_ROOM}?(?:{_PLACE}?(?:,?\s*[a-z]{{2}}(?![a-z]))?{_POSTCODE})?)",
    re.IGNORECASE,
)
_ENGLISH_LABEL = re.compile(
    r"(?:address|liv(?:e|es|ing)|ship\w*|deliver\w*|sen[dt]|located|reside|moved|home|mail)"
    r"[^0-9\n\0]{0,25}\Z",
    re.IGNORECASE,
)
_PO_BOX = re.compile(r"(?<![A-Za-z])P\.?\s?O\.?\s+Box\s+#?[0-9]{1,6}", re.IGNORECASE)


def find_addresses(text: str) -> Found:
    """Addresses of houses and rooms; parts that touch are one address."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((*_chinese(text), *_english(text))):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    yield from merged


def _chinese(text: str) -> Found:
    for found in _STREET.finditer(text):
        start, has_place = _beginning(text, found.start())
        inside = _INSIDE.match(text, found.end())
        end = inside.end() if inside else found.end()
        if start == found.start():
            continue
        if has_place or inside or (found["sure"] and _names_a_house(text, found, start, end)):
            yield start, end
    for found in _BUILDING.finditer(text):
        yield _beginning(text, found.start())[0], found.end()


def _names_a_house(text: str, street: re.Match[str], start: int, end: int) -> bool:
    """Whether `路12号` is a house and not the twelfth of the month on the road."""
    number = street["number"]
    if number.isascii() and int(number) > _LAST_DAY:
        return True
    if _LABEL.search(text, max(0, start - 16), start):
        return True
    alone = _CLAUSE_START.search(text, max(0, start - 1), start)
    return alone is not None and _CLAUSE_END.match(text, end) is not None


def _beginning(text: str, anchor: int) -> tuple[int, bool]:
    """Where the names before a street or building begin, and whether one is a place's."""
    found = _BEFORE.search(text[max(0, anchor - 40) : anchor])
    run = found[0] if found else ""
    first = anchor - len(run)
    province = _PROVINCE.search(run)
    if province:
        return first + province.start(), True
    district = _DISTRICT.search(run, 1)
    if district and district.end() < len(run):
        return first + max(0, district.start() - 3), True
    return max(first, anchor - 6), False


def _english(text: str) -> Found:
    for found in _ENGLISH.finditer(text):
        labelled = _ENGLISH_LABEL.search(text, max(0, found.start() - 40), found.start())
        if found["sure"] or found["more"] or labelled:
            yield found.span()
    for found in _PO_BOX.finditer(text):
        yield found.span()
