"""Write docs/cli.md from the command line itself, or check that it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from bot.cli import build

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """\
# The command line

Written by `make docs` from the program itself; `kefu COMMAND --help` says the same.

In a checkout without an activated environment, call `.venv/bin/kefu`. Every command takes
`--home DIR`, before or after the subcommand: where the database, bundles, indexes and logs are. It
overrides `KEFU_HOME`, and without either it is `./var`. With `--json`, where a command has it,
stdout is exactly one JSON document; everything that is not the result goes to stderr. Exit code:
0 done, 2 bad usage or input, 1 failure.
"""
EXPLAINED_ABOVE = {"home", "as_json"}


def main() -> int:
    """Check the page, or write it when asked with `--write`."""
    text = page()
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.name} does not say what the commands say: run `make docs`", file=sys.stderr)
        return 1
    return 0


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(build())
    entries = ["\n".join(entry(path, each)) for path, each in commands(root)]
    return "\n".join([HEAD, *entries])


def commands(command: object, path: str = "kefu") -> Iterator[tuple[str, TyperCommand]]:
    """Every command below `command`, with its full name, in alphabetical order."""
    if isinstance(command, TyperCommand):
        yield path, command
    elif isinstance(command, TyperGroup):
        for name, inner in sorted(command.commands.items()):
            yield from commands(inner, f"{path} {name}")


def entry(path: str, command: TyperCommand) -> Iterator[str]:
    """One command: its usage, what it does, what it takes."""
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    options = [each for each in command.params if isinstance(each, TyperOption)]
    json = " [--json]" if any(each.name == "as_json" for each in options) else ""
    usage = " ".join([path, *map(placeholder, arguments)]) + json
    yield f"## `{usage}`\n"
    yield f"{' '.join((command.help or '').split())}\n"
    lines = [f"- `{placeholder(each)}` {described(each)}" for each in arguments]
    lines += [
        f"- `{' / '.join(spelling(each))}` {described(each)}"
        for each in options
        if each.name not in EXPLAINED_ABOVE and not each.hidden
    ]
    if lines:
        yield "\n".join([*map(str.rstrip, lines), ""])


def placeholder(argument: TyperArgument) -> str:
    """How an argument shows in the usage line."""
    name = str(argument.metavar or (argument.name or "").upper())
    name = name.strip("[]").removesuffix("...") + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def spelling(option: TyperOption) -> Iterator[str]:
    """The ways to write an option, with its value."""
    value = "" if option.is_flag else f" {option.metavar or value_kind(option)}"
    for name in (*option.opts, *option.secondary_opts):
        yield f"{name}{value}"


def value_kind(option: TyperOption) -> str:
    """What kind of value an option takes."""
    annotation = option.type_descriptor.annotation
    if choices := getattr(annotation, "__args__", None):
        return "|".join(map(str, choices))
    return {"str": "TEXT", "int": "NUMBER", "float": "NUMBER"}.get(annotation.__name__, "PATH")


def described(parameter: TyperArgument | TyperOption) -> str:
    """What a parameter means, and what it is if it is left out."""
    words = " ".join((parameter.help or "").split())
    is_flag = isinstance(parameter, TyperOption) and parameter.is_flag
    is_plain = isinstance(parameter.default, str | int | float)
    return f"{words} Default: {parameter.default}." if is_plain and not is_flag else words


if __name__ == "__main__":
    sys.exit(main())
