"""The hard facts of a text: what must be equal before two answers can say the same.

`scan` cuts a text into tokens in reading order; `find_facts` picks out of them the numbers,
dates, times, addresses, codes, names and negations.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from finetune.numerals import NUMERAL_CHARACTERS, read_numeral

NEGATIONS_ZH = frozenset("不没无未别勿非莫否")
NEGATIONS_EN = frozenset(
    {"not", "no", "never", "none", "nothing", "nobody", "nor", "neither", "without"}
)
HARD = frozenset(
    {"url", "email", "slot", "date", "time", "percent", "number", "code", "negation", "name"}
)

_MARKS = r"，。！？；：、“”‘’（）()《》【】「」\"'<>"
_TOKEN = re.compile(
    rf"""(?P<url>(?:https?://|www\.)[^\s{_MARKS}\u4e00-\u9fff]+
        |[a-zA-Z0-9][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)*\.(?:com|cn|net|org|io|shop|hk|tw|uk)\b
         (?:/[^\s{_MARKS}\u4e00-\u9fff]*)?(?!@))
    |(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<slot><[a-z_]+>|\{{[a-zA-Z_]\w*\}})
    |(?P<date>(?<![\d.])(?:19|20)\d\d(?:-\d{{1,2}}-\d{{1,2}}|/\d{{1,2}}/\d{{1,2}}
        |\.\d{{1,2}}\.\d{{1,2}}|年\d{{1,2}}月\d{{1,2}}[日号]?)(?![\d.-]))
    |(?P<time>(?<!\d)\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?!\d))
    |(?P<percent>\d+(?:\.\d+)?\s?[%‰])
    |(?P<range>(?<=\d)\s*[-–—~]+\s*(?=\d)|(?<=[^\W_])[-–—~]+(?=[^\W_])|(?<![^\W_])[-–](?=\d))
    |(?P<code>[A-Za-z0-9]+(?:[-_.\#+][A-Za-z0-9]+)*)
    |(?P<hanzi_number>[{NUMERAL_CHARACTERS}]+)
    |(?P<word>[^\W\d_\u3400-\u9fff]+)
    |(?P<char>[\u3400-\u9fff\U00020000-\U0003ffff])
    |(?P<symbol>\S)""",
    re.VERBOSE,
)
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_CONTRACTION = re.compile(r"\b([A-Za-z]+)['’](t|ll|re|ve|m)\b", re.IGNORECASE)
_CANNOT = re.compile(r"\b(can)(not)\b", re.IGNORECASE)
_ENDINGS = {"ll": "will", "re": "are", "ve": "have", "m": "am"}
_IRREGULAR = {"won": "will", "can": "can", "shan": "shall"}
_QUOTED = re.compile(r"[《“「『]([^《》“”「」『』]{1,40})[》”」』]|\"([^\"]{1,40})\"")
# Faces, hearts, flowers, stars and folded hands. A tick, a cross or a thumb says something.
_FRIENDLY = re.compile(
    "[\U0001f600-\U0001f644\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a\U0001f493-\U0001f49f"
    "\U0001f90d\U0001f90e\U0001f9e1\U0001f337-\U0001f33c\U0001f389\U0001f38a\U0001f490\U0001f44b"
    "\U0001f44f\U0001f4aa\U0001f31f\U0001f91d\U0001f3fb-\U0001f3ff\u2764\u2728\u2b50\u263a\u2665\ufe0f]"
    r"|\[(?:微笑|玫瑰|抱拳|爱心|呲牙|愉快|可爱|害羞|握手|鼓掌|庆祝|太阳|笑脸|偷笑|比心)\]"
    r"|(?<![\w:])[:;]-?[)D](?!\w)|\^_?\^"
)
_UNUSUAL = re.compile(r"[^\x00-\x7f\u3000-\u303f\u3400-\u9fff]")
_SUPERSCRIPT = re.compile("[²³¹⁰⁴-⁹₀-₉①-⑳⑴-⒇]")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text with its kind, and its value with spelling differences taken out."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that two texts must share to say the same."""

    kind: str
    value: str


def plain(text: str) -> str:
    """The text in one spelling: half width, ASCII digits and marks, without friendly emoji."""
    # A comma of full width is a pause; as an ASCII comma it could join two numbers into one.
    text = _FRIENDLY.sub(" ", text.replace("，", "、"))
    text = _SUPERSCRIPT.sub(lambda m: f" ^{unicodedata.normalize('NFKC', m[0])} ", text)
    text = _UNUSUAL.sub(lambda m: _one_spelling(m[0]), unicodedata.normalize("NFKC", text))
    return _CANNOT.sub(r"\1 \2", _CONTRACTION.sub(_expand, text))


def scan(text: str) -> list[Token]:
    """The tokens of a `plain` text in reading order; Chinese goes character by character."""
    text = _GROUPED.sub(lambda m: m[0].replace(",", ""), text)
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        tokens.extend(_tokens(match.lastgroup or "", match[0]))
    return tokens


def find_facts(text: str) -> Counter[Fact]:
    """The hard facts of a text, each as often as it occurs."""
    spelled = plain(text)
    tokens = scan(spelled)
    facts = Counter(Fact(t.kind, t.value) for t in tokens if t.kind in HARD)
    chinese = any(token.kind == "char" for token in tokens)
    for quoted in _QUOTED.finditer(spelled):
        facts[Fact("name", (quoted[1] or quoted[2]).casefold())] += 1
    pattern = r"[A-Za-z][A-Za-z'-]*" if chinese else r"(?<=[a-z0-9,] )[A-Z][A-Za-z'-]+"
    for name in re.finditer(pattern, spelled):
        facts[Fact("name", name[0].casefold())] += 1
    return facts


def _one_spelling(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) == "Cf":
        return ""
    return character


def _expand(match: re.Match[str]) -> str:
    stem, ending = match[1], match[2].lower()
    if ending != "t":
        return f"{stem} {_ENDINGS[ending]}"
    if not stem.lower().endswith("n"):
        return match[0]
    base = stem[:-1] if stem.lower() not in _IRREGULAR else _IRREGULAR[stem.lower()]
    return f"{base} not"


def _tokens(kind: str, text: str) -> list[Token]:
    """The tokens of one match: a run of letters and digits can be a code, a number or words."""
    if kind == "code":
        return _letters_and_digits(text)
    if kind == "hanzi_number":
        value = read_numeral(text)
        return [Token("char", c) for c in text] if value is None else [Token("number", str(value))]
    if kind == "date":
        return [Token(kind, "-".join(str(int(n)) for n in re.findall(r"\d+", text)))]
    if kind == "time":
        hour, _, rest = text.partition(":")
        return [Token(kind, f"{int(hour)}:{rest}")]
    if kind == "url":
        return [Token(kind, text.rstrip(".,;:!?").removesuffix("/"))]
    if kind == "range":
        return [Token(kind, "-")]  # a dash that joins two things is no mere punctuation
    if kind == "char":
        return [Token("negation" if text in NEGATIONS_ZH else "char", text)]
    if kind == "word":
        return [_word(text)]
    return [Token(kind, "".join(text.split()))]


def _letters_and_digits(text: str) -> list[Token]:
    if re.fullmatch(r"\d+(?:\.\d+)*", text):
        return [Token("number", text)]
    if text.isalpha():
        return [_word(text)]
    if re.search(r"[A-Za-z]", text) and re.search(r"\d", text):
        return [Token("code", text)]  # promotion codes can differ in case only
    parts = re.findall(r"[A-Za-z]+|\d+(?:\.\d+)*|.", text)
    return [t for part in parts for t in _part(part)]


def _part(part: str) -> list[Token]:
    if part == "." or part == "_":
        return []
    if part.isalnum():
        return _letters_and_digits(part)
    return [Token("range" if part == "-" else "symbol", part)]


def _word(text: str) -> Token:
    folded = text.casefold()
    return Token("negation" if folded in NEGATIONS_EN else "word", folded)
