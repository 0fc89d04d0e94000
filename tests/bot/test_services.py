"""Opening and closing everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services import open_services

if TYPE_CHECKING:
    from bot.settings import Settings
    from tests.bot.conftest import Shop


async def test_a_bare_home_opens_migrated_and_says_that_nothing_is_live(
    settings: Settings,
) -> None:
    async with open_services(settings, watch=False) as services:
        readiness = await services.ready()
        assert not readiness.ready
        assert readiness.problems == ("no bundle is live: import history and run `kefu retrain`",)
        assert (settings.home / "kefu.db").exists()


async def test_a_home_without_a_bundle_still_answers_honestly(
    settings: Settings, shop_without_bundle: Shop
) -> None:
    shop = shop_without_bundle
    reply = await shop.ask(await shop.begin(), "我要退款")
    assert (reply.decision, reply.bundle) == ("no_answer", None)
    person = await shop.ask(await shop.begin(), "转人工")
    assert person.decision == "handoff"


async def test_a_live_bundle_is_ready(shop: Shop) -> None:
    readiness = await shop.services.ready()
    assert readiness.ready
    assert readiness.bundle == "b1"
    assert readiness.problems == ()


async def test_a_home_can_be_opened_again(settings: Settings) -> None:
    for _ in range(2):
        async with open_services(settings) as services:
            await services.live.check()
