"""Which intents have a form: those whose template names an action that can run and be told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.actions.base import HANDOFF_ACTION, Action, Actions
from bot.forms.slots import SLOTS
from bot.logs import logger
from bot.types import Form
from finetune.errors import WordingError
from finetune.templating import SHOP_VARIABLES, check_wording
from storage.types import Template


def has_holes(template: Template) -> bool:
    """Whether its wording has gaps that nothing fills, as masking leaves them in answers."""
    return any(slot not in SLOTS for slot in template.slots)


def forms_of(
    label_templates: Mapping[str, int | None], templates: Mapping[int, Template], actions: Actions
) -> dict[str, Form]:
    """The forms by intent; what cannot work is logged, and the wording stands alone."""
    forms = {}
    for label, template_id in label_templates.items():
        template = templates.get(template_id or 0)
        if template is None or not template.results:
            continue
        action = actions.get(template.action or "")
        if template.action is None or action is None:
            continue
        problems = list(result_problems(template, action))
        if problems:
            logger("actions").error("form_not_used", template=template.name, reason=problems[0])
            continue
        forms[label] = Form(label, template.action, template.slots, action.offered)
    return forms


def result_problems(template: Template, action: Action) -> Iterator[str]:
    """What is wrong with the slots and the results' wording, in words for an admin."""
    for slot in template.slots:
        if slot not in SLOTS:
            yield f"expected slots out of {', '.join(SLOTS)}, found {slot}"
    variables = action.variables | set(template.slots) | SHOP_VARIABLES
    for language, texts in template.results.items():
        for text in texts:
            try:
                check_wording(text, variables)
            except WordingError as error:
                yield f"result.{language}: {error}"


def template_problems(template: Template, actions: Actions) -> Iterator[str]:
    """What is wrong with how a template uses its action, for `kefu doctor --shop`."""
    action = actions.get(template.action or "")
    if template.action in (None, HANDOFF_ACTION):
        if template.slots:
            slots = ", ".join(template.slots)
            yield f"nothing uses {slots}: name an action that does, or drop the slots"
    elif action is None:
        known = ", ".join(sorted(actions)) or "none: orders.json and products.csv are missing"
        yield f"expected an action out of {known}; found {template.action}"
    elif not template.results:
        yield f"no result text: {template.action} never runs; write result.zh and result.en"
    else:
        yield from result_problems(template, action)
