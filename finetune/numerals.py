"""Chinese numerals, read only where they are written the standard way."""

from __future__ import annotations

_DIGITS = "零一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1_000}
NUMERAL_CHARACTERS = "零〇一二两三四五六七八九十百千万亿"


def read_numeral(text: str) -> int | None:
    """The value of a numeral such as 一百零五, 十 or 二〇二四; None where it is not certain.

    What is read is written out again and compared: 七八 (seven or eight), 一百五 and 千万 do not
    come back the same and are left alone.
    """
    plain = text.replace("〇", "零").replace("两", "二")
    if len(plain) == 4 and all(c in _DIGITS for c in plain):
        return int("".join(str(_DIGITS.index(c)) for c in plain))
    value = _value(plain)
    if value is None:
        return None
    written = _write(value)
    same = {written, written.removeprefix("一") if written.startswith("一十") else written}
    return value if plain in same else None


def _value(text: str) -> int | None:
    total = section = digit = 0
    for place, character in enumerate(text):
        if character in _DIGITS:
            digit = _DIGITS.index(character)
        elif character in _UNITS:
            section += (digit or (1 if place == 0 and character == "十" else 0)) * _UNITS[character]
            digit = 0
        elif character == "万":
            total, section, digit = (total + section + digit) * 10_000, 0, 0
        else:
            return None
    return total + section + digit


def _write(value: int) -> str:
    if value >= 10_000:
        high, low = divmod(value, 10_000)
        joint = "零" if 0 < low < 1_000 else ""
        return f"{_write(high)}万{joint}{_write(low) if low else ''}"
    if value == 0:
        return "零"
    out, skipped = "", False
    for unit, size in (("千", 1_000), ("百", 100), ("十", 10), ("", 1)):
        digit, value = divmod(value, size)
        if digit:
            out += ("零" if skipped and out else "") + _DIGITS[digit] + unit
        skipped = digit == 0
    return out
