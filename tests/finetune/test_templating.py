"""A wording names variables and asks conditions; nothing else in it ever runs."""

from __future__ import annotations

import pytest

from finetune.errors import WordingError
from finetune.templating import MAX_CHARACTERS, check_wording, render


def test_variables_and_conditions() -> None:
    text = "{{ order }}{% if paid and days > 3 %} is late{% elif not paid %} waits{% endif %}"
    assert render(text, {"order": "<b>7</b>", "paid": True, "days": 4}) == "<b>7</b> is late"
    assert render(text, {"order": "7", "paid": False, "days": 0}) == "7 waits"
    both = "{{ name | upper }}{{ ' ok' if a == 'x' else '' }}"
    assert render(both, {"name": "b", "a": "x"}) == "B ok"


def test_a_value_is_never_read_as_a_wording() -> None:
    assert render("{{ item }}", {"item": "{{ secret }}{% if 1 %}x{% endif %}"}) == (
        "{{ secret }}{% if 1 %}x{% endif %}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ order.__class__ }}",
        "{{ order['x'] }}",
        "{{ range(9) }}",
        "{% for x in order %}{{ x }}{% endfor %}",
        "{% set x = 1 %}",
        "{% import 'a' as b %}",
        "{% include 'etc' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ 'a' * 100000000 }}",
        "{{ 9 ** 99999999 }}",
        "{{ order | map('x') }}",
        "{{ [1, 2] }}",
        "{{ order is defined }}",
        "{{ order",
        "x" * (MAX_CHARACTERS + 1),
        "{% if " + "(" * 900 + "1" + ")" * 900 + " %}{% endif %}",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(WordingError):
        check_wording(text, frozenset(("order",)))
    with pytest.raises(WordingError):
        render(text, {"order": "a"})


def test_a_variable_that_nobody_fills_is_named() -> None:
    with pytest.raises(WordingError, match=r"out of order, found oder"):
        check_wording("{{ oder }}", frozenset(("order",)))
    with pytest.raises(WordingError):
        render("{{ oder }}", {"order": "a"})
