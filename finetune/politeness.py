"""Greetings, thanks and filler: the parts of a message that carry no content.

A clause goes only if the whole of it is such a phrase, so nothing with a number, a name or any
other content word is ever removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_VERY = "(?:非常|十分|特别|很|真的|真|实在|万分|太)"
_YOU = "(?:您们|你们|您|你|亲)"
_CUSTOMER = "(?:客户|顾客|用户|会员|买家|朋友|客官|亲)"

_CHINESE_CLAUSES = (
    rf"(?:亲+|亲亲|亲爱的{_CUSTOMER}?|尊敬的{_CUSTOMER}|各位{_CUSTOMER})?"
    rf"(?:{_YOU}?好|大家好|嗨|哈喽|哈啰|早|早安|早上好|上午好|中午好|下午好|晚上好|晚安)",
    rf"亲+|亲亲|亲爱的{_CUSTOMER}?|尊敬的{_CUSTOMER}|嗨|哈喽|喂|客官",
    "在吗|在不在|在么|有人吗|有人在吗|有客服吗|在的|在呢|我在|人工在吗",
    "(?:那|嗯|恩)*(?:好的|好滴|好|行|嗯+|恩|哦|收到|明白|了解|没问题|当然|知道了|明白了|好的好的)",
    f"(?:请问)?{_YOU}?(?:还)?(?:有|需要)?(?:什么|啥|哪些|其他|其它|别的)?(?:问题|事情|事|需要)?"
    f"(?:是)?(?:我|我们|小店|这边)?(?:可以|能|能够|需要)?(?:为|帮)(?:到|助)?{_YOU}?"
    "(?:的|服务|服务的|效劳|效劳的|解决的|处理的|帮助|帮助的|做的)?",
    f"(?:请问)?{_YOU}?还有(?:什么|其他|其它|别的|任何)?(?:其他|其它|别的)?(?:的)?(?:问题"
    f"|疑问|需要)",
    f"(?:很|非常)?(?:高兴|荣幸)(?:能)?为{_YOU}服务(?:的)?|(?:客服)?(?:正在)?为{_YOU}服务",
    f"(?:请|麻烦)?{_YOU}?(?:先)?(?:稍等|稍候|稍后|等一下|等一等|耐心等待)(?:一下|片刻|一会儿?|下)?",
    f"{_VERY}*(?:谢谢|感谢|多谢|谢|3q){_YOU}?(?:的)?"
    "(?:咨询|来电|联系|反馈|支持|理解|配合|光临|惠顾|关注|信任|耐心|等待|耐心等待|喜爱|提问|提醒"
    "|选择)?"
    "(?:与|和|及)?(?:咨询|反馈|支持|理解|配合|信任|关注)?",
    f"(?:给|对|为)?{_YOU}?(?:带来|造成)(?:的|了)?(?:不便|不便之处|困扰)(?:我们|本店)?"
    f"(?:深表|表示|感到)?{_VERY}?(?:抱歉|歉意|遗憾)?",
    f"(?:对此)?(?:我们)?(?:真的|深表|表示|感到|深感)?{_VERY}*(?:抱歉|不好意思|对不起|歉意)(?:了)?"
    f"(?:给{_YOU}(?:带来|造成)(?:的|了)?(?:不便|不便之处|困扰)(?:了)?)?",
    f"(?:{_VERY}*(?:抱歉|不好意思|对不起))?(?:让|叫){_YOU}久等(?:了)?",
    f"(?:敬请|还请|请|望|还望|希望){_YOU}?(?:多多|能够|能|给予)?(?:谅解|见谅|理解|包涵|原谅)",
    f"祝(?:愿)?{_YOU}?(?:生活|购物|工作|旅途|每天|天天|一切|万事)?"
    "(?:愉快|开心|快乐|顺利|如意|顺心|生活愉快|购物愉快|天天开心)",
    f"欢迎{_YOU}?(?:再次|随时|下次)?(?:光临|惠顾|咨询|联系|来电|选购)(?:本店|我们|小店)?",
    f"(?:如|如果|若|要是)?{_YOU}?(?:还)?有(?:任何|其他|其它|别的|什么)?(?:其他"
    f"|其它)?(?:疑问|问题|需要)"
    f"(?:的话)?(?:请|欢迎|可以)?{_YOU}?(?:随时|再)?(?:联系|咨询|告诉|询问|找)(?:我们|我|客服)?",
    f"(?:请|欢迎|可以)?{_YOU}?随时(?:再)?(?:联系|咨询|告诉|询问|找)(?:我们|我|客服)",
    "(?:您|你)?(?:请)?(?:说|讲|问)|有什么吩咐|不客气|不用谢|不用客气|别客气|应该的|客气了|再见"
    "|拜拜|回见",
)

_MUCH = "(?: so much| very much| a lot)?"
_INCONVENIENCE = (
    "(?: for (?:the|any|this|that)(?: inconvenience)?(?: caused"
    "| this (?:may have )?caused?)?| for the wait)?"
)
_ENGLISH_CLAUSES = (
    "(?:hi|hello|hey|hiya|greetings)(?: there| dear| again| everyone| team| sir| madam)?",
    "good (?:morning|afternoon|evening|day)(?: to you)?",
    "dear(?: valued)?(?: customers?| friend| sir| madam| sir or madam| client| user| guest)?",
    f"(?:many )?(?:thanks|thank you|thx|cheers){_MUCH}(?: again)?(?: in advance)?"
    "(?: for (?:your (?:message|patience|question|inquiry"
    "|enquiry|understanding|support|time|interest"
    "|feedback|cooperation)|contacting us|reaching out(?: to us)?|getting in touch|asking|waiting"
    "|writing(?: in| to us)?|letting us know|telling us|choosing us))?",
    f"(?:(?:i am|i'm|we are|we're) )?(?:so |very |really |truly |terribly |extremely )?sorry"
    f"(?: to hear (?:that|this)| about (?:that|this)|{_INCONVENIENCE})",
    f"(?:i|we)?(?: sincerely| deeply)? ?apologi[sz]e(?: sincerely)?{_INCONVENIENCE}",
    f"(?:my|our|with our)?(?: sincere| sincerest)? ?apologies{_INCONVENIENCE}",
    "have an? (?:nice|great|good|lovely|wonderful"
    "|amazing) (?:day|one|evening|weekend|time)(?: ahead)?",
    "(?:please )?(?:(?:just )?let (?:us|me) know"
    "|feel free to (?:contact us|reach out(?: to us)?|ask"
    "|message us|get in touch)|(?:do not"
    "|don't) hesitate to (?:contact us|reach out(?: to us)?|ask))"
    "(?: (?:at any time|anytime|again))?"
    "(?: if (?:you have|there are)(?: any)?(?: other| further"
    "| more)? (?:questions?|concerns?|issues?)"
    "| if you need (?:anything else|any(?: more| further)? (?:help|assistance)|(?:more )?help))?",
    "(?:if you have any(?: other| further| more)? (?:questions?"
    "|concerns?)|if you need anything else)",
    "(?:is there|do you need|do you have) (?:anything else|any other questions?)"
    "(?: (?:that )?(?:i|we) can (?:help|assist)(?: you)?(?: with)?)?(?: today)?",
    "(?:so )?how (?:can|may|could) (?:i|we)(?: be of)? (?:help|assist|assistance|service)(?: to)?"
    "(?: you)?(?: today)?",
    "what can (?:i|we) (?:do for|help)(?: you)?(?: with)?(?: today)?",
    "(?:i am|i'm|we are|we're)?(?: always)? ?(?:happy|glad|here"
    "|pleased) to (?:help|assist)(?: you)?"
    "(?: today)?",
    "(?:i |we )?hope (?:this|that|it) helps",
    "sure(?: thing)?|certainly|of course|absolutely|no problem(?: at all)?|no worries|great|okay|ok"
    "|alright|all right|welcome|(?:you are"
    "|you're)(?: very)? welcome|my pleasure|got it|i see|understood",
    "(?:best|kind|warm)?(?: regards| wishes)|(?:yours )?sincerely|bye|goodbye|take care",
    "let me (?:help|check)(?: you)?(?: with)?(?: that| this)?(?: for you)?",
    "anyone there|is anyone there|are you there",
    "(?:one|just a|a) moment(?: please)?|please (?:wait"
    "|hold)(?: a moment| on)?|hold on(?: please)?",
)

_CLAUSE = re.compile("|".join((*_CHINESE_CLAUSES, *_ENGLISH_CLAUSES)), re.IGNORECASE)
_SPLIT = re.compile(
    r"(、|[。!?;…\n]+|[.,:](?=\s|$)|(?<=[\u4e00-\u9fff])[,:]|(?<=[\u4e00-\u9fff])\s)"
)
_LEAD = re.compile(
    rf"(?:您好|你好)(?:呀|啊|哦|亲)*|亲(?=[{{您你请这麻我咱可已]|$)|亲爱的{_CUSTOMER}"
    rf"|尊敬的{_CUSTOMER}"
    rf"|{_VERY}*(?:抱歉|不好意思|对不起)|(?:hi|hello|hey)(?: there)?(?=\s)|sorry(?=\s+we\b|\s+i\b)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:谢谢(?:您|你)?|[哦呢啊呀哈噢啦哟喔嘛呐~]+亲?|(?<=[了的])亲|\b(?:thanks|thank you))$",
    re.IGNORECASE,
)
_INLINE = re.compile(
    r"麻烦(?:您|你)|烦请(?:您|你)?|劳烦(?:您|你)?|敬请|请(?:您|你)"
    r"|(?<![申邀聘报宴约])请(?![求假教客柬示安战])|(?:为|帮)(?:您|你)(?!的)|(?:您|你)的"
    r"|(?<=我)这边|(?<=我们)这边|(?<=您)这边|\b(?:please|kindly)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"^(?:您|你)(?!们)")


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch between two marks; `end` is the mark after it."""

    text: str
    end: str


