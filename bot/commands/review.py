"""`kefu review`: the questions that wait for a person's decision."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import document, show, show_json, show_table

ItemId = Annotated[int, typer.Argument(metavar="ID", help="An item's id, see `review list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("review", "Questions that wait for a decision.")
    commands.command("list")(list_items)
    commands.command("accept")(accept)
    commands.command("reject")(reject)
    app.add_typer(commands)


def list_items(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the open questions, oldest first."""
    from storage.review import ReviewQueue

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        items = ReviewQueue(session).open(limit)
    if as_json:
        show_json([document(item) for item in items])
        return
    rows = [(each.id, each.kind, each.question, each.guess) for each in items]
    show_table(("id", "kind", "question", "guess"), rows)


def accept(
    ctx: typer.Context,
    item: ItemId,
    intent: Annotated[
        str | None,
        typer.Option(help="The right intent, or `oos`; the guess, if there is one."),
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Learn from a question: the next retraining uses it."""
    _decide(ctx, home, item, "accepted", intent, as_json)


def reject(ctx: typer.Context, item: ItemId, as_json: Json = False, home: Home = None) -> None:
    """Put a question aside without learning from it."""
    _decide(ctx, home, item, "rejected", None, as_json)


def _decide(
    ctx: typer.Context,
    home: Home,
    item: int,
    decision: str,
    intent: str | None,
    as_json: bool,
) -> None:
    from bot.commands.bundles import who
    from storage.review import ReviewQueue

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        queue = ReviewQueue(session)
        chosen = intent or (queue.get(item).guess if decision == "accepted" else None)
        queue.decide(item, decision, chosen, by=who())
    if as_json:
        show_json({"id": item, "decision": decision, "intent": chosen})
    else:
        show(f"{item} {decision}")
