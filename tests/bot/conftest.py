"""A small shop that works by keywords: real database, real pipeline, real generator."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.live import Models
from bot.services import Services, open_services
from bot.settings import Settings
from bot.testing import keyword_models
from bot.types import Incoming, Reply
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.knowledge import Knowledge
from storage.staff import StaffAccounts
from storage.templates import Templates
from storage.types import Conversation, Message, NewPassage, StaffRole, TemplateDraft

KEYWORDS = {
    "refund": ("退款", "refund"),
    "shipping": ("发货", "ship"),
    "invoice": ("发票", "invoice"),
    "warranty": ("保修", "warranty"),
}
TEXTS = {
    "refund": {"zh": ("退款会在 3 天内到账。",), "en": ("Refunds arrive within 3 days.",)},
    "shipping": {"zh": ("我们当天发货。",), "en": ("We ship the same day.",)},
    "invoice": {"zh": ("发票随货寄出。",)},
}
DESCALING = "请用白醋加水煮沸 10 分钟。然后用清水冲洗两次。每三个月除垢一次。"
PLUGS = "Germany uses plug type F. The kettle works with 230 volts."


@dataclass
class Shop:
    """The open services and short ways to use them."""

    services: Services
    ids: itertools.count[int] = field(default_factory=itertools.count)

    async def begin(self, channel: str = "web", **values: str | None) -> Conversation:
        return await self.services.work.run(lambda s: Conversations(s).create(channel, **values))

    def incoming(self, conversation: Conversation, text: str, **values: str | None) -> Incoming:
        values = {"external_id": f"m{next(self.ids)}", **values}
        return Incoming(conversation.channel, conversation.id, text=text, **values)

    async def ask(self, conversation: Conversation, text: str, **values: str | None) -> Reply:
        return await self.services.pipeline.reply(self.incoming(conversation, text, **values))

    async def messages(self, conversation: Conversation) -> list[Message]:
        return await self.all_messages(conversation.id)

    async def all_messages(self, conversation_id: str) -> list[Message]:
        return await self.services.work.run(
            lambda s: Conversations(s).messages_after(conversation_id, 0, limit=1000)
        )

    async def get(self, conversation: Conversation) -> Conversation:
        return await self.services.work.run(lambda s: Conversations(s).get(conversation.id))


def stock(session: Session) -> dict[str, int | None]:
    """Templates, knowledge and a live bundle; gives the labels' templates."""
    templates = Templates(session)
    saved = {
        name: templates.save(TemplateDraft(name, texts), editor="shop").id
        for name, texts in TEXTS.items()
    }
    put_document(session, "kettle.md", "水壶除垢", DESCALING, "zh")
    put_document(session, "plugs.md", "Plugs abroad", PLUGS, "en")
    bundles = Bundles(session)
    bundles.add("b1", data_fingerprint="f", metrics={}, outcome="promoted")
    bundles.promote("b1", by="tests", reason="first")
    return {**saved, "warranty": None}


def put_document(session: Session, name: str, title: str, text: str, language: str) -> None:
    passage = NewPassage(text, title, 0, len(text), language)
    Knowledge(session).put_document(name, title, text, language, "document", text, [passage])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", watch_seconds=60)


OpenShop = Callable[[Settings], AbstractAsyncContextManager[Shop]]


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Shop]:
    labels: dict[str, int | None] = {}
    holder: list[Services] = []

    def load(bundle_id: str) -> Models:
        return keyword_models(bundle_id, holder[0].compute, KEYWORDS, labels)

    async with open_services(settings, load=load) as services:
        holder.append(services)
        labels.update(await services.work.run(stock))
        await services.live.check()
        yield Shop(services)


@pytest.fixture
def open_shop() -> OpenShop:
    return _open


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[Shop]:
    async with _open(settings) as shop:
        yield shop


@pytest.fixture
async def staff_id(shop: Shop) -> int:
    add = shop.services.work.run(
        lambda s: StaffAccounts(s).add("lin", "not-a-hash", StaffRole.OPERATOR)
    )
    return (await add).id


@pytest.fixture
async def shop_without_bundle(settings: Settings) -> AsyncIterator[Shop]:
    async with open_services(settings, watch=False) as services:
        yield Shop(services)
