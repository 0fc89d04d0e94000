"""Check that what is imported, required, pinned and installed is the same set of packages."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("storage", "retrieval", "finetune", "bot", "alembic")
OURS = {*ROOMS, "scripts", "benchmarks", "tests"}
# Requirements that no import shows, each with its reason.
NEEDED_UNSEEN = {
    "psycopg": "SQLAlchemy imports it by the database URL",
    "defusedxml": "openpyxl reads untrusted spreadsheets through it if it is there",
    "python-multipart": "FastAPI reads forms with it",
    "tensorboard": "accelerate writes training logs through it",
}
# What builds and installs the package, rather than what it imports.
TOOLS = {"pip", "hatchling", "editables", "trove-classifiers"}
# torch names these only in its CUDA builds, which a machine with a GPU wants.
GPU_PREFIXES = ("nvidia-", "cuda-", "triton")


def main() -> int:
    """Print what does not agree; the exit code says whether anything did not."""
    found = [*unused_or_missing(), *unpinned()]
    for problem in found:
        print(f"dependencies: {problem}", file=sys.stderr)
    return 1 if found else 0


def required(extra: str | None = None) -> list[Requirement]:
    """What pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [Requirement(line) for line in lines]


def pins() -> dict[str, str]:
    """What constraints.txt names: package -> version."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def unused_or_missing() -> Iterator[str]:
    """Packages that are imported but not required, or required but not imported."""
    names = {canonicalize_name(each.name) for each in required()}
    used = set(imported(ROOMS))
    optional = {canonicalize_name(each.name) for each in required("int8")}
    for name in sorted(used - names - optional):
        yield f"{name} is imported but not in pyproject.toml: add it to `dependencies`"
    for name in sorted(names - used - set(NEEDED_UNSEEN)):
        yield f"{name} is in pyproject.toml but no room imports it: drop it, or move it to an extra"
    developing = names | {canonicalize_name(each.name) for each in required("dev")}
    for name in sorted(set(imported(("tests", "benchmarks", "scripts"))) - developing):
        yield f"{name} is imported by a test or tool but not in pyproject.toml: add it to `dev`"


def imported(folders: Iterable[str]) -> Iterator[str]:
    """The installed packages that the code in these folders imports."""
    providers = metadata.packages_distributions()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for module in imported_modules(ast.parse(path.read_text(encoding="utf-8"))):
                top = module.partition(".")[0]
                known = top in sys.stdlib_module_names or top == "_typeshed"
                if not known and (top == "alembic" or top not in OURS):
                    yield canonicalize_name(providers.get(top, [top])[0])


def imported_modules(tree: ast.Module) -> Iterator[str]:
    """Every absolute import of a module, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def unpinned() -> Iterator[str]:
    """Where the installed closure and constraints.txt differ."""
    pinned = pins()
    installed = closure([*required(), *required("dev")])
    for name, version in sorted(installed.items()):
        if name not in pinned:
            if not name.startswith(GPU_PREFIXES):
                yield f"{name} {version} is installed but not pinned: add it to constraints.txt"
        elif Version(version).public != pinned[name]:
            yield (
                f"{name} is pinned to {pinned[name]} but {version} is installed: "
                "delete the virtual environment and install again"
            )
    for name in sorted(pinned.keys() - installed.keys() - TOOLS):
        yield f"{name} is pinned but nothing requires it: take it out of constraints.txt"


def closure(requirements: Iterable[Requirement]) -> dict[str, str]:
    """The requirements and all that they require here: package -> installed version."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            distribution = metadata.distribution(name)
            found[name] = distribution.version
            for line in distribution.requires or ():
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    waiting.append(needed)
    return found


if __name__ == "__main__":
    sys.exit(main())