def clauses(plain: str) -> Iterator[Clause]:
    """The clauses of a text; the dots and commas inside numbers and addresses split nothing."""
    parts = [*_SPLIT.split(plain), ""]
    for text, end in zip(parts[0::2], parts[1::2], strict=True):
        if text.strip():
            yield Clause(text.strip(), end.strip() or " ")


def is_polite(text: str) -> bool:
    """Whether a clause is nothing but a greeting, thanks, an apology or the like."""
    bare = text.strip(" ~-—*\"'“”()^_")
    without = _TAIL.sub("", bare).removesuffix("吗").strip()
    return not without or any(_CLAUSE.fullmatch(form) for form in {bare, without})


def without_politeness(clause: str) -> str:
    """The clause without greetings before it, particles after it and `please` in it."""
    text = clause
    before = None
    while before != text:
        before = text
        text = _TAIL.sub("", _LEAD.sub("", text, count=1) if _LEAD.match(text) else text).strip()
    return _SUBJECT.sub("", _INLINE.sub("", text).strip()).strip()


def says_nothing(text: str) -> bool:
    """Whether the whole message is politeness: no question, and no answer to one."""
    from finetune.facts import plain  # that module reads clauses with this one

    return all(is_polite(clause.text) for clause in clauses(plain(text)))
