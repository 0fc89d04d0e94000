"""What a crash leaves is answered once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from storage.database import Database
from storage.outbox import Outbox
from storage.types import Role

if TYPE_CHECKING:
    from bot.settings import Settings
    from tests.bot.conftest import OpenShop, Shop

WRITER = """
import asyncio, sys
from pathlib import Path
from bot.services import open_services
from bot.settings import Settings
from bot.types import Incoming
from storage.conversations import Conversations

async def main():
    async with open_services(Settings(home=Path(sys.argv[1])), watch=False) as services:
        begun = lambda s: Conversations(s).create("web", conversation_id="c")
        await services.work.run(begun)
        async def send(number):
            incoming = Incoming("web", "c", f"m{number}", f"问题 {number}")
            await services.pipeline.receive(incoming)
            print("accepted", number, flush=True)
            await services.pipeline.reply(incoming)
        await asyncio.gather(*(send(number) for number in range(400)))

asyncio.run(main())
"""


async def receive(shop: Shop, *texts: str, channel: str = "web", **values: str):
    conversation = await shop.begin(channel, **values)
    for text in texts:
        await shop.services.pipeline.receive(shop.incoming(conversation, text))
    return conversation


async def test_every_accepted_message_is_answered_once_in_order(shop: Shop) -> None:
    conversation = await receive(shop, "我要退款", "发货", "转人工", "发票")
    replies = await shop.services.recover()
    assert [reply.decision for reply in replies] == ["template", "template", "handoff", "relay"]
    assert await shop.services.recover() == []
    rows = await shop.messages(conversation)
    assert len([row for row in rows if row.role is Role.BOT]) == 4


async def test_two_that_recover_at_once_give_one_reply_each(shop: Shop) -> None:
    conversation = await receive(shop, *["我要退款"] * 10)
    first, second = await asyncio.gather(shop.services.recover(), shop.services.recover())
    rows = await shop.messages(conversation)
    # One of them may find some answered already; where both answer, they give the same reply.
    replies = {row.id for row in rows if row.role is Role.BOT}
    assert {reply.message for reply in (*first, *second)} == replies
    assert len(replies) == 10


async def test_a_pushing_channel_is_pushed_to_after_a_crash_as_well(shop: Shop) -> None:
    await receive(shop, "我要退款", channel="telegram", external_customer_id="42")
    await receive(shop, "我要退款")
    (reply,) = await shop.services.recover(channels=["telegram"])
    (row,) = await shop.services.work.run(lambda s: Outbox(s).due("telegram", 5))
    assert (row.message_id, row.target) == (reply.message, "42")
    assert len(await shop.services.recover()) == 1


async def test_nothing_is_lost_on_kill(settings: Settings, open_shop: OpenShop) -> None:
    command = [sys.executable, "-c", WRITER, str(settings.home)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as writer:
        lines = [line for line, _ in zip(_accepted(writer), range(60), strict=False)]
        writer.send_signal(signal.SIGKILL)
        lines += list(_accepted(writer))
    accepted = {int(line.split()[1]) for line in lines}
    async with open_shop(settings) as shop:
        await shop.services.recover()
        rows = await shop.all_messages("c")
    asked = {row.id: row for row in rows if row.role is Role.CUSTOMER}
    answered = [row.reply_to for row in rows if row.role is Role.BOT]
    assert accepted <= {int(row.external_id[1:]) for row in asked.values()}
    assert sorted(answered) == sorted(asked)
    Database(settings.url).dispose()


def _accepted(writer: subprocess.Popen[str]):
    assert writer.stdout is not None
    return (line for line in writer.stdout if line.startswith("accepted"))
