"""`kefu review`: the questions that wait for a person's decision."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import document, show, show_json, show_table
from storage.errors import InputError

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.types import ReviewCluster
    from finetune.types_review import Decided, Verdict

Chosen = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="A cluster's id such as c12, or an item's number; see `review list`."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("review", "Questions that wait for a decision.")
    commands.command("list")(list_items)
    commands.command("show")(show_one)
    commands.command("accept")(accept)
    commands.command("reject")(reject)
    app.add_typer(commands)


def list_items(
    ctx: typer.Context,
    items: Annotated[bool, typer.Option("--items", help="Single questions, oldest first.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the open questions in clusters that one decision serves, the largest first."""
    settings = settings_for(ctx, home)
    if items:
        _list_items(settings, limit, as_json)
        return
    found = asyncio.run(_clusters(settings))
    if as_json:
        show_json([_cluster_document(each) for each in found[:limit]])
        return
    rows = [
        (each.id, each.size, ", ".join(each.kinds), each.question, _guesses(each))
        for each in found[:limit]
    ]
    show_table(("id", "size", "kinds", "question", "guesses"), rows)


def show_one(ctx: typer.Context, chosen: Chosen, as_json: Json = False, home: Home = None) -> None:
    """Show a cluster with its questions, guesses, the nearest answer and what people answered."""
    settings = settings_for(ctx, home)
    if not _is_cluster(chosen):
        _show_item(settings, _number(chosen), as_json)
        return
    found = asyncio.run(_cluster(settings, chosen))
    if as_json:
        show_json(_cluster_document(found))
        return
    rows = [(each.id, ", ".join(each.kinds), each.question) for each in found.items]
    show_table(("id", "kinds", "question"), rows, title=found.question)
    show(f"guesses: {_guesses(found) or '-'}")
    if found.answer is not None:
        show(f"nearest answer: {found.answer.passage.document}: {found.answer.passage.text}")
    for proposal in found.proposals:
        show(f"a person answered: {proposal}")


def accept(
    ctx: typer.Context,
    chosen: Chosen,
    intent: Annotated[
        str | None,
        typer.Option(help="The right intent, or `oos`; the guess, if there is one."),
    ] = None,
    new_intent: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make an intent with this template text.")
    ] = None,
    text_zh: Annotated[str | None, typer.Option(help="Its Chinese text.")] = None,
    text_en: Annotated[str | None, typer.Option(help="Its English text.")] = None,
    knowledge: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A text that answers, as a file; - reads stdin."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="The title of that text.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Learn from questions: search at once, the classifier at the next retraining."""
    from finetune.types_review import NewIntent, NewKnowledge, ThisIntent

    ways = [way for way in (intent, new_intent, knowledge) if way is not None]
    if len(ways) > 1:
        raise InputError("expected one of --intent, --new-intent and --knowledge, found several")
    if (text_zh or text_en) and new_intent is None:
        raise InputError("expected --new-intent NAME with the text of a template, found none")
    if (knowledge is None) != (title is None):
        raise InputError("expected --knowledge FILE and --title together, found one of them")
    verdict: Verdict | None = None
    if new_intent is not None:
        texts = {"zh": text_zh or "", "en": text_en or ""}
        verdict = NewIntent(new_intent, {key: text for key, text in texts.items() if text})
    elif knowledge is not None:
        verdict = NewKnowledge(title or "", _read(knowledge))
    elif intent is not None:
        verdict = ThisIntent(intent)
    _decide(settings_for(ctx, home), chosen, verdict, as_json)


def reject(ctx: typer.Context, chosen: Chosen, as_json: Json = False, home: Home = None) -> None:
    """Put questions aside without learning from them."""
    from finetune.types_review import Ignore

    _decide(settings_for(ctx, home), chosen, Ignore(), as_json)


def _decide(settings: Settings, chosen: str, verdict: Verdict | None, as_json: bool) -> None:
    from bot.commands.bundles import who
    from finetune.decisions import decide

    items, guess = _chosen(settings, chosen)
    with open_database(settings) as database, database.session() as session:
        decided = decide(session, items, verdict or _guessed(guess), by=who())
    _tell(chosen, decided, as_json)


def _chosen(settings: Settings, chosen: str) -> tuple[tuple[int, ...], str | None]:
    """The items to decide, and the bot's guess for them."""
    from storage.review import ReviewQueue

    if _is_cluster(chosen):
        found = asyncio.run(_cluster(settings, chosen))
        guesses = [item.guess for item in found.items if item.guess]
        likeliest = max(guesses, key=guesses.count, default=None)
        return tuple(item.id for item in found.items), likeliest
    with open_database(settings) as database, database.session(read_only=True) as session:
        item = ReviewQueue(session).get(_number(chosen))
    return (item.id,), item.guess


def _guessed(guess: str | None) -> Verdict:
    from finetune.types_review import ThisIntent

    if guess is None:
        raise InputError(
            "expected the right intent with an accepted item, found none; name it with --intent"
        )
    return ThisIntent(guess)


def _tell(chosen: str, decided: Decided, as_json: bool) -> None:
    if as_json:
        show_json({"id": int(chosen) if chosen.isdecimal() else chosen, **document(decided)})
        return
    what = decided.document or decided.intent or ""
    show(f"{len(decided.items)} {decided.decision} {what}".rstrip())


def _read(name: str) -> str:
    import sys

    try:
        if name == "-":
            return sys.stdin.read()
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(
            f"expected a text file in UTF-8 at {name}, found: {error}; name another one"
        ) from error


def _is_cluster(chosen: str) -> bool:
    return chosen.startswith("c") and chosen[1:].isdecimal()


def _number(chosen: str) -> int:
    if not chosen.isdecimal():
        raise InputError(f"expected an id such as c12 or 12, found {chosen!r}; see `review list`")
    return int(chosen)


async def _clusters(settings: Settings) -> list[ReviewCluster]:
    from bot.review import review_clusters
    from bot.services import open_services

    async with open_services(settings, watch=False) as services:
        return await review_clusters(services)


async def _cluster(settings: Settings, chosen: str) -> ReviewCluster:
    from bot.review import review_cluster
    from bot.services import open_services

    async with open_services(settings, watch=False) as services:
        return await review_cluster(services, chosen)


def _list_items(settings: Settings, limit: int, as_json: bool) -> None:
    from storage.review import ReviewQueue

    with open_database(settings) as database, database.session(read_only=True) as session:
        found = ReviewQueue(session).open(limit)
    if as_json:
        show_json([{**document(item), "kind": item.kind} for item in found])
        return
    rows = [(each.id, ", ".join(each.kinds), each.question, each.guess) for each in found]
    show_table(("id", "kinds", "question", "guess"), rows)


def _show_item(settings: Settings, number: int, as_json: bool) -> None:
    from storage.review import ReviewQueue

    with open_database(settings) as database, database.session(read_only=True) as session:
        item = ReviewQueue(session).get(number)
    if as_json:
        show_json({**document(item), "kind": item.kind})
        return
    show_table(("what", "value"), [(name, value) for name, value in document(item).items()])


def _guesses(cluster: ReviewCluster) -> str:
    return ", ".join(f"{label} {share:.2f}" for label, share in cluster.intents)


def _cluster_document(cluster: ReviewCluster) -> dict[str, Any]:
    answer = cluster.answer
    return {
        **{name: value for name, value in document(cluster).items() if name != "answer"},
        "guess": cluster.intents[0][0] if cluster.intents else None,
        "answer": None
        if answer is None
        else {
            "document": answer.passage.document,
            "text": answer.passage.text,
            "score": answer.score,
        },
    }
