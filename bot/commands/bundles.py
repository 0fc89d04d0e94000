"""`kefu bundles`: what was trained, what is live, and going back."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import document, show, show_json, show_table

if TYPE_CHECKING:
    from storage.types import BundleRecord

BundleId = Annotated[str, typer.Argument(metavar="ID", help="A bundle's id, see `bundles list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("bundles", "See, promote and roll back trained bundles.")
    commands.command("list")(list_bundles)
    commands.command("show")(show_bundle)
    commands.command("promote")(promote)
    commands.command("rollback")(rollback)
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
        (each.id, f"{each.created_at:%Y-%m-%d %H:%M}", each.outcome, _marks(each)) for each in found
    ]
    show_table(("bundle", "made", "outcome", ""), rows)


def _marks(bundle: BundleRecord) -> str:
    erased = bundle.erased_since
    marks = ["live"] if bundle.live else []
    if erased is not None:
        marks.append(f"holds data erased on {erased:%Y-%m-%d}: retrain")
    return ", ".join(marks)


def show_bundle(
    ctx: typer.Context, bundle: BundleId, as_json: Json = False, home: Home = None
) -> None:
    """Show one bundle with its numbers."""
    from storage.bundles import Bundles

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        found = Bundles(session).get(bundle)
    _tell(found, as_json)


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
        with database.session() as session:
            repository = Bundles(session)
            repository.get(bundle)
            _check_files(settings.bundles_dir / bundle)
            repository.promote(bundle, by=who(), reason=reason, override=override)
        with database.session() as session:
            found = Bundles(session).get(bundle)
    _tell(found, as_json)


def rollback(ctx: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """Make the bundle live again that was live before."""
    from storage.bundles import Bundles
    from storage.errors import ConflictError

    settings = settings_for(ctx, home)
    with open_database(settings) as database:
        with database.session() as session:
            repository = Bundles(session)
            previous = repository.previous()
            if previous is None:
                raise ConflictError("expected an earlier live bundle to go back to, found none")
            _check_files(settings.bundles_dir / previous.id)
            repository.promote(previous.id, by=who(), reason="rollback", override=True)
        with database.session() as session:
            found = Bundles(session).get(previous.id)
    _tell(found, as_json)


def _check_files(folder: Path) -> None:
    """Refuse a bundle that no server could load."""
    from finetune.manifest import verify_bundle

    verify_bundle(folder)


def who() -> str:
    """Whose name the audit log gets."""
    return f"cli:{getpass.getuser()}"


def _tell(bundle: BundleRecord, as_json: bool) -> None:
    if as_json:
        show_json(document(bundle))
        return
    show(f"{bundle.id}  {bundle.outcome}{'  live' if bundle.live else ''}")
    rows = [(name, value) for name, value in bundle.metrics.items() if _is_plain(value)]
    show_table(("metric", "value"), rows)


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float | str) or value is None
