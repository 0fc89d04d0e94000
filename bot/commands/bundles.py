"""`kefu bundles`: what was trained, what is live, and going back."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import document, show, show_json, show_table

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.types import BundleRecord

BundleId = Annotated[str, typer.Argument(metavar="ID", help="A bundle's id, see `bundles list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("bundles", "See, promote and roll back trained bundles.")
    commands.command("list")(list_bundles)
    commands.command("show")(show_bundle)
    commands.command("promote")(promote)
    commands.command("rollback")(rollback)
    commands.command("prune")(prune)
    app.add_typer(commands)


def list_bundles(ctx: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List every bundle, newest first."""
    from storage.bundles import Bundles

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        found = Bundles(session).list()
    if as_json:
        show_json([document(bundle) for bundle in found])
        return
    rows = [
        (each.id, f"{each.created_at:%Y-%m-%d %H:%M}", each.outcome, _remarks(each))
        for each in found
    ]
    show_table(("bundle", "made", "outcome", ""), rows)


def _marks(bundle: BundleRecord) -> str:
    erased = bundle.erased_since
    marks = ["live"] if bundle.live else []
    if erased is not None:
        marks.append(f"holds data erased on {erased:%Y-%m-%d}: retrain")
    return ", ".join(marks)


def show_bundle(
    ctx: typer.Context,
    bundle: BundleId,
    report: Annotated[
        bool, typer.Option("--report", help="Tell where its report is, as a page and as JSON.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show one bundle with its numbers."""
    from storage.bundles import Bundles

    settings = settings_for(ctx, home)
    with open_database(settings) as database, database.session() as session:
        found = Bundles(session).get(bundle)
    if report:
        _tell_report(settings.bundles_dir / bundle, as_json)
    else:
        _tell(found, as_json)


def _tell_report(folder: Path, as_json: bool) -> None:
    from finetune.report.files import find_report

    page, values = find_report(folder)
    if as_json:
        show_json({"page": str(page), "values": str(values)})
    else:
        show(str(page))
        show(str(values))


def promote(
    ctx: typer.Context,
    bundle: BundleId,
    override: Annotated[
        bool, typer.Option("--override", help="Promote although the gate refused it; logged.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "promoted by hand",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Make a bundle live; running servers pick it up by themselves."""
    from storage.bundles import Bundles

    settings = settings_for(ctx, home)
    with open_database(settings) as database:
        with database.session(read_only=True) as session:
            Bundles(session).get(bundle).must_have_files()
        _check_files(settings, bundle)
        with database.session() as session:
            Bundles(session).promote(bundle, by=who(), reason=reason, override=override)
            found = Bundles(session).get(bundle)
    _tell(found, as_json)


def rollback(ctx: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """Make the bundle live again that was live before."""
    from storage.bundles import Bundles

    settings = settings_for(ctx, home)
    with open_database(settings) as database:
        with database.session(read_only=True) as session:
            previous = Bundles(session).to_roll_back_to()
            previous.must_have_files()
        _check_files(settings, previous.id)
        with database.session() as session:
            found = Bundles(session).roll_back(previous.id, by=who())
    _tell(found, as_json)


def prune(
    ctx: typer.Context,
    keep: Annotated[int, typer.Option(help="How many of the newest stay.", min=0)] = 10,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Remove the files of old bundles, and encoders and caches that no other bundle uses.

    The live bundle and the one before it always stay.
    """
    from bot.commands.lock import TRAINING_LOCK, only_one
    from finetune.leftovers import prune as remove

    settings = settings_for(ctx, home)
    with open_database(settings) as database, only_one(settings.home, TRAINING_LOCK):
        pruned = remove(settings, database, keep, by=who())
    if as_json:
        show_json(document(pruned))
        return
    removed = (*pruned.bundles, *pruned.encoders, *pruned.indexes)
    for name in removed:
        show(f"removed {name}")
    show(f"{len(removed)} folders removed, {pruned.freed / 10**6:.1f} MB freed")


def _check_files(settings: Settings, bundle: str) -> None:
    """Refuse a bundle that no server could load."""
    from finetune.manifest import verify_for_serving

    verify_for_serving(settings.bundles_dir / bundle, settings.encoders_dir)


def who() -> str:
    """Whose name the audit log gets."""
    return f"cli:{getpass.getuser()}"


def _tell(bundle: BundleRecord, as_json: bool) -> None:
    if as_json:
        show_json(document(bundle))
        return
    show("  ".join(filter(None, (bundle.id, bundle.outcome, _remarks(bundle)))))
    rows = [(name, value) for name, value in bundle.metrics.items() if _is_plain(value)]
    show_table(("metric", "value"), rows)


def _remarks(bundle: BundleRecord) -> str:
    said = {
        "live": bundle.live,
        "trained on data erased since: retrain": bundle.erased_since is not None,
        "files removed": bundle.removed_at is not None,
    }
    return ", ".join(remark for remark, holds in said.items() if holds)


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float | str) or value is None
