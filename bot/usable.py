"""Which templates can be sent as they are now, and what their actions need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.actions.base import HANDOFF_ACTION, Actions
from bot.forms.offer import forms_of, has_holes
from bot.types import Form
from storage.types import Template


@dataclass(frozen=True, slots=True)
class Usable:
    """The templates by id; each label's template, None where it cannot be sent.

    `handoffs` are the labels whose action fetches a person; `forms` what other actions need.
    """

    templates: Mapping[int, Template]
    labels: Mapping[str, int | None]
    handoffs: frozenset[str]
    forms: Mapping[str, Form]


def usable_templates(
    label_templates: Mapping[str, int | None], templates: Sequence[Template], actions: Actions
) -> Usable:
    """What of a bundle's templates can be used with their wording and actions of today."""
    usable = {template.id: template for template in templates if _can_be_sent(template)}
    labels = {
        label: template_id if template_id in usable else None
        for label, template_id in label_templates.items()
    }
    handoffs = frozenset(
        label
        for label, template_id in labels.items()
        if template_id is not None and usable[template_id].action == HANDOFF_ACTION
    )
    return Usable(usable, labels, handoffs, forms_of(labels, usable, actions))


def _can_be_sent(template: Template) -> bool:
    """A template whose slots nothing can fill is not sent with holes in it."""
    return bool(template.texts) and not has_holes(template) and not template.retired
