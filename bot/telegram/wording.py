"""The sentences that only the Telegram channel says, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from bot.types import ShopFacts
from bot.wording import Language, spoken

_TEXTS: Mapping[str, Mapping[Language, str]] = {
    "greeting": {
        "zh": "您好，这里是{shop}的客服助手。有什么问题，直接发文字给我就好；"
        "想找人工，请发 /human。",
        "en": "Hello, this is the assistant of {shop}. Just type your question; "
        "send /human whenever you would rather talk to a person.",
    },
    "greeting_nameless": {
        "zh": "您好，这里是客服助手。有什么问题，直接发文字给我就好；想找人工，请发 /human。",
        "en": "Hello, this is the customer service assistant. Just type your question; "
        "send /human whenever you would rather talk to a person.",
    },
    "help": {
        "zh": "直接把问题用文字发给我，我会马上回答。\n/human 转人工\n/help 查看说明",
        "en": "Type your question and I will answer right away.\n"
        "/human talk to a person\n/help show this help",
    },
    "text_only": {
        "zh": "抱歉，我目前只能看懂文字。请用文字描述您的问题，或发 /human 转人工。",
        "en": "Sorry, I can only read text for now. Please describe your question in words, "
        "or send /human to talk to a person.",
    },
    "too_long": {
        "zh": "这条消息太长了，请分成几条再发给我。",
        "en": "That message is too long for me. Please split it into a few shorter ones.",
    },
    "button_gone": {
        "zh": "这个按钮已失效，请直接把问题发给我。",
        "en": "This button no longer works. Please type your question instead.",
    },
    "command_help": {"zh": "查看说明", "en": "Show help"},
    "command_human": {"zh": "转人工", "en": "Talk to a person"},
}


def say(key: str, language: str, **values: str) -> str:
    """The sentence `key` in this language; English for a language that we do not speak."""
    return _TEXTS[key][spoken(language)].format(**values)


def greeting(shop: ShopFacts, language: str) -> str:
    """How the shop welcomes someone who opens the chat: in its own words, if it has any."""
    own = shop.greeting.get(language)
    if own:
        return own
    name = shop.names.get(language) or shop.name
    return say("greeting", language, shop=name) if name else say("greeting_nameless", language)
