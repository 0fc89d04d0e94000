"""`kefu erase`: a customer, or what is older than the shop keeps."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.lock import TRAINING_LOCK, HomeInUseError, only_one
from bot.commands.options import Home, Json, open_database, settings_for
from bot.commands.output import document, say, show, show_json, show_table
from storage.errors import InputError

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.database import Database
    from storage.types import Erased


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(erase)


def erase(
    ctx: typer.Context,
    customer: Annotated[
        str | None,
        typer.Argument(help="The customer's id on their channel, or `#` and Kefu's own number."),
    ] = None,
    older_than: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS", min=1, help="Conversations in which nothing happened for so long."
        ),
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Erase a customer or old conversations: all that came of them; bundles are marked.

    Without either, what is older than `retention_days` in shop.toml goes.
    """
    if customer is not None and older_than is not None:
        raise InputError("expected a customer or --older-than, found both")
    settings = settings_for(ctx, home)
    with open_database(settings) as database:
        if customer is not None:
            erased = _erase_customer(database, customer)
        else:
            erased = erase_old(database, older_than or _retention_days(settings))
        clean_files(settings, database)
    if as_json:
        show_json(document(erased))
        return
    lists = ("bundles", "adapters", "documents")
    rows = [(name, value) for name, value in document(erased).items() if name not in lists]
    show_table(("erased", "rows"), rows)
    for bundle in erased.bundles:
        show(f"bundle {bundle} was trained on erased data; retrain to replace it")
    for adapter in erased.adapters:
        show(f"adapter {adapter} was trained on erased data; `kefu generator train` replaces it")
    for name in erased.documents:
        show(f"document {name} answers an erased question; staff wrote it, so its text stays")


def _erase_customer(database: Database, customer: str) -> Erased:
    from bot.commands.bundles import who
    from storage.erasure import erase_customer

    number = customer.removeprefix("#")
    chosen = int(number) if customer.startswith("#") and number.isdecimal() else customer
    with database.session() as session:
        return erase_customer(session, chosen, by=who())


def erase_old(database: Database, days: int) -> Erased:
    """Erase in batches, each committed, so that nobody who writes waits long."""
    from bot.commands.bundles import who
    from storage.erasure import erase_older_than
    from storage.types import Erased

    total = Erased()
    while True:
        with database.session() as session:
            erased = erase_older_than(session, days, by=who())
        if erased is None:
            return total
        total += erased
        say(f"kefu: {total.conversations} conversations erased")


def clean_files(settings: Settings, database: Database) -> None:
    """Leave nothing of what was erased in the home's files, bundles apart."""
    from finetune.generator.job import remove_jobs
    from retrieval.caches import drop_outdated_caches

    with suppress(HomeInUseError), only_one(settings.home, TRAINING_LOCK):
        # An interrupted training of a chat model; one that runs removes its rows itself.
        remove_jobs(settings.training_dir)
    for name in drop_outdated_caches(settings.indexes_dir, database):
        say(f"kefu: the search cache {name} is deleted; the next start builds it again")
    database.scrub()


def _retention_days(settings: Settings) -> int:
    from bot.loading import load_shop_facts

    days = load_shop_facts(settings).retention_days
    if not days:
        raise InputError(
            "expected a customer, --older-than DAYS, or retention_days in the shop's shop.toml, "
            "found none of them"
        )
    return days
