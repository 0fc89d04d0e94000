"""Reads from disk what `bot/services.py` wires: a bundle's models, and the shop's facts."""

from __future__ import annotations

from bot.generator.extractive import ExtractiveGenerator
from bot.live import Models
from bot.office import OfficeHours
from bot.settings import Settings
from bot.titles import choose_titles
from bot.types import ShopFacts
from bot.work import Compute
from finetune.shop import load_shop, load_titles
from retrieval.text import Analyser
from storage.database import Database
from storage.examples import Examples
from storage.types import Example


def load_models(settings: Settings, database: Database, compute: Compute, bundle_id: str) -> Models:
    """The models of a bundle, with a search index that has yet to be synced."""
    # Heavy libraries are imported by the process that loads a bundle, and only then.
    from finetune.bundle import load_bundle
    from retrieval.index import HybridIndex
    from retrieval.threads import use_one_thread_per_task

    use_one_thread_per_task()
    bundle = load_bundle(settings.bundles_dir / bundle_id, settings.encoders_dir)
    content, encoder = bundle.content, bundle.search_encoder
    with database.session(read_only=True) as session:
        examples = Examples(session).all()
    return Models(
        bundle_id=bundle.id,
        classifier=content.classifier,
        thresholds=content.thresholds,
        label_templates=content.label_templates,
        analyser=content.analyser,
        index=HybridIndex(settings.indexes_dir, encoder, content.analyser, content.fusion),
        generator=ExtractiveGenerator(content.analyser, compute, encoder),
        titles=_titles(settings, examples, content.analyser),
    )


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
    )


def _titles(
    settings: Settings, examples: list[Example], analyser: Analyser
) -> dict[str, dict[str, str]]:
    """Names of intents for buttons: the shop's own where it has them."""
    titles = choose_titles(examples, analyser)
    own = load_titles(settings.shop) if settings.shop is not None else {}
    return {label: {**found, **own.get(label, {})} for label, found in {**own, **titles}.items()}
