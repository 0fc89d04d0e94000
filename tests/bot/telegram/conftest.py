"""The parts that most tests of the channel want."""

import pytest

from bot.telegram.double import BotApiDouble
from tests.bot.telegram.telegram_shop import hooked, open_shop, serving


@pytest.fixture
async def telegram():
    async with BotApiDouble() as double:
        yield double


@pytest.fixture
async def services(tmp_path):
    async with open_shop(tmp_path / "home") as services:
        yield services


@pytest.fixture
async def adapter(services, telegram):
    async with serving(services, telegram) as running:
        yield running


@pytest.fixture(params=["polling", "webhook"])
async def channel(request, services, telegram):
    """The adapter at work, with either way in."""
    way_in = serving if request.param == "polling" else hooked
    async with way_in(services, telegram):
        yield request.param
