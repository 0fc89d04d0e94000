"""The webhook: who may post, what is stored before it is answered, and the switch to and fro."""

import asyncio

import httpx2
import pytest
from sqlalchemy import text

from bot.settings import Settings
from bot.telegram.double import BotApiDouble, Cut
from bot.telegram.double_rules import Refusal
from bot.telegram.failures import TelegramWebhookError
from bot.webhook import Webhook, derived_secret, webhook_for
from storage.errors import InputError
from tests.bot.telegram.telegram_shop import (
    TEXTS,
    conversation,
    eventually,
    got,
    history,
    hooked,
    open_shop,
    quiet,
    serving,
)

REFUND = TEXTS["refund"]["zh"]
SECRET = "X-Telegram-Bot-Api-Secret-Token"


async def post(webhook, content, secret):
    headers = {} if secret is None else {SECRET: secret}
    async with httpx2.AsyncClient() as client:
        return (await client.post(webhook.url, content=content, headers=headers)).status_code


@pytest.mark.parametrize("secret", [None, "", "wrong", "secret-of_the-tes", "ключ".encode()])
async def test_only_who_knows_the_secret_may_post(telegram, services, secret):
    async with hooked(services, telegram) as webhook:
        await telegram.wait_for(lambda t: t.webhook.url)
        assert await post(webhook, b'{"update_id": 1}', secret) == 403
        assert telegram.webhook.secret == webhook.secret


async def test_a_body_is_bounded_and_nonsense_is_not_posted_for_ever(telegram, services):
    async with hooked(services, telegram) as webhook:
        await telegram.wait_for(lambda t: t.webhook.url)
        assert await post(webhook, b"x" * 1_000_001, webhook.secret) == 413
        assert await post(webhook, b"not json", webhook.secret) == 200
        assert await post(webhook, b'{"update_id": 1, "message": 3}', webhook.secret) == 200
        await telegram.write(7, "怎么退款？")
        await telegram.wait_for(got(7))


async def test_an_update_is_stored_before_it_is_answered(telegram, services):
    async with hooked(services, telegram) as webhook:
        await telegram.wait_for(lambda t: t.webhook.url)
        telegram.script("sendMessage", Refusal(429, "Too Many Requests: retry after 60", 60))
        message = telegram.message(7) | {
            "text": "怎么退款？", "from": {"id": 7, "is_bot": False, "first_name": "Lin"},
        }  # fmt: skip
        update = {"update_id": 5, "message": message}
        assert await telegram.webhook.post_once(update) == 200
        assert (await history(services, 7))[0].text == "怎么退款？"
        assert webhook.url.endswith("/telegram/webhook")


async def rename(services, table, name):
    await services.work.run(lambda s: s.execute(text(f"ALTER TABLE {table} RENAME TO {name}")))


async def test_what_cannot_be_stored_stays_with_telegram(telegram, services):
    async with hooked(services, telegram):
        await telegram.wait_for(lambda t: t.webhook.url)
        await rename(services, "message", "away")
        await telegram.write(7, "怎么退款？")
        await eventually(lambda: asyncio.sleep(0, telegram.webhook.failed), bool)
        assert telegram.unconfirmed()
        await rename(services, "away", "message")
        await telegram.wait_for(got(7))
        await telegram.wait_for(lambda t: not t.unconfirmed())


async def test_nothing_is_lost_from_polling_to_webhook_and_back(telegram, tmp_path):
    async with open_shop(tmp_path / "home") as services:
        async with serving(services, telegram):
            await telegram.write(7, "怎么退款？")
            await telegram.wait_for(got(7))
        await telegram.write(71, "怎么退款？")
        async with hooked(services, telegram):
            await telegram.wait_for(got(71))
        await telegram.write(72, "怎么退款？")
        async with serving(services, telegram):
            await telegram.wait_for(got(72))
            await quiet(telegram)
    assert [telegram.texts(chat) for chat in (7, 71, 72)] == [[REFUND]] * 3


async def test_trouble_with_the_switch_is_waited_out(telegram, services):
    telegram.script("setWebhook", Refusal(502, "Bad Gateway"), Cut.AFTER, Cut.BEFORE)
    telegram.script("getMe", Refusal(429, "Too Many Requests: retry after 1", 1), Cut.BEFORE)
    await telegram.write(7, "怎么退款？")
    async with hooked(services, telegram):
        await telegram.wait_for(got(7))


async def test_an_address_that_telegram_refuses_is_one_clear_line(telegram, services):
    webhook = Webhook("http://bot.example", "s")
    async with serving(services, telegram, webhook=webhook) as running:
        with pytest.raises(TelegramWebhookError, match="HTTPS"):
            await running


def test_the_secret_is_derived_or_given(tmp_path):
    token = BotApiDouble().token
    made = webhook_for(
        Settings(home=tmp_path, telegram_token=token, telegram_webhook="https://bot.example/")
    )
    assert made.url == "https://bot.example/telegram/webhook"
    assert made.secret == derived_secret(token)
    assert token.partition(":")[2] not in made.secret
    assert webhook_for(Settings(home=tmp_path, telegram_token=token)) is None
    for wrong in (
        {"telegram_webhook": "bot.example"},
        {"telegram_webhook": "https://b", "telegram_webhook_secret": "no space"},
    ):
        with pytest.raises(InputError, match="expected"):
            webhook_for(Settings(home=tmp_path, telegram_token=token, **wrong))


async def test_two_workers_and_five_deliveries_make_one_reply(telegram, tmp_path):
    home = tmp_path / "home"
    async with (
        open_shop(home) as first,
        open_shop(home) as second,
        hooked(first, telegram) as one,
        hooked(second, telegram) as other,
    ):
        await telegram.wait_for(lambda t: t.webhook.url)
        telegram.webhook.url = ""
        updates = []
        for chat in (7, 8, 9):
            for text in ("怎么退款？", "快递呢？"):
                number = await telegram.write(chat, text)
                updates.append({"update_id": number, **telegram.updates[number]})
        for update in updates:
            for url in (one.url, other.url, one.url, other.url, one.url):
                assert await telegram.webhook.post_once(update, url) == 200
        await telegram.wait_for(lambda t: all(got(chat, 2)(t) for chat in (7, 8, 9)))
        expected = [REFUND, TEXTS["shipping"]["zh"]]
        for chat in (7, 8, 9):
            assert telegram.texts(chat) == expected
            assert len(await history(first, chat)) == 4
        assert await conversation(first, 7) == await conversation(second, 7)
