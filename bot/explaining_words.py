"""A decision in words that a shop's admin understands, in Chinese and in English."""

from __future__ import annotations

from bot.types import Decision
from finetune.types import Thresholds

_WHY: dict[str, tuple[str, str]] = {
    "sure": (
        "把握有 {sure}，达到了 {answer} 的门槛，所以直接发送“{intent}”的模板。",
        "It is {sure} sure, which reaches the limit of {answer}, so the template of "
        "“{intent}” is sent.",
    ),
    "found": (
        "分类器只有 {sure} 的把握（需要 {answer}），"
        "但检索找到了历史答复“{intent}”，相关度 {score}，所以发送它。",
        "The classifier is only {sure} sure ({answer} is needed), but search found the answer "
        "“{intent}” in the history with a relevance of {score}, so that is sent.",
    ),
    "close": (
        "最好的猜测只有 {sure} 的把握（需要 {answer}），"
        "但前两个合起来够了，所以用按钮问客户是哪一个。",
        "The best guess is only {sure} sure ({answer} is needed), but the best two together are "
        "likely enough, so the customer is asked which one with buttons.",
    ),
    "knowledge": (
        "没有哪个模板有足够把握（{sure}，需要 {answer}），"
        "但有一段文档的相关度是 {score}（需要 {grounded}），所以引用它。",
        "No template is sure enough ({sure}, {answer} is needed), but a passage of a document has "
        "a relevance of {score} ({grounded} is needed), so it is quoted.",
    ),
    "unknown": (
        "模板只有 {sure} 的把握（需要 {answer}），"
        "检索到的内容也不够相关，所以坦白说不知道，并提供人工。",
        "A template is only {sure} sure ({answer} is needed), and nothing that search found is "
        "relevant enough, so it says honestly that it does not know and offers a person.",
    ),
    "nothing_to_quote": (
        "检索找到了一段文档，但其中没有一句话能支持回答，所以坦白说不知道，并提供人工。",
        "Search found a document, but no sentence of it supports an answer, so it says honestly "
        "that it does not know and offers a person.",
    ),
    "asked": ("客户要求转人工。", "The customer asks for a person."),
    "empty": (
        "消息里没有文字可答，所以友好地反问。",
        "There are no words to answer, so it asks back in a friendly way.",
    ),
    "back_to_bot": ("客户想继续和机器人聊。", "The customer wants to go on with the bot."),
    "handoff": (
        "“{intent}”这个意图就是找人工，把握 {sure}。",
        "The intent “{intent}” asks for a person; it is {sure} sure.",
    ),
    "prompt": (
        "消息想打听或改变机器人的内部规则，所以礼貌地拒绝。",
        "The message wants to know or change the bot's own rules, so it declines politely.",
    ),
    "others_data": (
        "消息在打听别人的信息，所以礼貌地拒绝。",
        "The message asks for somebody else's data, so it declines politely.",
    ),
    "off_topic": (
        "模板只有 {sure} 的把握（需要 {answer}），而且话题和店铺无关，所以直说帮不上忙；"
        "这类问题不进审核队列。",
        "A template is only {sure} sure ({answer} is needed), and the topic is none of the shop's, "
        "so it says so; such questions do not go to review.",
    ),
    "abuse": (
        "消息里只有辱骂，没有可答的问题，所以平静地回应并提供人工。",
        "There is only abuse and nothing to answer, so it stays calm and offers a person.",
    ),
    "order_named": (
        "消息里有订单号，所以按查订单的意图“{intent}”办理。",
        "The message names an order, so it is taken as the order look-up “{intent}”.",
    ),
    "not_understood": (
        "表单在等一个答案，而消息里没有读到，所以再问一遍。",
        "A form waits for a value and the message has none, so it asks again.",
    ),
    "gave_up": (
        "表单几次都没有问到需要的内容，所以停下来并提供人工。",
        "The form asked several times in vain, so it stops and offers a person.",
    ),
    "other": (
        "决定是 {kind}，原因代码 {reason}。",
        "The decision is {kind}; its reason is {reason}.",
    ),
}


def why(decision: Decision, limits: Thresholds, guess: str | None, sure: float) -> dict[str, str]:
    """The reason of a decision per language, with its figures; `guess` is the likeliest intent."""
    key = decision.reason if decision.reason in _WHY else "other"
    if decision.kind.value == "handoff" and decision.reason in ("sure", "found"):
        key = "handoff"
    values = {
        "sure": f"{sure:.0%}",
        "score": f"{decision.confidence or 0:.0%}",
        "answer": f"{limits.answer_for(guess):.0%}",
        "grounded": f"{limits.grounded:.0%}",
        "intent": decision.label or "",
        "kind": decision.kind.value,
        "reason": decision.reason,
    }
    chinese, english = _WHY[key]
    return {"zh": chinese.format(**values), "en": english.format(**values)}
