"""Reads from disk what `bot/services.py` wires: a bundle's models, and the shop's facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.actions.base import Action
from bot.actions.files import PRODUCTS_FILE, Watched, read_products
from bot.actions.registry import shop_actions
from bot.entities.find import DEFAULT_ORDER_PATTERN, EntityFacts
from bot.entities.numbers import order_finder
from bot.entities.products import Named, ProductNames
from bot.generator.extractive import ExtractiveGenerator
from bot.live import Models
from bot.logs import logger
from bot.office import OfficeHours
from bot.settings import Settings
from bot.titles import choose_titles
from bot.types import ShopFacts
from bot.work import Compute
from finetune.errors import BundleDamagedError
from finetune.shop import Shop, load_shop, load_titles
from retrieval.text import Analyser
from storage.bundles import Bundles
from storage.database import Database
from storage.errors import StorageError
from storage.examples import Examples
from storage.types import Example
from storage.vectors import forget_encoders, pgvector_problem

if TYPE_CHECKING:
    from retrieval.dense import OpenDense


def load_models(settings: Settings, database: Database, compute: Compute, bundle_id: str) -> Models:
    """The models of a bundle, with a search index that has yet to be synced."""
    # Heavy libraries are imported by the process that loads a bundle, and only then.
    from finetune.bundle import load_bundle
    from retrieval.faiss_index import local_dense
    from retrieval.index import HybridIndex
    from retrieval.rerank import load_reranker
    from retrieval.threads import use_one_thread_per_task

    use_one_thread_per_task()
    bundle = load_bundle(settings.bundles_dir / bundle_id, settings.encoders_dir)
    content, encoder = bundle.content, bundle.search_encoder
    vectors = choose_vectors(settings, database)
    if vectors is not local_dense:
        _forget_old_vectors(settings, database, encoder.fingerprint)
    with database.session(read_only=True) as session:
        examples = Examples(session).all()
    return Models(
        bundle_id=bundle.id,
        classifier=content.classifier,
        thresholds=content.thresholds,
        label_templates=content.label_templates,
        index=HybridIndex(
            settings.indexes_dir,
            encoder,
            content.analyser,
            content.fusion,
            vectors,
            today=today_in(settings),
            reranker=load_reranker(settings.reranker) if settings.reranker else None,
        ),
        generator=ExtractiveGenerator(content.analyser, compute, encoder),
        titles=_titles(settings, examples, content.analyser),
        analyser=content.analyser,
        encoder=encoder,
        mood=content.mood,
    )


def choose_vectors(settings: Settings, database: Database) -> OpenDense:
    """Where vectors are kept: shared in PostgreSQL where that is wanted and can be had."""
    from retrieval.faiss_index import local_dense
    from retrieval.pgvector_index import PgvectorIndex

    if settings.vectors == "local":
        return local_dense
    problem = pgvector_problem(database)
    if problem is None:
        return partial(PgvectorIndex, database)
    if settings.vectors == "pgvector":
        raise StorageError(
            f"expected a database that keeps vectors, since KEFU_VECTORS is pgvector; found that "
            f"{problem}; install pgvector there, or unset KEFU_VECTORS"
        )
    return local_dense


def _forget_old_vectors(settings: Settings, database: Database, fingerprint: str) -> None:
    """Of shared vectors those of the live encoder stay, and those that a rollback would need."""
    from finetune.bundle import read_bundle

    kept = {fingerprint}
    with database.session(read_only=True) as session:
        previous = Bundles(session).previous()
    if previous is not None:
        try:
            kept.add(read_bundle(settings.bundles_dir / previous.id).encoder.fingerprint)
        except BundleDamagedError as error:
            # What cannot be read cannot be rolled back to either.
            logger("live").warning("previous_bundle_damaged", reason=str(error))
    with database.session() as session:
        forget_encoders(session, kept)


def load_shop_facts(settings: Settings) -> ShopFacts:
    """What the shop's folder says; the plain defaults where no folder is named."""
    if settings.shop is None:
        return ShopFacts()
    shop = load_shop(settings.shop)
    hours = shop.hours
    return ShopFacts(
        names=shop.name,
        voice=shop.voice,
        language=shop.default_language,
        languages=shop.languages,
        office=OfficeHours(hours.opens, hours.closes, hours.days, shop.time_zone),
        hours=hours.texts,
        contacts=shop.contacts,
        greeting=shop.greeting,
        suggestions=shop.suggestions,
        waiting=shop.handoff.waiting,
        closed=shop.handoff.closed,
        failures_before_offer=shop.handoff.offer_after_failures,
        entities=_entity_facts(settings.shop, shop),
        review_margin=shop.review_margin,
        retention_days=shop.retention_days,
    )


def load_actions(settings: Settings, compute: Compute) -> dict[str, Action]:
    """The actions of the shop's folder; none where no folder is named."""
    shop = None if settings.shop is None else load_shop(settings.shop)
    return shop_actions(settings.shop, shop, compute, settings.action_secret)


def _entity_facts(folder: Path, shop: Shop) -> EntityFacts:
    pattern, path = shop.order_pattern or DEFAULT_ORDER_PATTERN, folder / PRODUCTS_FILE
    products = Watched(path, read_products).get().values() if path.exists() else ()
    named = [Named(each.sku, each.sku.rpartition("-")[2], tuple(each.names.values()))
             for each in products]  # fmt: skip
    currency = "CNY" if shop.default_language == "zh" else "USD"
    region = "CN" if shop.default_language == "zh" else "US"
    return EntityFacts(order_finder(pattern), shop.time_zone, region, currency, ProductNames(named))


def today_in(settings: Settings) -> Callable[[], date]:
    """The day at the shop: what is valid until Friday is so until midnight there."""
    zone = ZoneInfo(load_shop(settings.shop).time_zone) if settings.shop is not None else UTC
    return lambda: datetime.now(zone).date()


def _titles(
    settings: Settings, examples: list[Example], analyser: Analyser
) -> dict[str, dict[str, str]]:
    """Names of intents for buttons: the shop's own where it has them."""
    titles = choose_titles(examples, analyser)
    own = load_titles(settings.shop) if settings.shop is not None else {}
    return {label: {**found, **own.get(label, {})} for label, found in {**own, **titles}.items()}
