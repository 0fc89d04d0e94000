"""What turns a sentence around: negations, exceptions, conditions, "only", promises, opposites."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

# Read as one word, so that the characters of negation in them negate nothing.
_IDIOM = re.compile(
    r"不锈钢|不仅|不但|不过|不同|不客气|不好意思|不断|不止|不久|不管|不论|无论|无线|无人机"
    r"|无理由|无忧|未来|非常|差不多"
    r"|特别|级别|区别|别墅|别名|类别|性别|识别|分别|个别|辨别|告别|没问题|是否|能否|可否|与否"
    r"|不用担心|不必担心"
    r"|不(?:要|能|可|宜|应)超过|(?:请)?勿超过|不少于|不超过|不多于|不低于|不高于|不得超过"
    r"|不得低于|不得少于|不满(?=\s*\d)"
    r"|不足(?=\s*\d)|不到(?=\s*\d)"
    r"|([能可会要有是])(?:不|没)(?:可以)?\1|可不可以|非(?=\d)"
    r"|\bnot exceed(?:ing)?\b|\bnot only\b|\bno (?:later|more|less|fewer) than\b|\bnot (?:more"
    r"|less|later) than\b"
    r"|\bno problem\b"
    r"|\bno worries\b|\bdo not (?:worry|hesitate)\b|\bwhether or not\b|\bnot just\b"
)
_NEGATION = re.compile(
    r"不能|不可以|不可|不得|不准|不许|不支持|不提供|不接受|不予|不会|不要|不应|不再|不是|不属于"
    r"|不在|不享受|不参与|不含|不包[括含]"
    r"|无法|无需|无须|不需要?|不用|不必|没有|并非|禁止|严禁|谢绝|拒绝|切勿|请勿|勿|(?:^"
    r"|(?<=[请您你、。 ]))别|不|没|未|无|非|莫"
    r"|\b(?:cannot|not|never|no|none|nothing|nobody|neither|nor|without|unable|refuses?d?"
    r"|rejects?(?:ed)?|declines?d?"
    r"|forbid(?:s|den)?|prohibit(?:s|ed)?|banned|fails? to)\b"
)
_EXCEPT = re.compile(
    r"除了|除外|除非|除(?=.{1,15}外)|例外|不含|不包括|不包含|\b(?:except|excluding|unless"
    r"|other than|apart from)\b"
)
_EXCEPTED = re.compile(r"除外|例外")
_ONLY = re.compile(
    r"仅|只(?!是|不过|好)|唯一|专供|\b(?:only|solely|exclusively"
    r"|just)\b"
)
_CONDITION = re.compile(
    r"(?:如果|如需|如有|如|若|假如|只要|倘若|凭|\b(?:if|provided|providing|as long as|in case"
    r"|on condition)\b)"
    r"([^,、;；。.!?:：]+)"
)
_UNREAL = re.compile(r"只要|仅供参考|只需|[一几两\d]只|只(?:装|瓶|套)")

# A claim of one of these kinds needs evidence of the same kind.
_STRONG: dict[str, re.Pattern[str]] = {
    "all": re.compile(
        r"所有|全部|任何|一律|每个(?!月|星期)|均|都|全场|全额|全款|\b(?:all|any|every"
        r"|everything|always|full|fully|entire)\b"
    ),
    "forever": re.compile(r"永久|终身|永远|一直|\b(?:lifetime|forever|permanent(?:ly)?)\b"),
    "at once": re.compile(
        r"立即|立刻|马上|即刻|即时|秒到|\b(?:immediate(?:ly)?|instant(?:ly)?|at once|right away"
        r"|straight away)\b"
    ),
    "unconditional": re.compile(
        r"无条件|不限|无限|随时|任意|不论|无论|不管|\b(?:unlimited|unconditional(?:ly)?"
        r"|any ?time|no matter|regardless"
        r"|no questions asked)\b"
    ),
    "guarantee": re.compile(
        r"保证|承诺|确保|一定|肯定|绝对|必定|包(?:退|换|赔|您|你)|百分百|100%"
        r"|\b(?:guarantee[sd]?|promise[sd]?|certain(?:ly)?|definitely"
        r"|absolutely|surely|ensure[sd]?|assure[sd]?)\b"
    ),
    "compensation": re.compile(
        r"赔偿|补偿|赔付|理赔|双倍|三倍|十倍|假一赔|返现|返还|\b(?:compensat\w*|reimburs\w*"
        r"|cash ?back|double)\b"
    ),
    "refund": re.compile(r"退款|退钱|退还|全额退|\b(?:refund\w*|money back)\b"),
    "gift": re.compile(
        r"赠送|赠品|免单|白送|送(?:您|你|一|出)|礼物|\b(?:gifts?(?! cards?)|giveaway|bonus"
        r"|for free|complimentary)\b"
    ),
    "free": re.compile(
        r"免费|免运费|包邮|免收|免邮|不收费|不收取|\b(?:free|no charge|no extra charge|no cost"
        r"|waive[sd]?)\b"
    ),
    "discount": re.compile(
        r"折扣|打折|优惠|减免|立减|满减|降价|\d\s?折|\b(?:discount\w*|coupons?|vouchers?"
        r"|\d+% off)\b"
    ),
    "only": _ONLY,
    "approval": re.compile(
        r"(?:已经?|为您|帮您).{0,4}(?:批准|通过|办理|处理|取消|修改|登记)|\b(?:i|we) (?:have"
        r"|will) \w+"
    ),
}


@dataclass(frozen=True, slots=True)
class Negated:
    """A negation's reach: the place of its cue, and the text behind it to the end of the clause."""

    start: int
    after: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """Things of which one excludes the others; each is a pattern of all its spellings."""

    name: str
    things: tuple[re.Pattern[str], ...]

    def found(self, text: str) -> frozenset[int]:
        """Which of them a text names."""
        return frozenset(n for n, thing in enumerate(self.things) if thing.search(text))


