"""Which column holds what: header names in both languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetune.errors import SourceError

_NAMES = {
    "question": "question query questions q customer_question "
    "user_question 问题 提问 问句 问 用户问题 "
    "客户问题 顾客问题 客户提问 用户提问 咨询 咨询内容 标准问题 問題 提問",
    "answer": "answer answers a reply response 答案 回答 回复 答复 答 "
    "客服回复 客服回答 标准答案 回覆 答覆",
    "intent": "intent intents label category class intent_name "
    "意图 意图名称 标签 类别 分类 意圖 標籤",
    "conversation": "conversation conversation_id dialogue dialogue_id dialog dialog_id session "
    "session_id chat_id thread_id ticket_id 会话 会话id 会话编号 会话号 对话 对话id 对话编号 會話",
    "role": "role speaker sender from author 角色 发送方 发送者 发送人 身份 说话人 發送者",
    "text": "text message content utterance body sentence 内容 "
    "消息 文本 消息内容 聊天内容 发言 內容",
    "time": "time timestamp date datetime created_at sent_at 时间 发送时间 日期 時間",
    "messages": "messages turns 消息列表 对话内容",
}
MEANINGS = {name: meaning for meaning, names in _NAMES.items() for name in names.split()}

EXPECTED = (
    "expected the columns question with answer and/or intent (问题, 答案, 意图), "
    "or conversation, role, text (会话, 角色, 内容)"
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The file's own name of each thing it holds."""

    names: dict[str, str]

    def __contains__(self, meaning: str) -> bool:
        return meaning in self.names

    @property
    def is_dialogue(self) -> bool:
        """Whether rows are single turns or whole conversations."""
        return {"role", "text"} <= set(self.names) or "messages" in self.names


def meaning_of(name: str) -> str | None:
    """What a header name stands for, whatever its case, width and separators."""
    folded = unicodedata.normalize("NFKC", name).strip().casefold()
    return MEANINGS.get(re.sub(r"[\s_\-]+", "_", folded))


def known_names(names: Iterable[str]) -> int:
    """How many of the names stand for something."""
    return sum(meaning_of(name) is not None for name in names)


def columns_of(names: Sequence[str], source: str) -> Columns:
    """The meaning of a header; raises `SourceError` if it cannot be a history."""
    found: dict[str, str] = {}
    for name in names:
        meaning = meaning_of(name)
        if meaning in found:
            raise SourceError(
                f"{source}: the columns {found[meaning]!r} and {name!r} both mean {meaning}; "
                "keep one of them"
            )
        if meaning is not None:
            found[meaning] = name
    columns = Columns(_text_as_question(found))
    if not _complete(columns):
        shown = ", ".join(repr(n) for n in names[:8]) or "nothing"
        raise SourceError(f"{source}: {EXPECTED}; found {shown}; rename the columns")
    return columns


def _text_as_question(found: dict[str, str]) -> dict[str, str]:
    """`text, label` is a common header of labelled questions: there the text is the question."""
    if "text" in found and not {"question", "role"} & set(found):
        found = dict(found)
        found["question"] = found.pop("text")
    return found


def _complete(columns: Columns) -> bool:
    if "messages" in columns:
        return True
    if columns.is_dialogue:
        return "conversation" in columns
    return "question" in columns and ("answer" in columns or "intent" in columns)
