"""Every fixed sentence the bot says, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

Language = Literal["zh", "en"]

_TEXTS: Mapping[str, Mapping[Language, str]] = {
    "clarify": {
        "zh": "您想问的是下面哪一个？",
        "en": "Which of these do you mean?",
    },
    "clarify_one": {
        "zh": "您是想问这个吗？",
        "en": "Is this what you mean?",
    },
    "none_of_these": {
        "zh": "都不是",
        "en": "None of these",
    },
    "no_answer": {
        "zh": "抱歉，这个问题我还答不上来。您可以换个说法再问一次，也可以转人工。",
        "en": "Sorry, I don't have an answer to that. "
        "You could try asking in other words, or talk to a person.",
    },
    "no_answer_again": {
        "zh": "抱歉，还是没能帮上您。建议转人工，由同事来为您解答。",
        "en": "Sorry, I still can't help with this. I suggest you talk to one of my colleagues.",
    },
    "declined": {
        "zh": "好的，是我没理解对。请换个说法告诉我您想问什么，或者转人工。",
        "en": "Sorry, I misunderstood. Please tell me in other words what you need, "
        "or talk to a person.",
    },
    "refused_prompt": {
        "zh": "抱歉，这个我不能照做，内部设置也不便透露。我可以回答商品、订单和售后方面的问题。",
        "en": "Sorry, I can't do that, and I can't share how I am set up. "
        "I can help with products, orders and after-sales questions.",
    },
    "refused_others_data": {
        "zh": "抱歉，其他顾客的信息我不能提供。您自己的订单，我很乐意帮您看。",
        "en": "Sorry, I can't share other customers' information. "
        "I'm happy to help with your own orders.",
    },
    "refused_abuse": {
        "zh": "很抱歉让您有不好的体验。请告诉我遇到了什么问题，我尽力帮您，也可以转人工。",
        "en": "I'm sorry this has been frustrating. Tell me what went wrong and I'll do my best, "
        "or talk to a person.",
    },
    "refused_off_topic": {
        "zh": "这个我帮不上忙，我只负责本店的商品、订单和售后问题。请问有什么可以帮您？",
        "en": "That's outside what I can help with: I'm here for this shop's products, orders and "
        "after-sales questions. What can I do for you there?",
    },
    "empty": {
        "zh": "您好！请问有什么可以帮您？",
        "en": "Hi! What can I help you with?",
    },
    "attachment": {
        "zh": "收到了，不过我还看不懂图片、语音和文件。"
        "请用文字描述您的问题；转人工后，同事能看到您发来的内容。",
        "en": "Got it, but I cannot read pictures, voice messages or files. Please describe your "
        "question in words; if you talk to a person, they will see what you sent.",
    },
    "error": {
        "zh": "抱歉，我这边出了点问题，暂时没法回答。请稍后再试，或者转人工。",
        "en": "Sorry, something went wrong on my side. "
        "Please try again in a moment, or talk to a person.",
    },
    "handoff": {
        "zh": "好的，已为您转接人工，同事会在这里回复您。",
        "en": "Of course. I've asked a colleague to take over; they will reply to you here.",
    },
    "handoff_closed": {
        "zh": "好的，已为您登记转人工。现在是下班时间，同事上班后会在这里回复您。",
        "en": "I've put you through to my colleagues. They are off work right now "
        "and will reply to you here when they are back.",
    },
    "handoff_hours": {
        "zh": "人工服务时间：{hours}。",
        "en": "Our team is available {hours}.",
    },
    "waiting": {
        "zh": "已收到，正在等待同事接入，稍后会在这里回复您。",
        "en": "Got it. You're in the queue; a colleague will answer you here.",
    },
    "talk_to_person": {
        "zh": "转人工",
        "en": "Talk to a person",
    },
    "back_to_bot": {
        "zh": "返回智能助手",
        "en": "Back to the assistant",
    },
    "bot_again": {
        "zh": "好的，我是智能助手，接着为您服务。请问您想问什么？",
        "en": "The assistant here again. What would you like to know?",
    },
    "offer_person": {
        "zh": "如果没有解决您的问题，可以转人工。",
        "en": "If this doesn't help, you can talk to a person.",
    },
    "transcript_title": {"zh": "{name} 在线客服聊天记录", "en": "{name} chat transcript"},
    "speaker_customer": {"zh": "您", "en": "You"},
    "speaker_bot": {"zh": "智能客服", "en": "Assistant"},
    "speaker_operator": {"zh": "人工客服", "en": "Our team"},
    "speaker_system": {"zh": "系统提示", "en": "Note"},
    "other_language": {
        "zh": "这条回复暂时没有中文版，如需帮助可以转人工。",
        "en": "This answer isn't available in English yet. "
        "You can talk to a person if you need help.",
    },
}


def say(key: str, language: str, **values: str) -> str:
    """The sentence `key` in this language; English for a language that we do not speak."""
    texts = _TEXTS[key]
    return texts[spoken(language)].format(**values)


def spoken(language: str) -> Language:
    """The language of the fixed sentences for a customer who writes in `language`."""
    return cast(Language, language) if language in ("zh", "en") else "en"


def join_sentences(language: str, *sentences: str) -> str:
    """Sentences in one paragraph: a space between English ones, none between Chinese ones."""
    return ("" if spoken(language) == "zh" else " ").join(filter(None, sentences))
