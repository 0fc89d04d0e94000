"""Questions and answers out of whole conversations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from finetune.politeness import says_nothing
from finetune.sources.rows import (
    BadRow,
    HistoryRow,
    UnusableRowError,
    check_answer,
    check_question,
    text_of,
)

_ROLES = {
    "customer": "customer user client visitor buyer human guest "
    "consumer 客户 用户 顾客 买家 访客 会员 客戶",
    "agent": "agent assistant bot operator staff seller support service human_agent employee robot "
    "客服 坐席 座席 人工 人工客服 卖家 商家 店铺 机器人 员工 店主 客服人员",
    "system": "system notice event 系统 通知 系統",
}
ROLE_NAMES = {name: role for role, names in _ROLES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Line:
    """One turn of a conversation; `role` is customer, agent or system."""

    role: str
    text: str
    line: int
    time: str = ""


def role_of(value: object) -> str:
    """Who speaks; raises `UnusableRowError` for a role that is not known."""
    name = text_of(value, "role")
    role = ROLE_NAMES.get(name.casefold())
    if role is None:
        raise UnusableRowError(
            f"unknown role {name[:40]!r}, expected customer or agent (客户, 客服)"
        )
    return role


def pairs(conversation: str, lines: Sequence[Line]) -> Iterator[HistoryRow | BadRow]:
    """Each question of the customer with what the agent said to it.

    Turns that only greet are skipped, so the question asked after one still gets its answer.
    """
    asked: list[Line] = []
    said: list[str] = []
    for turn in (*_in_order(lines), Line("customer", "", 0)):
        if turn.role == "customer" and said:
            yield _pair(conversation, asked, said)
            asked, said = [], []
        if turn.role == "customer":
            asked.append(turn)
        elif turn.role == "agent" and asked and turn.text and not says_nothing(turn.text):
            said.append(turn.text)


def _pair(conversation: str, asked: Sequence[Line], said: Sequence[str]) -> HistoryRow | BadRow:
    worth = [turn for turn in asked if not says_nothing(turn.text)] or list(asked)
    try:
        question = check_question(" ".join(turn.text for turn in worth))
        answer = check_answer("\n".join(said))
    except UnusableRowError as error:
        return BadRow(worth[0].line, str(error))
    return HistoryRow(question, None, answer, worth[0].line, conversation, spoken=True)


def _in_order(lines: Sequence[Line]) -> Sequence[Line]:
    """By time where every turn has one that can be read, else as the file has them."""
    times = [_when(turn.time) for turn in lines]
    if any(time is None for time in times):
        return lines
    order = sorted(range(len(lines)), key=lambda i: times[i] or 0.0)
    return [lines[i] for i in order]


def _when(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
