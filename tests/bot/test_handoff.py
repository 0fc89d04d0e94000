"""Between bot and person: each move counts at once and is heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.handoff import next_status
from bot.types import Decision, DecisionKind
from storage.outbox import Outbox
from storage.types import ConversationStatus, Role

if TYPE_CHECKING:
    from tests.bot.conftest import Shop

BOT, WAITING = ConversationStatus.BOT, ConversationStatus.WAITING
PERSON, CLOSED = ConversationStatus.PERSON, ConversationStatus.CLOSED


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        (DecisionKind.HANDOFF, BOT, WAITING),
        (DecisionKind.HANDOFF, CLOSED, WAITING),
        (DecisionKind.RELAY, WAITING, None),
        (DecisionKind.RELAY, PERSON, None),
        (DecisionKind.TEMPLATE, BOT, None),
        (DecisionKind.TEMPLATE, CLOSED, BOT),
        (DecisionKind.CLARIFY, WAITING, BOT),
    ],
)
def test_who_answers_next(
    kind: DecisionKind, status: ConversationStatus, expected: ConversationStatus | None
) -> None:
    assert next_status(Decision(kind, "x"), status) is expected


async def test_asking_for_a_person_queues_and_says_so(shop: Shop) -> None:
    conversation = await shop.begin(language="zh")
    with shop.services.events.subscribe(conversation.id) as heard:
        note = await shop.services.handoff.request(conversation.id)
        kinds = [(await heard.get(1)).kind for _ in range(2)]
    assert (note.role, "转接人工" in note.text) == (Role.SYSTEM, True)
    assert sorted(kinds) == ["message", "status"]
    assert (await shop.get(conversation)).status is WAITING


async def test_a_person_who_answers_keeps_the_conversation(shop: Shop, staff_id: int) -> None:
    conversation = await shop.begin()
    await shop.services.handoff.take(conversation.id, staff_id)
    await shop.services.handoff.request(conversation.id)
    assert (await shop.get(conversation)).status is PERSON


async def test_what_staff_say_is_stored_heard_and_pushed(shop: Shop, staff_id: int) -> None:
    conversation = await shop.begin("telegram", external_customer_id="9")
    with shop.services.events.subscribe(conversation.id) as heard:
        said = await shop.services.handoff.say(conversation.id, staff_id, "您好，我是小林")
        event = await heard.get(1)
    assert (event.kind, event.seq, event.data["role"]) == ("message", said.seq, "operator")
    (row,) = await shop.services.work.run(lambda s: Outbox(s).due("telegram", 5))
    assert (row.message_id, row.target) == (said.id, "9")


async def test_every_move_moves_the_epoch(shop: Shop, staff_id: int) -> None:
    conversation = await shop.begin()
    handoff = shop.services.handoff
    taken = await handoff.take(conversation.id, staff_id)
    back = await handoff.give_back(conversation.id)
    closed = await handoff.close(conversation.id)
    assert [each.epoch for each in (taken, back, closed)] == [1, 2, 3]
    assert [each.status for each in (taken, back, closed)] == [PERSON, BOT, CLOSED]