def negations(clause: str) -> list[Negated]:
    """The negations in a normalised clause."""
    masked = _IDIOM.sub(lambda match: "\u25a1" * len(match[0]), clause)
    return [Negated(each.start(), clause[each.end() :]) for each in _NEGATION.finditer(masked)]


def is_modal(word: str) -> bool:
    """Whether a negation before this word reaches beyond it."""
    return word in passed_over("modal")


def drops_exception(sentence: str, clause: str, beside: Sequence[str]) -> bool:
    """Whether the evidence makes an exception and the sentence does not.

    An exception inside a clause is that clause's own; one that begins a clause beside it, or says
    no more than 除外, is an exception to them all.
    """
    if _EXCEPT.search(sentence):
        return False
    return bool(_EXCEPT.search(clause)) or any(
        _EXCEPT.match(each.strip()) or _EXCEPTED.search(each) for each in beside
    )


def drops_only(sentence: str, evidence: str) -> bool:
    """Whether the evidence says "only" and the sentence does not."""
    return _is_limited(evidence) and not _is_limited(sentence)


def conditions(sentence: str) -> list[str]:
    """What a sentence says something depends on: `they are unused` of `if they are unused`."""
    return [each[1] for each in _CONDITION.finditer(sentence)]


def overstates(sentence: str, evidence: str) -> str:
    """The kind of strong word (all, guarantee, refund) that only the sentence has."""
    for name, pattern in _STRONG.items():
        if _promises(pattern, _without_idioms(sentence)) and not pattern.search(evidence):
            return name
    return ""


def _promises(pattern: re.Pattern[str], text: str) -> bool:
    """Whether the words stand in the text other than straight behind a negation."""
    denied = [each.after.lstrip() for each in negations(text)]
    return any(
        not any(after.startswith(match[0]) for after in denied) for match in pattern.finditer(text)
    )


def opposes(sentence: str, clause: str, before: str) -> str:
    """The contrast in which the sentence is on another side than the evidence.

    That is the clause, and the one before it only where the clause names no side.
    """
    for contrast in contrasts("opposites"):
        said, known = contrast.found(sentence), contrast.found(clause) or contrast.found(before)
        if known and not said <= known:
            return contrast.name
    return ""


def unnamed(sentence: str, evidence: str) -> str:
    """The contrast of which the sentence names something that the evidence does not."""
    for contrast in contrasts("values"):
        if not contrast.found(sentence) <= contrast.found(evidence):
            return contrast.name
    return ""


@cache
def passed_over(kind: str) -> frozenset[str]:
    """`light` words carry little; `modal` ones a negation passes over on its way."""
    return frozenset(_tables()["words"][kind])


@cache
def contrasts(table: str) -> tuple[Contrast, ...]:
    """The contrasts of one table of `data/contrasts.toml`."""
    groups = _tables()[table]
    return tuple(
        Contrast(name, tuple(_pattern(words) for words in things))
        for name, things in groups.items()
    )


@cache
def _tables() -> dict[str, Any]:
    source = resources.files("bot.generator").joinpath("data/contrasts.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _pattern(words: list[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(
        "|".join(
            word.removeprefix("re:")
            if word.startswith("re:")
            else rf"\b{re.escape(word)}(?:e?s|e?d|ing)?\b"
            if word.isascii()
            else re.escape(word)
            for word in longest_first
        )
    )


def _is_limited(text: str) -> bool:
    return bool(_ONLY.search(_UNREAL.sub("", text)))


def _without_idioms(text: str) -> str:
    return re.sub(r"不一定|全部都|一定要|不论|一起", "", text)
