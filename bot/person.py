"""Recognising that a customer asks for a person, or for the bot back.

A false alarm costs a colleague's time and a miss makes a customer feel trapped, so the words
must stand where a request stands: "转人工" but not "人工智能", "talk to a human" but not
"human hair wig".
"""

from __future__ import annotations

import re

from storage.normalise import normalise

_POLITE = r"(?:请问?|麻烦|帮我|给我|我要?|可以|能|能否|能不能|想|快|直接|立刻|马上|please|pls)*"
_TAIL_ZH = r"(?:一下|吧|呢|啊|呀|哦|嘛|吗|了|谢谢|好吗|可以吗|行吗|please|pls)*"
_END = r"(?=$|[\s,，.。!！?？~～;；、])"

_STAFF_ZH = r"(?:人工(?:客服|服务|坐席|座席)?|真人(?:客服|服务)?|活人|客服人员|人工客服人员)"
_ALONE_ZH = re.compile(
    rf"^{_POLITE}\s*(?:有|有没有|找|要|叫|转)?(?:{_STAFF_ZH}|客服)\s*{_TAIL_ZH}[!！。.~～?？]*$"
)
_ASK_ZH = re.compile(
    r"(?:转接?|接(?:入|通)?|换成?|找|叫|让|联系|呼叫|需要|想?要|请|来|安排|派)"
    r"(?:一下|一个|一位|个|位|到|成|给|你们的?|我)*"
    rf"{_STAFF_ZH}\s*{_TAIL_ZH}(?:{_END}|(?=帮|处理|解决|来|回[复答]|跟我|和我|给我|接待))"
)
_TALK_ZH = re.compile(
    r"(?:跟|和|与|同)(?:一?个|一位)?(?:真人|活人|人类|人工(?:客服)?|客服|真正的人)"
    r"(?:说话?|聊|谈|沟通|对话|讲|交流)"
)
_NOT_ZH = re.compile(
    r"(?:不用|不要|不需要|不想|不必|无需|无须|没必要|先别|别|甭)[^,，。.!！?？;；]{0,3}$|(?<!要)不需?$"
)

_STAFF_EN = (
    r"(?:human(?: being| agent| rep(?:resentative)?| operator)?|person|people|agent"
    r"|representative|rep|operator|adviser|advisor|somebody|someone|supervisor|manager"
    r"|customer (?:service|support|care)(?: (?:agent|rep(?:resentative)?|team|person))?"
    r"|support (?:agent|team|person|rep)|staff member|member of staff)"
)
_FILLER_EN = (
    r"(?:(?:to|with|through|me|us|in touch|over|an?|the|some|any|your|another|real|live|actual"
    r"|proper|human|one of your) )*"
)
_TALKING_EN = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|escalate|hand|put|pass|redirect)(?:ing)? "
    rf"{_FILLER_EN}{_STAFF_EN}\b(?!['’-])(?! (?:hair|rights|resources|body|growth))"
)
_AFTER_EN = (
    r"(?=$| ?[,.!?;]| (?:please|pls|now|here|instead|asap|right|immediately|today|not|and|because"
    r"|to (?:help|talk|speak|call|assist|handle|contact|look)|who|that can|thanks|thank|can|or|on"
    r"|about|regarding)\b)"
)
_WANTING_EN = re.compile(
    r"\b(?:want|need|get|give|have|reach|contact|find|see|prefer|i'd like|would like) "
    rf"{_FILLER_EN}(?:(?:real|live|actual|human) (?:person|agent|human|rep|representative"
    rf"|operator|people|someone)|human(?: being)?|agent|representative|operator){_AFTER_EN}"
)
_IS_THERE_EN = re.compile(
    r"\b(?:is|are) there (?:an?|any|some)? ?(?:(?:real|live|actual|human) )*"
    r"(?:person|people|human|agent|someone|anyone|anybody|representative)"
    r"(?: here| there)?(?: i can (?:talk|speak|chat)\b.*| to (?:talk|speak|chat)\b.*|[?!. ]*$)"
)
_ALONE_EN = re.compile(
    r"^(?:please |pls |a |an |the |real |live |actual )*(?:human|agent|operator|representative"
    r"|human agent|real person|live agent|live person|live chat|human being|customer service"
    r"|customer support)(?: please| pls| now| thanks)*[!.?\s]*$"
)
_NOT_EN = re.compile(
    r"(?:\b(?:do not|don['’]?t|didn['’]?t|not|needn['’]?t|no need|without|never|rather not"
    r"|no longer)\b)(?: \w+){0,3} ?$"
)
_WHY_NOT_EN = re.compile(r"\bwhy (?:don['’]?t|not|do not)\b[^,.!?;]*$")

_BACK = re.compile(
    r"^(?:请)?(?:返回|回到|转回|换回|切回|继续[问找用]?)\s*(?:智能)?(?:助手|机器人|客服机器人|bot)"
    rf"{_TAIL_ZH}[。.!！]*$"
    r"|^(?:please )?(?:go |take me |switch |bring me )?back to (?:the |your )?"
    r"(?:bot|assistant|chat ?bot)(?: please)?[.!]*$"
)


def asks_for_person(text: str) -> bool:
    """Whether the customer asks to be answered by a person."""
    text = normalise(text).lower()
    if _ALONE_ZH.search(text) or _ALONE_EN.search(text):
        return True
    return _asked(text, (_ASK_ZH, _TALK_ZH), _NOT_ZH) or _asked(
        text, (_TALKING_EN, _WANTING_EN, _IS_THERE_EN), _NOT_EN, allowed=_WHY_NOT_EN
    )


def asks_for_bot(text: str) -> bool:
    """Whether a customer in the queue would rather go on with the bot."""
    return _BACK.search(normalise(text).lower()) is not None


def _asked(
    text: str,
    patterns: tuple[re.Pattern[str], ...],
    negation: re.Pattern[str],
    allowed: re.Pattern[str] | None = None,
) -> bool:
    """Whether some pattern matches where no negation stands right before it."""
    for match in (found for pattern in patterns for found in pattern.finditer(text)):
        before = text[: match.start()]
        if not negation.search(before) or (allowed is not None and allowed.search(before)):
            return True
    return False
