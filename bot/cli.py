"""The command line: `kefu --help` says what there is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from bot.commands import (
    asking,
    bundles,
    erasing,
    evaluation,
    explaining,
    generator,
    history,
    jobs,
    maintenance,
    questions,
    review,
    serve,
    staff,
    training,
)
from bot.commands.options import remember_home
from bot.commands.output import say
from storage.errors import KefuError

USAGE = 2
FAILURE = 1
INTERRUPTED = 130


def build() -> typer.Typer:
    """The app with all its commands; each imports what it needs when it runs."""
    app = typer.Typer(
        name="kefu",
        help="Kefu turns past customer-service conversations into a bot that answers new ones.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Plain help: drawing boxes would cost a third of the time that `kefu --help` takes.
        rich_markup_mode=None,
    )
    app.callback()(remember_home)
    for module in (
        serve,
        history,
        training,
        evaluation,
        asking,
        explaining,
        review,
        questions,
        bundles,
        generator,
        jobs,
        staff,
        erasing,
        maintenance,
    ):
        module.register(app)
    return app


def main() -> NoReturn:
    """The `kefu` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: Sequence[str]) -> int:
    """Run one command line; gives the exit code: 0 done, 2 bad usage or input, 1 failure."""
    wants_json = "--json" in arguments
    try:
        code = build()(args=list(arguments), prog_name="kefu", standalone_mode=False)
    except typer.TyperException as error:
        return _refuse("usage", _usage(error), error.exit_code, wants_json)
    except KefuError as error:
        code = USAGE if error.status_code < 500 else FAILURE  # noqa: PLR2004
        return _refuse(error.code, str(error), code, wants_json)
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("interrupted", "stopped", INTERRUPTED, wants_json)
    except BrokenPipeError:
        sys.stderr.close()
        return FAILURE
    return code if isinstance(code, int) else 0


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the command line, and where to read what is right."""
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if context is None or "\n" in message:
        return message
    return f"{message.rstrip('.')}; see `{context.command_path} --help`"


def _refuse(kind: str, message: str, code: int, wants_json: bool) -> int:
    if wants_json:
        sys.stdout.write(json.dumps({"error": kind, "detail": message}, ensure_ascii=False) + "\n")
    # A whole help page, which a group without its subcommand shows, speaks for itself.
    say(message if "\n" in message else f"kefu: {message}")
    return code


if __name__ == "__main__":
    main()
