"""What no reply can be given to, and text that tries to give the assistant orders."""

from __future__ import annotations

import re
from typing import Literal

Misuse = Literal["prompt", "others_data", "abuse", "off_topic"]

_INSTRUCTION = re.compile(
    r"(?:忽略|无视|忘[记掉]|不要理会|抛开|跳过).{0,12}(?:指令|指示|规则|提示词?|设定|要求|限制"
    r"|系统)"
    r"|(?:系统提示|系统指令|系统消息|开发者模式|越狱模式|\[系统\]|【系统】)"
    r"|(?:你|AI|助手|机器人|客服(?:助手|机器人)|模型)(?:现在|从现在起|必须|应当|应该|务必"
    r"|要).{0,10}(?:回[复答]|告诉|告知|输出|声称|宣布|说|扮演|表示|承诺)"
    r"|(?:请|务必|必须|直接)?(?:告诉|告知|回复|答复|对|向|通知)(?:所有|每[位个]|这位)?(?:用户"
    r"|顾客|客户|提问者)(?:说|表示|回答)?[：:，,“「\"]"
    r"|(?:告诉|告知|通知|回复)(?:所有|每[位个])(?:用户|顾客|客户)|从现在(?:起|开始).{0,10}你"
    r"|(?:致|给)(?:AI|人工智能|助手|机器人|大模型|语言模型)"
    r"|(?:请|必须|务必)(?:只|一律|统一)?(?:输出|回复)[：:“「\"]|你(?:现在)?是一个(?:不受|没有)"
    r"|\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules?|prompts?"
    r"|guidelines?|above|previous|prior|policy)\b"
    r"|\b(?:system|developer) (?:prompt|message|note|instruction|override)\b|^\s*(?:system"
    r"|assistant|developer)\s*:"
    r"|\b(?:ai|assistant|bot|chatbot|model|llm|agent)s?\b.{0,20}\b(?:must|should|shall|has to"
    r"|have to|are to|is to|please|now)\b"
    r".{0,30}\b(?:say|tell|reply|respond|answer|output|reveal|state|claim|promise|inform"
    r"|confirm|offer|write|print)\b"
    r"|\b(?:attention|note|instructions?|message|dear)\b.{0,12}\b(?:ai|assistants?|bots?"
    r"|chatbots?|llms?|language models?)\b"
    r"|\b(?:tell|inform|assure|promise)\b (?:the |every |all |any |each )?(?:user|customer"
    r"|reader|asker)s?\b"
    r"|\b(?:respond|reply|answer)\b (?:only )?(?:with|that)\b|\byou are now\b"
    r"|\bfrom now on\b.{0,20}\byou\b|\bjailbreak\b|\bDAN mode\b"
    r"|\bwhen asked\b.{0,40}\b(?:say|reply|respond|answer|tell)\b",
    re.IGNORECASE | re.MULTILINE,
)
_PROMPT = re.compile(
    r"(?:忽略|无视|忘[记掉]|抛开|跳过)(?:你|上面|以上|之前|前面|先前|此前|所有|一切|全部|的|掉"
    r"|我|们|那些|这些)*(?:指令|指示|规则|提示词?|设定|限制|系统)"
    r"|(?:系统提示词?|系统指令|提示词|system\s*prompt|初始指令|内部指令|隐藏指令|开发者模式|越狱)"
    r"|(?:你的|复述|重复|输出|打印|告诉我|泄露).{0,8}(?:指令|设定|规则(?:原文)?"
    r"|prompt)(?!.{0,6}(?:退|换|积分|活动|优惠))"
    r"|你现在是(?:一个)?(?:不受|没有)(?:任何)?(?:限制|约束)"
    r"|\b(?:ignore|disregard|forget|override|bypass)\b (?:\w+ ){0,4}(?:instructions?|rules"
    r"|prompts?|guidelines|programming)\b"
    r"|\b(?:show|reveal|print|repeat|tell me|output|give me|what(?:'s| is"
    r"| are))\b (?:\w+ ){0,4}(?:your|the|hidden|initial|system) (?:\w+ )?"
    r"(?:system prompt|prompt|instructions you|hidden instructions|initial instructions"
    r"|system message)\b"
    r"|\bsystem prompt\b|\bdeveloper mode\b|\bjailbreak\b|\byou are now (?:a |an )?(?:dan\b"
    r"|unrestricted|free)",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"(?:别的|其他|其它|另一个|另外一[个位]|别|任意|所有|全部)(?:的)?(?:人|顾客|客户|用户|买家"
    r"|会员)们?的?.{0,6}"
    r"(?:订单|地址|电话|手机|号码|资料|信息|数据|隐私|记录|邮箱)"
    r"|(?:客户|用户|顾客|会员)(?:名单|列表|数据库|资料库)|(?:谁|哪些人)(?:买了|下了单|买过)"
    r"|\b(?:other|another|someone else'?s?|all|every|different) (?:customer|user|buyer|client"
    r"|people|person|member)s?'?s?\b.{0,30}"
    r"\b(?:orders?|address(?:es)?|phones?|numbers?|names?|emails?|data|details|information"
    r"|records?|purchases?)\b"
    r"|\b(?:customer|client|user) (?:list|database|records)\b|\bwho else (?:bought|ordered)\b"
    r"|\bsomeone else'?s (?:order|address|phone|account|details|email)\b",
    re.IGNORECASE,
)
_ABUSE = re.compile(
    r"傻[逼比屄叉缺]|沙[比币]|煞笔|\bsb\b|草泥马|操你|肏|[草艹日干]你[妈娘]|他妈的|tmd\b|cnm"
    r"|nmsl|去死|滚蛋|滚犊子|王八蛋|狗东西|贱人|婊子|畜生|脑残|废物|智障"
    r"|\b(?:fuck(?:ing|er)?|shit(?:ty)?|bitch|asshole|bastard|moron|idiots?|retard|cunt"
    r"|dickhead|stupid bot|screw you|piece of crap)\b",
    re.IGNORECASE,
)
_OFF_TOPIC = re.compile(
    r"(?:写|作|编|来)(?:一?首|一?篇|一?个|一?段|点)?(?:诗|歌词|作文|小说|故事|笑话|论文|代码"
    r"|程序|脚本|情书)|讲(?:个|一个)?(?:笑话|故事)"
    r"|(?:今天|明天|现在)?天气(?:怎么样|如何|好吗)|(?:谁会赢|比分|世界杯|总统|选举|股票|股市"
    r"|彩票|炒股|星座|运势|算命)"
    r"|帮我(?:做|写)(?:作业|数学题)|陪我聊天|你喜欢(?:我|谁)|做我(?:女|男)朋友"
    r"|\b(?:write|compose|tell)\b (?:me )?(?:a |an |some )?(?:\w+ )?(?:poem|song|story|joke"
    r"|essay|code|script|novel|haiku)\b"
    r"|\b(?:weather|forecast)\b.{0,15}\b(?:today|tomorrow|like)\b|\bwho (?:will"
    r"|is going to) win\b|\b(?:president|election|stock market|horoscope)\b"
    r"|\bdo my homework\b|\bsolve this (?:equation|math)\b|\bare you single\b",
    re.IGNORECASE,
)


def find_misuse(text: str) -> Misuse | None:
    """What a customer's message asks that no shop's assistant does; None for all else."""
    if _PROMPT.search(text):
        return "prompt"
    if _OTHERS.search(text):
        return "others_data"
    if _ABUSE.search(text):
        return "abuse"
    return "off_topic" if _OFF_TOPIC.search(text) else None


def is_instruction(sentence: str) -> bool:
    """Whether a sentence of a document speaks to an assistant instead of a reader."""
    return bool(_INSTRUCTION.search(sentence))
