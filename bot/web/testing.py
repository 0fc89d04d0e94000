"""A whole small server for tests: real sockets, real database, tiny real models."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from bot.generator.base import Piece, Request
from bot.live import Models
from bot.services import Services, open_services
from bot.settings import Settings
from bot.testing import KeywordClassifier, KeywordIndex
from bot.types import ShopFacts
from bot.web.app import create_app
from bot.web.auth import token_hash
from bot.web.server import Server
from finetune.types import Thresholds
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.bundles import Bundles
from storage.database import Database
from storage.knowledge import Knowledge
from storage.migrate import upgrade
from storage.staff import StaffAccounts
from storage.templates import Templates
from storage.types import (
    SEARCH_KIND_DOCUMENT,
    Citation,
    NewPassage,
    StaffRole,
    TemplateDraft,
)

T = TypeVar("T")

BUNDLE = "trial"
ADMIN_TOKEN = "trial-admin-token"  # noqa: S105 (opens trial servers only)
OPERATOR_TOKEN = "trial-operator-token"  # noqa: S105 (opens trial servers only)

KEYWORDS = {
    "return_goods": ("退货", "return"),
    "invoice": ("发票", "invoice"),
    "shipping": ("发货", "物流", "shipping", "deliver"),
}
_TEXTS = {
    "return_goods": (
        "签收后 7 天内可以申请退货，退款会在 3 个工作日内原路退回。",
        "You can return goods within 7 days of delivery. We refund you within 3 working days.",
    ),
    "invoice": (
        "在“我的订单”里点“申请开票”，电子发票会发到您的邮箱。",
        "Open My orders and press Request invoice; we'll send it by e-mail.",
    ),
    "shipping": (
        "当天 16:00 前付款的订单当天发出，一般 2 到 4 天送达。",
        "Orders paid before 4 pm leave the same day and usually arrive in 2 to 4 days.",
    ),
}
_TITLES = {
    "return_goods": {"zh": "怎么退货？", "en": "How do I return something?"},
    "invoice": {"zh": "怎么开发票？", "en": "How do I get an invoice?"},
    "shipping": {"zh": "多久能发货？", "en": "When will my order ship?"},
}
_DOCUMENTS = {
    "warranty.md": ("zh", "保修政策", "耳机保修期为 12 个月。人为损坏不在保修范围内。"),
    "care.md": ("en", "Care", "Wash the blanket at 30 degrees. Do not tumble dry it."),
}


class TrialGenerator:
    """Quotes a passage in two pieces; the second waits until `gate` is open."""

    def __init__(self, gate: threading.Event) -> None:
        """An open gate lets everything through at once."""
        self._gate = gate

    async def write(self, request: Request) -> AsyncGenerator[Piece, None]:
        """The best passage's first sentence, and the rest with the citation."""
        if not request.hits:
            return
        passage = request.hits[0].passage
        end = next(i for i, c in enumerate(passage.text) if c in "。.") + 1
        yield Piece(passage.text[:end], ())
        await asyncio.to_thread(self._gate.wait, 20)
        cited = Citation(
            1, passage.text, passage.document, passage.heading, passage.start, passage.end
        )
        yield Piece(f"{passage.text[end:]} [1]", (cited,))


def trial_home(session: Session) -> dict[str, int]:
    """Fill an empty database; returns the template of each label."""
    known = {template.name: template.id for template in Templates(session).all()}
    if known:
        return known
    labels = {}
    for label, (zh, en) in _TEXTS.items():
        draft = TemplateDraft(label, {"zh": (zh,), "en": (en,)})
        labels[label] = Templates(session).save(draft, editor="shop").id
    for name, (language, heading, text) in _DOCUMENTS.items():
        passage = NewPassage(text, heading, 0, len(text), language)
        Knowledge(session).put_document(
            name, heading, name, language, SEARCH_KIND_DOCUMENT, text, [passage]
        )
    bundles = Bundles(session)
    bundles.add(BUNDLE, data_fingerprint="trial", metrics={}, outcome="promoted")
    bundles.promote(BUNDLE, by="trial", reason="trial")
    accounts = StaffAccounts(session)
    for token, role in ((ADMIN_TOKEN, StaffRole.ADMIN), (OPERATOR_TOKEN, StaffRole.OPERATOR)):
        staff = accounts.add(f"trial-{role}", "no password fits this", role)
        accounts.add_token(staff.id, token_hash(token), "trial", None)
    return labels


def trial_models(labels: dict[str, int], gate: threading.Event) -> Models:
    """Models that know the trial shop."""
    return Models(
        bundle_id=BUNDLE,
        classifier=KeywordClassifier(KEYWORDS),
        thresholds=Thresholds(answer=0.7, clarify=0.8, grounded=0.35),
        label_templates=labels,
        index=KeywordIndex(Analyser(Lexicon.from_package())),
        generator=TrialGenerator(gate),
        titles=_TITLES,
    )


class TrialServer:
    """A server in a thread of its own, until `stop`."""

    def __init__(self, home: Path, **settings: Any) -> None:  # noqa: ANN401 (Settings checks them)
        """Nothing runs before `start`."""
        self.settings = Settings(home=home, **{"port": 0, **settings})
        self.gate = threading.Event()
        self.gate.set()
        self.url = ""
        self._started: Future[str] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._services: Services | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    @property
    def services(self) -> Services:
        """What the server runs on."""
        if self._services is None:
            raise RuntimeError("expected a started server, found one that is not")
        return self._services

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, run in the server's loop."""
        if self._loop is None:
            raise RuntimeError("expected a started server, found one that is not")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def start(self) -> None:
        """Serve; returns once it does."""
        self._thread.start()
        self.url = self._started.result(60)

    def stop(self) -> None:
        """Shut down as on a signal, and wait for the end."""
        self.gate.set()
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(60)

    async def _serve(self) -> None:
        try:
            self._loop = asyncio.get_running_loop()
            labels = await asyncio.to_thread(self._furnish)
            load = lambda _bundle: trial_models(labels, self.gate)  # noqa: E731
            async with open_services(self.settings, load=load) as services:
                facts = ShopFacts(
                    names={"zh": "云朵商店", "en": "Cloud Shop"},
                    language="zh",
                    suggestions=tuple(KEYWORDS),
                )
                services = replace(services, shop=facts)
                await services.recover()
                await self._serve_app(services)
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            raise

    def _furnish(self) -> dict[str, int]:
        self.settings.prepare_home()
        database = Database(self.settings.url)
        try:
            upgrade(database)
            with database.session() as session:
                return trial_home(session)
        finally:
            database.dispose()

    async def _serve_app(self, services: Services) -> None:
        self._services = services
        proxies = self.settings.trusted_proxies
        self._server = Server(
            create_app(services),
            host="127.0.0.1",
            port=self.settings.port,
            trusted_proxies=proxies,
        )
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.01)
        self._started.set_result(self._server.address or "")
        await serving


@contextmanager
def trial_server(home: Path, **settings: Any) -> Iterator[TrialServer]:  # noqa: ANN401
    """A running trial server."""
    server = TrialServer(home, **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
