"""`kefu questions`: the questions by which passages are found, beside their own words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.bundles import who
from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import ProgressBars, document, show, show_json, show_table
from storage.errors import InputError

if TYPE_CHECKING:
    from bot.commands.output import Progress
    from bot.generator.base import ChatModel
    from bot.settings import Settings
    from storage.database import Database

_LOADING_SECONDS = 600
_AT_ONCE = 8
"""Passages that are written for at the same time: customers of the same model come first."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("questions", "Questions that passages shall be found by.")
    commands.command("list")(list_questions)
    commands.command("add")(add)
    commands.command("remove")(remove)
    commands.command("write")(write)
    app.add_typer(commands)


def list_questions(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[DOCUMENT]", help="Only those of this document.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the attached questions, by document."""
    from retrieval.attached import document_named
    from storage.attached import AttachedQuestions

    with (
        open_database(settings_for(ctx, home)) as database,
        database.session(read_only=True) as session,
    ):
        wanted = None if name is None else document_named(session, name)
        found = AttachedQuestions(session).all(wanted)
    if as_json:
        show_json([document(each) for each in found])
        return
    rows = [(e.id, e.document, e.question, f"{e.source}: {e.origin}", e.quote[:60]) for e in found]
    show_table(("id", "document", "question", "from", "passage"), rows)


def add(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="As a customer would ask.")],
    name: Annotated[
        str, typer.Option("--document", metavar="NAME", help="The document that answers it.")
    ],
    quote: Annotated[
        str, typer.Option("--passage", metavar="WORDS", help="Words of it that answer.")
    ],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Let a passage be found by a question; a running server does so from the next search on."""
    from retrieval.attached import attach, clean_question, document_named
    from storage.types import QUESTION_FROM_STAFF, NewAttachedQuestion

    asked = clean_question(question)
    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        wanted = document_named(session, name)
        new = NewAttachedQuestion(wanted, quote, asked, QUESTION_FROM_STAFF, who())
        added = attach(session, [new])
    if as_json:
        show_json({"added": added})
    else:
        show("attached" if added else "unchanged: the passage is found by this question already")


def remove(
    ctx: typer.Context,
    numbers: Annotated[
        list[int], typer.Argument(metavar="ID...", help="As `questions list` shows them.")
    ],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Take questions off their passages; an import does not bring them back."""
    from retrieval.attached import detach

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        gone = [detach(session, number) for number in numbers]
    if as_json:
        show_json([document(each) for each in gone])
    else:
        show(f"{len(gone)} removed")


def write(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DOCUMENT...]", help="Only for these; for all, if not given."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=40, help="So many for each passage at most.")
    ] = 12,
    again: Annotated[
        bool, typer.Option("--again", help="Also for passages that it has written for.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Let the language model (KEFU_GENERATOR) write what customers would ask each passage.

    It goes on where it was broken off. Train anew afterwards (`kefu retrain --encoder embedded`),
    so that the search encoder learns from them too.
    """
    settings = settings_for(ctx, home)
    with open_database(settings) as database, ProgressBars() as progress:
        found = asyncio.run(_write(settings, database, names or [], count, progress, again=again))
    if as_json:
        show_json(found)
    else:
        show(f"{found['added']} questions for {found['passages']} passages")


async def _write(
    settings: Settings,
    database: Database,
    names: list[str],
    count: int,
    progress: Progress,
    *,
    again: bool,
) -> dict[str, int]:
    from functools import partial

    from bot.generator.questions import passages_to_ask, write_questions
    from bot.generator.writers import make_model
    from bot.work import Work

    work = Work(database)
    model = make_model(settings, work)
    if model is None:
        raise InputError(
            "expected a language model to write with, found none: set KEFU_GENERATOR to "
            "transformers or openai and KEFU_GENERATOR_MODEL, or write a questions.csv by hand"
        )
    try:
        passages = await work.read(partial(passages_to_ask, documents=names, again=again))
        await _started(model, progress)
        added = await write_questions(
            model,
            work,
            passages,
            origin=settings.generator_model or "",
            count=count,
            at_once=min(settings.generator_at_once, _AT_ONCE),
            told=partial(progress, "writing questions"),
        )
    finally:
        await model.close()
        await asyncio.to_thread(work.close)
    return {"passages": len(passages), "added": added}


async def _started(model: ChatModel, progress: Progress) -> None:
    """Start the model, and wait for a local one until it is loaded."""
    from bot.errors import GeneratorUnavailableError
    from bot.generator.local import LocalModel

    await model.start()
    if not isinstance(model, LocalModel):
        return
    progress("loading the model", 0.0)
    try:
        async with asyncio.timeout(_LOADING_SECONDS):
            await model.wait_ready()
    except TimeoutError:
        raise GeneratorUnavailableError(model.problem) from None
    progress("loading the model", 1.0)
