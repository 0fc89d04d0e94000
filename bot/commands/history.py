"""`kefu init`, `import` and `export`: what goes into a home and comes out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import ProgressBars, show, show_json
from storage.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from bot.settings import Settings
    from retrieval.types import ImportReport
    from storage.conversations import Conversations
    from storage.database import Database

PAGE = 200
NO_LIMIT = 2**31 - 1


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)
    commands = group("import", "Bring past conversations, knowledge or questions into the home.")
    commands.command("history")(import_history)
    commands.command("knowledge")(import_knowledge)
    commands.command("questions")(import_questions)
    app.add_typer(commands)
    app.command()(export)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    as_json: Json = False,
) -> None:
    """Copy the sample shop, to be edited into your own."""
    import shutil

    from bot.commands.shops import sample_shop

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(
            f"expected a new or empty folder, found something at {directory}; name another one"
        )
    try:
        shutil.copytree(sample_shop(), directory, dirs_exist_ok=True)
    except OSError as error:
        raise InputError(
            f"expected to write {directory}, found: {error}; name another folder"
        ) from error
    if as_json:
        show_json({"shop": str(directory)})
    else:
        show(f"{directory} is ready; next: kefu run --shop {directory}")


def import_history(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="csv, jsonl or xlsx files.")
    ],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Import past questions and answers; the same file twice changes nothing."""
    _check_there(files)
    settings = settings_for(ctx, home)
    with open_database(settings) as database, ProgressBars() as progress:
        report = _import_history(settings, database, files, progress)
    _tell(report, as_json)


def import_knowledge(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="md, html, txt, csv, jsonl, pdf, docx or xlsx files, or folders or zips of them.",
        ),
    ],
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="A tag for all of them; repeatable.")
    ] = None,
    valid_from: Annotated[
        str | None, typer.Option(metavar="DAY", help="The first day they hold, as 2026-11-01.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option(metavar="DAY", help="The last day they hold, as 2026-12-31.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Import documents; the same file twice changes nothing.

    Tags and days that a file or a row names itself come before those given here.
    """
    from retrieval.ahead import read_ahead
    from retrieval.ingest import import_knowledge as bring_in
    from retrieval.readers.labels import read_day, tuple_of_tags
    from storage.types import Labels

    _check_there(paths)
    labels = Labels(
        tuple_of_tags(tag or ()),
        read_day(valid_from or "", "--valid-from", "the command"),
        read_day(valid_until or "", "--valid-until", "the command"),
    )
    with open_database(settings_for(ctx, home)) as database, ProgressBars() as progress:
        ahead = read_ahead(database, paths, labels=labels, progress=progress)
        with database.session() as session:
            report = bring_in(session, paths, labels=labels, ahead=ahead)
    _tell(report, as_json)


def import_questions(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="csv files: question, passage, document."),
    ],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Attach questions to passages, so that search finds these by them.

    `passage` are words of the document that answer. A file of the same name stands for what it
    attached before.
    """
    from finetune.shopfolder import together
    from retrieval.attached import import_questions as bring_in

    _check_there(files)
    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        report = together([bring_in(session, file) for file in files])
    _tell(report, as_json)


def export(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to write; stdout if not given.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Write all conversations, masked, one JSON line each."""
    import sys

    with open_database(settings_for(ctx, home)) as database:
        lines = _conversations(database)
        if file is not None:
            try:
                with file.open("w", encoding="utf-8") as out:
                    written = _write_lines(out, lines)
            except OSError as error:
                raise InputError(
                    f"expected to write {file}, found: {error.strerror}; name another file"
                ) from error
            _tell_export(file, written, as_json)
        elif as_json:
            show_json(list(lines))
        else:
            _write_lines(sys.stdout, lines)


def _import_history(
    settings: Settings, database: Database, files: list[Path], progress: ProgressBars
) -> ImportReport:
    from finetune.importing import import_history as bring_in
    from finetune.shop import load_shop
    from finetune.shopfolder import discover_if_needed

    contacts = load_shop(settings.shop).contacts if settings.shop is not None else ()
    with database.session() as session:
        report = bring_in(session, files, contacts=contacts, progress=progress)
    with database.session() as session:
        discover_if_needed(session, progress=progress)
    return report


def _check_there(paths: list[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise InputError(f"expected a file at {path}, found none; check the name")


def _tell(report: ImportReport, as_json: bool) -> None:
    from dataclasses import asdict

    from bot.commands.shops import tell_problems

    tell_problems(report.problems)
    if as_json:
        show_json(asdict(report))
        return
    show(
        f"{report.added} added, {report.unchanged} unchanged, {report.removed} removed, "
        f"{len(report.problems)} could not be used"
    )


def _conversations(database: Database) -> Iterator[dict[str, Any]]:
    from storage.conversations import Conversations

    with database.session(read_only=True) as session:
        for conversation in Conversations(session).list_recent(limit=NO_LIMIT):
            yield {
                "conversation": conversation.id,
                "channel": conversation.channel,
                "language": conversation.language,
                "status": conversation.status.value,
                "created_at": conversation.created_at.isoformat(),
                "messages": list(_messages(Conversations(session), conversation.id)),
            }


def _messages(conversations: Conversations, conversation_id: str) -> Iterator[dict[str, Any]]:
    after = 0
    while page := conversations.messages_after(conversation_id, after, limit=PAGE):
        for message in page:
            yield {
                "seq": message.seq,
                "role": message.role.value,
                "text": message.masked_text,
                "language": message.language,
                "decision": message.decision,
                "intent": message.intent,
                "created_at": message.created_at.isoformat(),
            }
        after = page[-1].seq


def _write_lines(out: TextIO, lines: Iterator[dict[str, Any]]) -> int:
    import json

    written = 0
    for line in lines:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        written += 1
    return written


def _tell_export(file: Path, written: int, as_json: bool) -> None:
    if as_json:
        show_json({"file": str(file), "conversations": written})
    else:
        show(f"{written} conversations in {file}")
