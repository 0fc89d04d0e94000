"""The options that every command shares, and the home they lead to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.output import say
from storage.errors import InputError

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.database import Database

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Where the database, bundles and indexes are; overrides KEFU_HOME (else ./var).",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def remember_home(ctx: typer.Context, home: Home = None) -> None:
    """Take `--home` where it stands before the subcommand."""
    ctx.obj = home or ctx.obj


def group(name: str, summary: str) -> typer.Typer:
    """A command with subcommands, such as `kefu bundles`."""
    made = typer.Typer(name=name, help=summary, no_args_is_help=True)
    made.callback()(remember_home)
    return made


def settings_for(ctx: typer.Context, home: Path | None, **given: object) -> Settings:
    """The settings of this command: the environment's, unless an option says otherwise.

    Where neither names a shop folder it is the one that `kefu run` served from this home last.

    From here on, whatever is logged goes to stderr; a command that serves says how much it wants.
    """
    from pydantic import ValidationError

    from bot.logs import configure_logging
    from bot.settings import Settings

    configure_logging("WARNING")

    named = {"home": home or ctx.obj, **given}
    chosen: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
    try:
        settings = Settings(**chosen)
    except ValidationError as error:
        raise _bad_setting(error.errors()[0]["loc"], error.errors()[0]["msg"]) from None
    if settings.shop is not None or not settings.shop_note.is_file():
        return settings
    last = Path(os.fsdecode(settings.shop_note.read_bytes()))
    if not last.is_dir():
        say(f"kefu: the shop folder {last} of the last run is gone; name another with KEFU_SHOP")
        return settings
    return settings.model_copy(update={"shop": last})


def _bad_setting(where: tuple[int | str, ...], what: str) -> InputError:
    """The value itself is not told: it may be a secret."""
    name = "KEFU_" + "_".join(str(part) for part in where).upper()
    return InputError(f"{name} cannot be used: {what[:1].lower()}{what[1:]}; correct or unset it")


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The home's database, created and migrated if need be."""
    from storage.database import Database
    from storage.migrate import upgrade

    settings.prepare_home()
    database = Database(settings.url)
    try:
        upgrade(database)
        yield database
    finally:
        database.dispose()
