"""Variables and conditions in the wording of templates, in a sandbox.

A wording may name variables, ask conditions about them and use a few filters; nothing else of
Jinja's language is accepted: no attribute, item, call, loop, import, assignment or
multiplication. So nothing in a template runs code, and its output is no longer than its text
and values together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateError, meta, nodes
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from finetune.errors import WordingError

MAX_CHARACTERS = 50_000
SHOP_VARIABLES = frozenset(("shop", "person_hours"))
"""What every wording may name: the shop's name, and when people answer."""

Value = str | int | float | bool

_FILTERS = ("default", "upper", "lower", "trim", "capitalize")
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat,
    nodes.Filter,
)  # fmt: skip


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.globals = {}
    environment.tests = {}
    return environment


_ENVIRONMENT = _environment()


def check_wording(text: str, variables: frozenset[str] | None) -> None:
    """Raise `WordingError` if the text is no wording or names a variable that nobody fills.

    None for `variables` leaves the names to a later check.
    """
    names = _names(text)
    unknown = sorted(names - variables) if variables is not None else []
    if unknown and variables is not None:
        known = ", ".join(sorted(variables)) or "none"
        raise WordingError(f"expected variables out of {known}, found {', '.join(unknown)}")


def render(text: str, values: Mapping[str, Value]) -> str:
    """The wording with its values; raises `WordingError` where it cannot be rendered."""
    try:
        return _compiled(text).render(dict(values)).strip()
    except TemplateError as error:
        raise WordingError(f"this wording could not be filled in: {error}") from error


@lru_cache(maxsize=2000)
def _compiled(text: str) -> Compiled:
    _names(text)
    return _ENVIRONMENT.from_string(text)


def _names(text: str) -> set[str]:
    """The variables that a wording reads."""
    if len(text) > MAX_CHARACTERS:
        raise WordingError(f"expected at most {MAX_CHARACTERS} characters, found {len(text)}")
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateError as error:
        raise WordingError(f"expected text with {{{{ variables }}}}, found: {error}") from error
    except RecursionError as error:
        raise WordingError("expected a plain wording, found one nested too deeply") from error
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            found = type(node).__name__
            raise WordingError(f"expected variables and conditions alone, found {found}")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise WordingError(f"expected a filter out of {', '.join(_FILTERS)}, found {node.name}")
    return meta.find_undeclared_variables(tree)
