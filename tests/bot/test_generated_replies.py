"""A language model behind the whole pipeline: settings, services, stream, record."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.commands.checks import run_checks
from bot.generator.writers import make_model
from bot.settings import Settings
from storage.errors import InputError
from tests.bot.conftest import DESCALING, OpenShop

GOOD = "请用白醋加水煮沸 10 分钟。[1]然后用清水冲洗两次。[1]"


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str


@pytest.fixture
def server() -> Iterator[Server]:
    script = Path(__file__).with_name("chat_server.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    ) as process:
        yield Server(process, f"http://127.0.0.1:{int(process.stdout.readline())}/v1")
        process.kill()


def using(settings: Settings, server: Server, model: str) -> Settings:
    values = {"generator": "openai", "generator_url": server.url, "generator_model": model}
    return settings.model_copy(update=values)


async def test_a_generated_reply_is_streamed_recorded_and_cited(
    settings: Settings, server: Server, open_shop: OpenShop
) -> None:
    async with open_shop(using(settings, server, f"say|{GOOD}")) as shop:
        drafts: list[str | None] = []

        async def hear(text: str | None) -> None:
            drafts.append(text)

        begun = await shop.begin()
        incoming = shop.incoming(begun, "水壶怎么用白醋除垢")
        reply = await shop.services.pipeline.reply(incoming, on_draft=hear)
        assert reply.decision == "grounded"
        assert reply.reply == "请用白醋加水煮沸 10 分钟。 [1] 然后用清水冲洗两次。 [1]"
        assert "".join(each or "" for each in drafts) == reply.reply
        (source,) = reply.citations
        assert (source.n, source.text) == (1, DESCALING)
        stored = (await shop.messages(begun))[-1]
        assert stored.citations == reply.citations


async def test_what_was_shown_is_withdrawn_when_the_rest_fails(
    settings: Settings, server: Server, open_shop: OpenShop
) -> None:
    bad = f"say|{GOOD}保证全额退款。[1]"
    async with open_shop(using(settings, server, bad)) as shop:
        begun = await shop.begin()
        kinds = []
        with shop.services.events.subscribe(begun.id) as heard:
            reply = await shop.ask(begun, "水壶怎么用白醋除垢")
            while (event := await heard.get(0.01)) is not None:
                kinds.append(event.kind)
        assert "退款" not in reply.reply
        assert reply.reply.startswith("请用白醋加水煮沸 10 分钟。")
        assert kinds[-2:] == ["draft", "message"]
        assert "retract" in kinds
        assert kinds.index("draft") < kinds.index("retract")


async def test_a_dead_server_costs_no_customer_the_reply(
    settings: Settings, server: Server, open_shop: OpenShop
) -> None:
    async with open_shop(using(settings, server, f"say|{GOOD}")) as shop:
        server.process.kill()
        server.process.wait()
        reply = await shop.ask(await shop.begin(), "水壶怎么用白醋除垢")
        assert reply.decision == "grounded"
        assert reply.citations
        assert reply.timings_ms["total"] < 2000


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"generator": "openai"}, "KEFU_GENERATOR_MODEL"),
        ({"generator": "transformers"}, "KEFU_GENERATOR_MODEL"),
        ({"generator": "openai", "generator_model": "m"}, "KEFU_GENERATOR_URL"),
        ({"generator": "openai", "generator_model": "m", "generator_url": "ftp://x"}, "found ftp"),
    ],
)
def test_settings_that_name_no_model_are_refused_at_the_start(values, problem) -> None:
    with pytest.raises(InputError, match=problem):
        make_model(Settings(**values))


async def test_doctor_tells_which_generator_there_is(
    settings: Settings, server: Server, tmp_path: Path
) -> None:
    async def check(settings: Settings):
        return next(each for each in await run_checks(settings) if each.name == "generator")

    assert "quote" in (await check(settings)).detail
    found = await check(using(settings, server, "tiny"))
    assert (found.state, server.url in found.detail) == ("ok", True)
    unknown = await check(using(settings, server, "huge"))
    assert (unknown.state, "only tiny" in unknown.detail) == ("problem", True)
    server.process.kill()
    server.process.wait()
    assert (await check(using(settings, server, "tiny"))).state == "problem"
    named = settings.model_copy(
        update={"generator": "transformers", "generator_model": str(tmp_path)}
    )
    assert (await check(named)).state == "ok"
    assert (await check(settings.model_copy(update={"generator": "openai"}))).state == "problem"
