"""The outbox on Telegram: retried, given up or shown as uncertain, never sent twice."""

import asyncio

import pytest

from bot.telegram.adapter import look_up_bot
from bot.telegram.double import Cut
from bot.telegram.double_rules import Refusal
from bot.telegram.failures import TelegramTokenError, TelegramUnreachableError
from storage.errors import NotFoundError
from storage.outbox import Outbox
from storage.types import DeliveryStatus
from tests.bot.telegram.telegram_shop import LONG, PACE, TEXTS, got, open_shop, quiet, serving

REFUND = TEXTS["refund"]["zh"]
SHIPPING = TEXTS["shipping"]["zh"]
FLOOD = Refusal(429, "Too Many Requests: retry after 1", 1)
GATEWAY = Refusal(502, "Bad Gateway")


async def settled(services, count):
    """The deliveries, once `count` of them have come to rest."""
    resting = {DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN}

    def unit(session):
        return [Outbox(session).get(number) for number in range(1, count + 1)]

    async with asyncio.timeout(20):
        while True:
            try:
                found = await services.work.read(unit)
            except NotFoundError:
                found = []
            if found and all(each.status in resting for each in found):
                return found
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("failures", [(FLOOD,), (GATEWAY,) * 4, (GATEWAY, FLOOD, GATEWAY)])
async def test_what_was_certainly_not_sent_is_sent_again(telegram, adapter, services, failures):
    telegram.script("sendMessage", *failures)
    await telegram.write(7, "怎么退款？")
    (delivery,) = await settled(services, 1)
    assert telegram.texts(7) == [REFUND]
    assert delivery.status is DeliveryStatus.SENT
    assert delivery.attempts == len(failures) + 1
    assert delivery.external_ref == str(telegram.sent[0].message_id)


async def test_server_errors_do_not_go_on_for_ever(telegram, adapter, services):
    telegram.script("sendMessage", *[GATEWAY] * PACE.server_tries)
    await telegram.write(7, "怎么退款？")
    (delivery,) = await settled(services, 1)
    assert delivery.status is DeliveryStatus.FAILED
    assert "Bad Gateway" in delivery.error
    assert telegram.texts(7) == []


@pytest.mark.parametrize(("cut", "arrived"), [(Cut.BEFORE, []), (Cut.AFTER, [REFUND])])
async def test_a_cut_connection_is_uncertain_and_not_repeated(
    telegram, adapter, services, cut, arrived
):
    telegram.script("sendMessage", cut)
    await telegram.write(7, "怎么退款？")
    (delivery,) = await settled(services, 1)
    assert delivery.status is DeliveryStatus.UNCERTAIN
    assert telegram.token not in delivery.error
    await telegram.write(7, "快递呢？")
    await telegram.wait_for(lambda t: SHIPPING in t.texts(7))
    assert telegram.texts(7) == [*arrived, SHIPPING]


async def test_a_customer_who_blocked_the_bot_is_given_up(telegram, adapter, services):
    telegram.blocked.add(7)
    await telegram.write(7, "怎么退款？")
    (delivery,) = await settled(services, 1)
    assert delivery.status is DeliveryStatus.FAILED
    assert "blocked" in delivery.error
    assert delivery.attempts == 1


async def test_a_waiting_reply_holds_back_those_behind_it(telegram, adapter):
    telegram.script("sendMessage", FLOOD)
    await telegram.write(7, "怎么退款？")
    await telegram.write(7, "快递呢？")
    await telegram.wait_for(got(7, 2))
    assert telegram.texts(7) == [REFUND, SHIPPING]


async def test_a_waiting_chat_does_not_hold_back_another(telegram, adapter):
    telegram.script("sendMessage", Refusal(429, "Too Many Requests: retry after 120", 120))
    await telegram.write(7, "怎么退款？")
    await telegram.wait_for(lambda t: any(method == "sendmessage" for method, _ in t.calls))
    await telegram.write(8, "快递呢？")
    await telegram.wait_for(got(8))
    assert telegram.texts(7) == []


async def test_a_long_reply_goes_on_where_it_was_interrupted(telegram, adapter, services):
    telegram.script("sendMessage", GATEWAY)
    await telegram.write(7, "运费")
    await telegram.wait_for(lambda t: len(t.texts(7)) >= 2)
    telegram.script("sendMessage", GATEWAY, FLOOD, GATEWAY)
    (delivery,) = await settled(services, 1)
    assert delivery.status is DeliveryStatus.SENT
    assert "\n".join(telegram.texts(7)) == LONG.strip()


async def test_what_was_not_sent_before_a_stop_is_sent_after_the_start(telegram, tmp_path):
    async with open_shop(tmp_path / "home") as services:
        telegram.script("sendMessage", Refusal(429, "Too Many Requests: retry after 60", 60))
        async with serving(services, telegram):
            await telegram.write(7, "怎么退款？")
            await telegram.wait_for(lambda t: any(m == "sendmessage" for m, _ in t.calls))
            await quiet(telegram)
            assert telegram.texts(7) == []
    async with open_shop(tmp_path / "home") as services, serving(services, telegram):
        await telegram.wait_for(got(7))
        (delivery,) = await settled(services, 1)
    assert delivery.status is DeliveryStatus.SENT
    assert telegram.texts(7) == [REFUND]


async def test_what_a_crash_left_half_sent_becomes_uncertain(telegram, services):
    async with serving(services, telegram):
        await telegram.write(7, "怎么退款？")
        await settled(services, 1)
    await services.work.run(lambda s: Outbox(s).failed(1, "as before a send", retry=True))
    await services.work.run(lambda s: Outbox(s).claim(1))
    async with serving(services, telegram):
        (delivery,) = await settled(services, 1)
    assert delivery.status is DeliveryStatus.UNCERTAIN
    assert telegram.texts(7) == [REFUND]


async def test_trouble_with_polling_is_waited_out(telegram, adapter):
    telegram.script("getUpdates", GATEWAY, Cut.BEFORE, Cut.AFTER, FLOOD)
    await telegram.write(7, "怎么退款？")
    await telegram.wait_for(got(7))
    await quiet(telegram)
    assert telegram.texts(7) == [REFUND]


@pytest.mark.parametrize("token", ["42:WRONG", "not a token"])
async def test_a_refused_token_ends_the_adapter_without_telling_it(telegram, services, token):
    async with serving(services, telegram, token=token) as running:
        with pytest.raises(TelegramTokenError) as refused:
            await running
    assert token.partition(":")[2] not in str(refused.value) or ":" not in token


async def test_the_token_appears_in_no_log(telegram, services, capfd, caplog):
    caplog.set_level("DEBUG")
    telegram.script("sendMessage", Cut.BEFORE, GATEWAY, Refusal(403, "Forbidden"))
    telegram.script("getUpdates", Cut.AFTER, GATEWAY)
    async with serving(services, telegram):
        for _ in range(3):
            await telegram.write(7, "怎么退款？")
        await settled(services, 3)
    told = "".join(capfd.readouterr()) + caplog.text
    assert "not_sent" in told
    assert telegram.token.partition(":")[2] not in told


async def test_the_bot_can_be_looked_up(telegram, unused_tcp_port):
    assert await look_up_bot(telegram.token, telegram.base) == "kefu_bot"
    with pytest.raises(TelegramTokenError):
        await look_up_bot("42:WRONG", telegram.base)
    with pytest.raises(TelegramUnreachableError, match="expected Telegram to answer") as told:
        await look_up_bot(telegram.token, f"http://127.0.0.1:{unused_tcp_port}")
    assert telegram.token.partition(":")[2] not in str(told.value)
