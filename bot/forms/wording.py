"""What forms say, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from bot.types import FormState
from bot.wording import spoken

UNAVAILABLE = "unavailable"
_HELPED = frozenset(("invalid", "not_understood"))

_QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "order": {
        "zh": "请把订单号发给我，我来查。",
        "en": "Please send me the order number, and I'll look it up.",
    },
    "phone_last4": {
        "zh": "为了确认是您本人的订单，请告诉我下单手机号的后四位。",
        "en": "To make sure it is your order: what are the last four digits "
        "of the phone number it was placed with?",
    },
    "product": {
        "zh": "请问是哪一款商品？型号或名称都可以。",
        "en": "Which product is it? The model or the name will do.",
    },
    "new_address": {
        "zh": "请把新的收货地址完整地发给我，包括门牌号。",
        "en": "Please send me the complete new address, with the house number.",
    },
    "reason": {
        "zh": "请问是什么原因呢？简单说一下就好。",
        "en": "May I ask the reason? A few words will do.",
    },
    "invoice_title": {
        "zh": "发票抬头开什么？公司请一并写上税号。",
        "en": "Who should the invoice be made out to? For a company, please add the tax number.",
    },
}
_HELP: Mapping[str, Mapping[str, str]] = {
    "order": {
        "zh": "这不像完整的订单号。在「我的订单」或下单短信、邮件里能找到，请整个复制过来。",
        "en": "That doesn't look like a complete order number. You will find it under My orders "
        "or in the confirmation e-mail; please copy all of it.",
    },
    "phone_last4": {
        "zh": "请只发四位数字，也就是下单时填的手机号的最后四位。",
        "en": "Please send four digits: the last four of the phone number given with the order.",
    },
    "product": {
        "zh": "没有找到这款商品。请看一下商品页或机身上的型号，发给我。",
        "en": "I couldn't find that product. Please send me the model from the product page "
        "or from the label on the appliance.",
    },
    "new_address": {
        "zh": "地址还不完整，请写上街道和门牌号。",
        "en": "That address isn't complete yet; please include the street and the house number.",
    },
    "reason": {
        "zh": "请用几个字说明原因，例如「尺寸不合适」。",
        "en": "Please say why in a few words, for example “wrong size”.",
    },
    "invoice_title": {
        "zh": "请写明抬头，个人写姓名，公司写公司名称和税号。",
        "en": "Please give the name for the invoice: yours, or the company's with its tax number.",
    },
}
_SAYINGS: Mapping[str, Mapping[str, str]] = {
    "given_up": {
        "zh": "好的，那先不办了。还有什么可以帮您？",
        "en": "All right, I'll leave it. Is there anything else I can help with?",
    },
    "gave_up": {
        "zh": "看来这样不太方便，我们先放一放。您可以转人工，由同事帮您办。",
        "en": "This doesn't seem to be working, so let's leave it for now. "
        "A colleague can do it for you if you like.",
    },
    "refused": {
        "zh": "没有查到与这些信息相符的订单。请核对订单号和手机号后四位，再把订单号发给我。",
        "en": "I couldn't find an order that matches these details. Please check the order "
        "number and the four digits, and send me the order number again.",
    },
    "locked": {
        "zh": "信息多次对不上，为了保护订单安全，这里暂时不能再查了。请转人工，由同事帮您核实。",
        "en": "These details didn't match several times, so to protect orders I can't look any "
        "up here for now. A colleague can check it with you.",
    },
    "unavailable": {
        "zh": "抱歉，系统暂时查不到，请稍后再试，或者转人工。",
        "en": "Sorry, I can't reach our system at the moment. "
        "Please try again later, or talk to a person.",
    },
    "offer_product": {
        "zh": "也可以把型号或名称告诉我，我帮您查。",
        "en": "Or tell me the model or the name, and I'll look it up.",
    },
    "offer": {
        "zh": "也可以直接把订单号发给我，我帮您办。",
        "en": "Or send me the order number here, and I'll take care of it.",
    },
    "resume": {
        "zh": "回到刚才的问题：",
        "en": "Back to where we were: ",
    },
}


def question(slot: str, language: str) -> str:
    """How a form asks for a slot."""
    return _QUESTIONS[slot][spoken(language)]


def helpful(slot: str, language: str) -> str:
    """How a form asks again when the answer could not be used."""
    return _HELP[slot][spoken(language)]


def form_text(reason: str, form: FormState | None, language: str) -> str:
    """What a form says for the reason of its decision."""
    if reason in _SAYINGS or form is None:
        return _SAYINGS[reason][spoken(language)]
    return (helpful if reason in _HELPED else question)(form.asking, language)


def beside_answer(form: FormState, language: str) -> str:
    """What stands below an answer: the offer of a form, or the question that still waits."""
    if form.offered:
        key = "offer_product" if form.asking == "product" else "offer"
        return _SAYINGS[key][spoken(language)]
    return _SAYINGS["resume"][spoken(language)] + question(form.asking, language)
