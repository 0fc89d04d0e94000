"""The only place where objects are wired together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from bot.actions.run import ActionRunner
from bot.events import Events
from bot.generator.writers import Writer, make_writer
from bot.handoff import Handoff
from bot.live import LiveModels, Models
from bot.loading import load_actions, load_models, load_shop_facts
from bot.logs import logger
from bot.pipeline import Pipeline
from bot.recovery import recover
from bot.settings import Settings
from bot.shopwords import ShopWords
from bot.types import Readiness, Reply, ShopFacts
from bot.work import Compute, Work
from storage.database import Database
from storage.errors import StorageError
from storage.knowledge import Knowledge
from storage.migrate import current, head, upgrade


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a running process shares."""

    settings: Settings
    database: Database
    work: Work
    compute: Compute
    events: Events
    live: LiveModels
    pipeline: Pipeline
    handoff: Handoff
    shop: ShopFacts

    async def ready(self) -> Readiness:
        """What `/readyz` says: the database answers and a bundle is live."""
        models = self.live.current
        bundle = models.bundle_id if models else None
        try:
            revision = await self.work.read(lambda session: Knowledge(session).revision())
        except StorageError as error:
            return Readiness(False, bundle, None, (str(error),))
        if models is None:
            problem = "no bundle is live: import history and run `kefu retrain`"
            return Readiness(False, None, revision, (problem,))
        return Readiness(True, bundle, revision)

    async def recover(self, *, channels: Collection[str] | None = None) -> list[Reply]:
        """Answer what a crash left unanswered; to be called once, before new messages come."""
        return await recover(self.work, self.pipeline, channels=channels)


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    watch: bool = True,
    load: Callable[[str], Models] | None = None,
) -> AsyncIterator[Services]:
    """Migrate, load what is live, and hand out the services; finish what is running at the end.

    `watch` keeps looking for a newly promoted bundle; a one-shot command does without. `load`
    replaces how the models of a bundle are read.
    """
    await asyncio.to_thread(settings.prepare_home)
    database = Database(settings.url)
    work, compute = Work(database), Compute(settings.model_threads)
    writer = None
    try:
        await asyncio.to_thread(_migrate, database)
        shop = await asyncio.to_thread(load_shop_facts, settings)
        load = load or partial(load_models, settings, database, compute)
        writer = await asyncio.to_thread(make_writer, settings, work, compute)
        if writer is not None:
            await writer.look()
            await writer.model.start()
            load = partial(writer.load, load)
        services = _wire(settings, database, work, compute, shop, load)
        await services.live.check()
        watcher = asyncio.create_task(_watch(services, writer)) if watch else None
        try:
            yield services
        finally:
            if watcher is not None:
                watcher.cancel()
                with suppress(asyncio.CancelledError):
                    await watcher
            await services.live.close()
    finally:
        if writer is not None:
            await writer.model.close()
        # Both wait for their threads, so not on the event loop.
        await asyncio.to_thread(compute.close)
        await asyncio.to_thread(work.close)
        database.dispose()


def _migrate(database: Database) -> None:
    if current(database) != head():
        upgrade(database)


def _wire(
    settings: Settings,
    database: Database,
    work: Work,
    compute: Compute,
    shop: ShopFacts,
    load: Callable[[str], Models],
) -> Services:
    events = Events()
    actions = load_actions(settings, compute)
    live = LiveModels(database, work, compute, load, actions, ShopWords(settings.shop))
    pipeline = Pipeline(
        work,
        compute,
        live,
        events,
        shop,
        ActionRunner(actions, work),
        max_message_chars=settings.max_message_chars,
    )
    handoff = Handoff(work, events, shop)
    return Services(settings, database, work, compute, events, live, pipeline, handoff, shop)


async def _watch(services: Services, writer: Writer | None) -> None:
    """Look for news even while no customer writes, so that a roll-back takes seconds."""
    while True:
        await asyncio.sleep(services.settings.watch_seconds)
        try:
            await services.live.check()
            if writer is not None:
                await writer.look()
        except StorageError as error:
            logger("live").warning("database_unreachable", reason=str(error))
