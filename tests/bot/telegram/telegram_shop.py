"""A small live shop behind a Bot API double: real database, real pipeline, real sockets."""

import asyncio
import socket
from contextlib import asynccontextmanager

from bot.commands.serving import SignalFreeServer
from bot.live import Models
from bot.services import open_services
from bot.settings import Settings
from bot.telegram.adapter import run_telegram
from bot.telegram.pace import Pace
from bot.testing import KeywordClassifier
from bot.web.app import create_webhook_app
from bot.webhook import Webhook
from finetune.types import Thresholds
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.database import Database
from storage.migrate import upgrade
from storage.templates import Templates
from storage.types import TemplateDraft

PACE = Pace(
    poll=1, request=5, look=0.05, first_wait=0.02, longest_wait=0.1, closing=2.0,
    edit=0.0, per_second=10_000.0, customer_limit=1000,
)  # fmt: skip

LONG = "".join(f"第{n}条：运费由仓库和重量决定，详见价目表。\n" for n in range(900))
HOSTILE = "<b>退款</b> *bold* _it_ [x](http://a.example) &amp; `code` </a> \u202e\x07 {name}"

TEXTS = {
    "refund": {"zh": "七天内可以退款。", "en": "You can get a refund within 7 days."},
    "shipping": {"zh": "一般两天送到。", "en": "Delivery takes two days."},
    "fees": {"zh": LONG},
    "markup": {"zh": HOSTILE},
}
KEYWORDS = {
    "refund": ("退款", "refund"),
    "shipping": ("快递", "shipping"),
    "fees": ("运费", "fees"),
    "markup": ("标签", "markup"),
}


def save_shop(session):
    for name, texts in TEXTS.items():
        draft = TemplateDraft(name, {language: (text,) for language, text in texts.items()})
        Templates(session).save(draft, editor="test")
    Bundles(session).add("b1", data_fingerprint="x", metrics={}, outcome="candidate")
    Bundles(session).promote("b1", by="test", reason="test")


def load_models(templates):
    def load(bundle_id):
        return Models(
            bundle_id=bundle_id,
            classifier=KeywordClassifier(KEYWORDS),
            thresholds=Thresholds(answer=0.9, clarify=0.8, grounded=0.9),
            label_templates=templates,
            titles={
                "refund": {"zh": "怎么退款", "en": "How do refunds work?"},
                "shipping": {"zh": "多久送到", "en": "How long is delivery?"},
            },
        )

    return load


@asynccontextmanager
async def open_shop(home, *, load=load_models, **settings):
    """The services of a home with one live bundle; made at the first opening."""
    settings = Settings(home=home, telegram_token=None, **settings)
    settings.prepare_home()
    database = Database(settings.url)
    upgrade(database)
    with database.session() as session:
        if Bundles(session).live_id() is None:
            save_shop(session)
    with database.session() as session:
        templates = {each.name: each.id for each in Templates(session).all()}
    database.dispose()
    async with open_services(settings, watch=False, load=load(templates)) as services:
        yield services


@asynccontextmanager
async def serving(services, telegram, *, token=None, pace=PACE, webhook=None):
    """The adapter at work, stopped at the end of the block."""
    token = token or telegram.token
    running = asyncio.create_task(
        run_telegram(services, token, api_base=telegram.base, pace=pace, webhook=webhook)
    )
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running])


def got(chat_id, count=1):
    return lambda telegram: len(telegram.texts(chat_id)) >= count


PROBE = 999_000


async def quiet(telegram):
    """Return once another customer, who wrote after all others, has their reply."""
    before = len(telegram.texts(PROBE))
    await telegram.write(PROBE, "怎么退款？")
    await telegram.wait_for(lambda t: len(t.texts(PROBE)) > before)


@asynccontextmanager
async def hooked(services, telegram, *, pace=PACE, secret="secret-of_the-test"):
    """The adapter at work behind a webhook, on a real web server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        webhook = Webhook(f"http://127.0.0.1:{port}", secret)
        app = create_webhook_app(services, webhook)
        server = SignalFreeServer(app, host="127.0.0.1", port=port)
        web = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with serving(services, telegram, pace=pace, webhook=webhook):
                yield webhook
        finally:
            server.should_exit = True
            await web


async def conversation(services, customer):
    """The customer's open conversation, or None."""
    return await services.work.read(
        lambda s: Conversations(s).find_for_customer("telegram", str(customer))
    )


async def history(services, customer):
    """All messages of the customer's open conversation."""
    found = await conversation(services, customer)
    return await services.work.read(lambda s: Conversations(s).messages_after(found.id, 0))


async def eventually(read, wanted, seconds=10):
    """Wait until `wanted(await read())`; gives what was read."""
    async with asyncio.timeout(seconds):
        while not wanted(found := await read()):
            await asyncio.sleep(0.01)
    return found
