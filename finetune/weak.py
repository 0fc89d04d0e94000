"""Learning without review: questions that the conversation itself confirmed, with little weight.

They are never golden and never corrections, whoever decides in review overrules them, and no
customer can teach much in a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from finetune.operators import LOOKED_AT, answered_question
from finetune.politeness import says_nothing
from finetune.sameness import same_key
from storage.confirmations import Confirmations
from storage.examples import Examples
from storage.normalise import text_key
from storage.templates import Templates
from storage.types import SOURCE_WEAK, Confirmed, Example, Role, Template

WEIGHT = 0.3
MOST_PER_DAY = 3
"""So many questions of one customer and day are learned from at most."""


def collect_weak(session: Session) -> tuple[int, int]:
    """Bring the weak examples in step with the conversations; how many came, and how many went.

    A button chosen from "did you mean", a thumb up on a template, and an operator's reply that
    says what a template says each confirm the question before them. What was taken back since (a
    thumb turned down, a template retired) goes.
    """
    templates = {template.name: template for template in Templates(session).all()}
    found = Confirmations(session)
    confirmed = {
        "button": found.pressed(),
        "thumb": found.thumbs_up(),
        "operator": found.answered(_told(session, templates)),
    }
    ranked = [(how, each) for how, some in confirmed.items() for each in some]
    return Examples(session).replace_source(
        SOURCE_WEAK, [_example(how, each) for how, each in _capped(ranked, templates)]
    )


def _told(session: Session, templates: Mapping[str, Template]) -> dict[int, str]:
    """The intents of questions that operators answered as a template does, by message id."""
    names = {template.id: name for name, template in templates.items()}
    wordings = {
        same_key(text): name
        for name, template in templates.items()
        for texts in template.texts.values()
        for text in texts
        if not says_nothing(text)
    }
    answered: dict[int, str] = {}
    for told in Confirmations(session).told_by_operators():
        for place, said in enumerate(told):
            if said.role is not Role.OPERATOR:
                continue
            before = told[max(0, place - LOOKED_AT) : place]
            question = answered_question(before, said.masked_text)
            if question is None:
                continue
            exact = Templates(session).find_by_text(text_key(said.masked_text))
            intent = names.get(exact or 0) or wordings.get(same_key(said.masked_text))
            if intent is not None:
                answered[question.id] = intent
    return answered


def _capped(
    confirmed: Iterable[tuple[str, Confirmed]], templates: Mapping[str, Template]
) -> list[tuple[str, Confirmed]]:
    """Each question once, of intents that have a template, the first few per customer and day."""
    taken: Counter[tuple[int, str]] = Counter()
    seen: set[int] = set()
    kept = []
    for how, each in confirmed:
        day = (each.customer_id, each.asked_at.date().isoformat())
        usable = each.intent in templates and not says_nothing(each.question)
        if not usable or each.message_id in seen or taken[day] >= MOST_PER_DAY:
            continue
        taken[day] += 1
        seen.add(each.message_id)
        kept.append((how, each))
    return kept


def _example(how: str, confirmed: Confirmed) -> Example:
    return Example(
        question=confirmed.question,
        intent=confirmed.intent,
        answer=None,
        language=confirmed.language,
        source=SOURCE_WEAK,
        weight=WEIGHT,
        origin=f"weak:{how}",
        customer_id=confirmed.customer_id,
        message_id=confirmed.message_id,
    )
