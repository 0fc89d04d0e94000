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
    "other": (
        "决定是 {kind}，原因代码 {reason}。",
        "The decision is {kind}; its reason is {reason}.",
    ),
}


def why(decision: Decision, limits: Thresholds, sure: float) -> dict[str, str]:
    """The reason of a decision per language, with its figures."""
    key = decision.reason if decision.reason in _WHY else "other"
    if decision.kind.value == "handoff" and decision.reason in ("sure", "found"):
        key = "handoff"
    values = {
        "sure": f"{sure:.0%}",
        "score": f"{decision.confidence or 0:.0%}",
        "answer": f"{limits.answer:.0%}",
        "grounded": f"{limits.grounded:.0%}",
        "intent": decision.label or "",
        "kind": decision.kind.value,
        "reason": decision.reason,
    }
    chinese, english = _WHY[key]
    return {"zh": chinese.format(**values), "en": english.format(**values)}
