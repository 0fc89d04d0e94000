"""What the Telegram channel says to admins and operators, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from bot.wording import Language, spoken

_TEXTS: Mapping[str, Mapping[Language, str]] = {
    "retrain_queued": {
        "zh": "重新训练：排队中（由 kefu run 或 kefu worker 执行）",
        "en": "Retraining: queued (kefu run or kefu worker does it)",
    },
    "retrain_running": {"zh": "重新训练：{bar} {percent}%", "en": "Retraining: {bar} {percent}%"},
    "retrain_promoted": {
        "zh": "✅ 训练完成并已上线：{bundle}，用时 {seconds} 秒。",
        "en": "✅ Trained and live: {bundle}, in {seconds} s.",
    },
    "retrain_unchanged": {
        "zh": "数据没有变化，无需训练；上线的仍是 {bundle}。",
        "en": "The data has not changed, so nothing was trained; {bundle} stays live.",
    },
    "retrain_refused": {
        "zh": "⛔ 没有通过上线检查，原来的版本继续服务。新版本：{bundle}，用时 {seconds} 秒。",
        "en": "⛔ The gate refused it, the old bundle goes on serving. "
        "New bundle: {bundle}, in {seconds} s.",
    },
    "retrain_failed": {"zh": "❌ 训练失败：{error}", "en": "❌ The training failed: {error}"},
    "rollback_ask": {
        "zh": "现在上线的是 {live}。要回退到 {previous} 吗？",
        "en": "{live} is live. Go back to {previous}?",
    },
    "rollback_yes": {"zh": "回退", "en": "Go back"},
    "cancel": {"zh": "取消", "en": "Cancel"},
    "cancelled": {"zh": "已取消。", "en": "Cancelled."},
    "rollback_none": {
        "zh": "没有可以回退的版本。",
        "en": "There is no earlier bundle to go back to.",
    },
    "rollback_done": {"zh": "✅ 已回退，现在上线的是 {live}。", "en": "✅ Done: {live} is live."},
    "rollback_moved": {
        "zh": "上线的版本已经变了，请重新发送 /rollback。",
        "en": "Another bundle has gone live since: send /rollback again.",
    },
    "stats": {
        "zh": "最近 {days} 天：收到 {questions} 条消息\n"
        "🟩 已回答 {answered}　🟨 反问 {asked_back}　"
        "🟥 未能回答 {unanswered}　🟦 转人工 {to_person}\n👍 {up}　👎 {down}\n"
        "等待人工 {waiting}　待审核 {reviews}\n上线版本：{live}",
        "en": "Last {days} days: {questions} messages\n🟩 answered {answered}  "
        "🟨 asked back {asked_back}  🟥 unanswered {unanswered}  🟦 to a person {to_person}\n"
        "👍 {up}  👎 {down}\nwaiting for a person {waiting}  to review {reviews}\nlive: {live}",
    },
    "review_none": {"zh": "没有待审核的问题了。", "en": "Nothing is left to review."},
    "review_item": {
        "zh": "待审核 {open} 条 · #{id} · {why}\n\n{question}\n\n应该是哪个意图？",
        "en": "{open} to review · #{id} · {why}\n\n{question}\n\nWhich intent is right?",
    },
    "review_ignore": {"zh": "忽略", "en": "Ignore"},
    "review_next": {"zh": "下一条", "en": "Next"},
    "review_accepted": {"zh": "✅ {question}\n→ {intent}", "en": "✅ {question}\n→ {intent}"},
    "review_rejected": {"zh": "已忽略：{question}", "en": "Ignored: {question}"},
    "review_gone": {
        "zh": "#{id} 已经有人处理了。",
        "en": "Somebody has decided #{id} already.",
    },
    "why_no_answer": {"zh": "没能回答", "en": "was not answered"},
    "why_low_margin": {"zh": "把握不大", "en": "was a close call"},
    "why_thumbs_down": {"zh": "客户点了👎", "en": "the customer pressed 👎"},
    "card_waiting": {
        "zh": "🙋 等待人工（共 {waiting} 位在等）",
        "en": "🙋 Waits for a person ({waiting} waiting)",
    },
    "card_person": {"zh": "💬 人工处理中", "en": "💬 With a person"},
    "card_bot": {"zh": "🤖 已交还机器人", "en": "🤖 Back with the bot"},
    "card_closed": {"zh": "✔️ 已结束", "en": "✔️ Closed"},
    "card_hint": {
        "zh": "回复这条消息，客户就会收到。",
        "en": "Reply to this message, and the customer gets it.",
    },
    "take": {"zh": "接手", "en": "Take"},
    "give_back": {"zh": "交还机器人", "en": "Give back"},
    "close": {"zh": "结束", "en": "Close"},
    "customer": {"zh": "客户", "en": "Customer"},
    "bot": {"zh": "机器人", "en": "Bot"},
    "operator": {"zh": "人工", "en": "Operator"},
    "system": {"zh": "系统", "en": "System"},
    "done": {"zh": "好的", "en": "Done"},
    "moved": {
        "zh": "状态已经变了，请看最新的卡片。",
        "en": "This has changed meanwhile: see the card.",
    },
    "not_a_member": {
        "zh": "只有本群成员才能操作。",
        "en": "Only members of this group may do that.",
    },
    "no_conversation": {
        "zh": "找不到这条消息对应的会话，可能已被删除。客户没有收到您的回复。",
        "en": "No conversation belongs to that message any more. The customer did not get this.",
    },
    "file_kind": {
        "zh": "只能把文字、图片（PNG、JPEG、GIF、WebP）和 PDF 转给客户，这条没有发出。",
        "en": "Only text, pictures (PNG, JPEG, GIF, WebP) and PDFs reach the customer; "
        "this was not sent.",
    },
    "file_too_big": {
        "zh": "文件太大了，没有发给客户。",
        "en": "That file is too large; the customer did not get it.",
    },
    "file_not_fetched": {
        "zh": "文件没能取到，客户没有收到，请再发一次。",
        "en": "The file could not be fetched, so the customer did not get it: send it again.",
    },
    "undelivered": {
        "zh": "⚠️ 客户可能没有收到：{text}",
        "en": "⚠️ The customer may not have got this: {text}",
    },
    "blocked": {
        "zh": "⚠️ 客户已屏蔽机器人，没有收到：{text}",
        "en": "⚠️ The customer has blocked the bot and did not get this: {text}",
    },
}


def say(key: str, language: str, **values: object) -> str:
    """The sentence `key` in this language; English for a language that we do not speak."""
    return _TEXTS[key][spoken(language)].format(**values)
