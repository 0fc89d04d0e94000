"""`kefu user`: the accounts of the people who answer and administer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import document, show, show_json, show_table
from storage.errors import InputError, NotFoundError
from storage.types import StaffRole

MIN_PASSWORD = 10

Name = Annotated[str, typer.Argument(help="The account's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("user", "Staff accounts and their API tokens.")
    commands.command("add")(add)
    commands.command("list")(list_accounts)
    commands.command("remove")(remove)
    commands.command("token")(token)
    app.add_typer(commands)


def add(
    ctx: typer.Context,
    name: Name,
    role: Annotated[StaffRole, typer.Option(help="What the account may do.")] = StaffRole.OPERATOR,
    password: Annotated[
        str | None,
        typer.Option(
            help="The password; asked for when it is not given. `-` reads it from stdin.",
        ),
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Make an account."""
    from pwdlib import PasswordHash

    from storage.staff import StaffAccounts

    hashed = PasswordHash.recommended().hash(_password(password))
    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        account = StaffAccounts(session).add(name, hashed, role)
    if as_json:
        show_json(document(account))
    else:
        show(f"{account.name} may log in as {account.role.value}")


def list_accounts(ctx: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List the accounts."""
    from storage.staff import StaffAccounts

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        accounts = StaffAccounts(session).list()
    if as_json:
        show_json([document(account) for account in accounts])
        return
    rows = [(each.name, each.role.value, "" if each.active else "removed") for each in accounts]
    show_table(("name", "role", ""), rows)


def remove(ctx: typer.Context, name: Name, as_json: Json = False, home: Home = None) -> None:
    """Close an account and end its sessions and tokens."""
    from storage.staff import StaffAccounts

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        StaffAccounts(session).remove(name)
    if as_json:
        show_json({"removed": name})
    else:
        show(f"{name} can no longer log in")


def token(
    ctx: typer.Context,
    name: Name,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "api",
    days: Annotated[
        int | None, typer.Option(help="Days until it expires; never, if not given.", min=1)
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Make an API token; it is shown this once."""
    from bot.web.auth import new_token, token_hash
    from storage.staff import StaffAccounts

    secret = new_token()
    hashed = token_hash(secret)
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        account = StaffAccounts(session).get_by_name(name)
        if account is None:
            raise NotFoundError(f"expected an account, found none called {name!r}; add it first")
        StaffAccounts(session).add_token(account.id, hashed, label, expires)
    if as_json:
        show_json({"name": name, "label": label, "token": secret, "expires_at": expires})
    else:
        show(secret)


def _password(given: str | None) -> str:
    import sys

    if given == "-":
        given = sys.stdin.readline().rstrip("\n")
    elif given is None:
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(given) < MIN_PASSWORD:
        raise InputError(
            f"expected a password of at least {MIN_PASSWORD} characters, found {len(given)}; "
            "choose a longer one"
        )
    return given
