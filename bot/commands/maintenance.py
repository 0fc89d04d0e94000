"""`kefu db` and `doctor`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.options import Home, Json, group, settings_for
from bot.commands.output import ProgressBars, document, show, show_json, show_table

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.database import Database


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("db", "The tables of the database.")
    commands.command("upgrade")(upgrade)
    commands.command("downgrade")(downgrade)
    app.add_typer(commands)
    app.command()(doctor)


def upgrade(
    ctx: typer.Context,
    revision: Annotated[str, typer.Argument(help="Where to go.")] = "head",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Create the tables or bring them up to date."""
    from storage import migrate

    _move(ctx, home, as_json, lambda database: migrate.upgrade(database, revision))


def downgrade(
    ctx: typer.Context,
    revision: Annotated[str, typer.Argument(help="Where to go; `base` removes every table.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Take the tables back to an earlier revision; what later ones hold is lost."""
    from storage import migrate

    _move(ctx, home, as_json, lambda database: migrate.downgrade(database, revision))


def _move(ctx: typer.Context, home: Home, as_json: bool, move: Callable[[Database], None]) -> None:
    from storage.database import Database
    from storage.migrate import current, head

    settings = settings_for(ctx, home)
    settings.prepare_home()
    database = Database(settings.url)
    try:
        move(database)
        found = current(database)
    finally:
        database.dispose()
    if as_json:
        show_json({"revision": found, "newest": head()})
    else:
        show(f"{database.url} is at {found or 'base'}")


def doctor(
    ctx: typer.Context,
    shop: Annotated[
        Path | None,
        typer.Option(
            "--shop",
            metavar="DIR",
            help="Look at this shop folder instead: what in it should be mended.",
        ),
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say what is configured, what is reachable and what is missing."""
    import asyncio

    from bot.commands.checks import run_checks

    if shop is not None:
        _examine(shop, as_json, settings_for(ctx, home))
        return
    checks = asyncio.run(run_checks(settings_for(ctx, home)))
    healthy = all(check.state != "problem" for check in checks)
    if as_json:
        show_json({"ok": healthy, "checks": [document(check) for check in checks]})
    else:
        rows = [(check.name, check.state, check.detail) for check in checks]
        show_table(("what", "state", "detail"), rows)
    if not healthy:
        raise typer.Exit(1)


def _examine(folder: Path, as_json: bool, settings: Settings) -> None:
    """What is to be mended in a shop folder; exit code 1 if something must be."""
    from bot.forms.offer import template_problems
    from bot.loading import load_actions
    from bot.work import Compute
    from finetune.lint import lint_shop

    compute = Compute(1)
    actions = load_actions(settings.model_copy(update={"shop": folder}), compute)
    compute.close()

    with ProgressBars() as progress:
        found = lint_shop(
            folder,
            find_problems=lambda template: template_problems(template, actions),
            progress=progress,
        )
    problems = sum(finding.level == "problem" for finding in found)
    if as_json:
        show_json({"ok": not problems, "findings": [document(finding) for finding in found]})
    else:
        if found:
            rows = [(each.level, each.kind, each.where, each.detail) for each in found]
            show_table(("level", "what", "where", "detail"), rows)
        show(f"{problems} problems, {len(found) - problems} hints in {folder}")
    if problems:
        raise typer.Exit(1)
