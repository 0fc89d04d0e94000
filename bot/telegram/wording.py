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
        "zh": "直接把问题用文字发给我，我会马上回答。\n/human 转人工\n/language 选择语言\n"
        "/forget 删除我的全部记录\n/help 查看说明",
        "en": "Type your question and I will answer right away.\n/human talk to a person\n"
        "/language choose the language\n/forget erase all that is stored about me\n"
        "/help show this help",
    },
    "choose_language": {"zh": "请选择语言：", "en": "Please choose a language:"},
    "language_chosen": {"zh": "好的，接下来用中文为您服务。", "en": "All right, English it is."},
    "forget_ask": {
        "zh": "要删除我们保存的关于您的全部内容吗？包括所有对话，删除后无法恢复。",
        "en": "Erase everything that is stored about you, all conversations included? "
        "This cannot be undone.",
    },
    "forget_yes": {"zh": "全部删除", "en": "Erase everything"},
    "forget_no": {"zh": "不删除", "en": "Keep it"},
    "forgotten": {
        "zh": "已删除我们这边关于您的全部记录。聊天窗口里的消息，您可以自行清空。",
        "en": "Everything that was stored about you has been erased on our side. "
        "You can clear the messages in this chat yourself.",
    },
    "nothing_to_forget": {
        "zh": "我们没有保存任何关于您的内容。",
        "en": "There is nothing stored about you.",
    },
    "kept": {"zh": "好的，没有删除任何内容。", "en": "All right, nothing was erased."},
    "thanks": {"zh": "谢谢您的反馈！", "en": "Thank you for telling us!"},
    "slow_down": {
        "zh": "您发得有点快，我先回答前面的。后面这些没有收下，请过一分钟再发。",
        "en": "That is a little fast for me. I will answer what came first; the messages after it "
        "were not taken, so please send them again in a minute.",
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
    "command_language": {"zh": "选择语言", "en": "Choose the language"},
    "command_forget": {"zh": "删除我的记录", "en": "Erase what is stored about me"},
    "command_retrain": {"zh": "重新训练", "en": "Retrain"},
    "command_rollback": {"zh": "回退到上一个版本", "en": "Go back to the previous bundle"},
    "command_stats": {"zh": "查看数据", "en": "Show the figures"},
    "command_review": {"zh": "审核问题", "en": "Review questions"},
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
