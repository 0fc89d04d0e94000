"""Filling a form turn by turn, as pure functions of the message and the conversation's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.forms.slots import read_slots
from bot.forms.state import open_form, orders_named, settled, topic
from bot.forms.words import corrects, gives_up, is_code
from bot.types import Decision, DecisionKind, Form, FormState, Understanding
from storage.types import Turn

MAX_FAILURES = 3
_GUESSES = 2
NOT_UNDERSTOOD = "not_understood"
GAVE_UP = "gave_up"

Forms = Mapping[str, Form]


def continue_form(understanding: Understanding, turn: Turn, forms: Forms) -> Decision | None:
    """What the form being filled makes of the message.

    None when no form is being filled, or when the message is no answer to it: then the turn is
    decided as any other, and `beside_form` brings the form back.
    """
    state = open_form(turn.conversation.state, understanding.at)
    if state is None or state.intent not in forms:
        return _corrected(understanding, turn, forms)
    if gives_up(understanding.text) and not state.offered:
        return Decision(DecisionKind.FORM, "given_up", label=state.intent, confidence=1.0)
    form = forms[state.intent]
    values = read_slots(form.slots, understanding, "" if state.offered else state.asking)
    values = values or _other_order(understanding, turn, state)
    if values:
        return advance(form, {**state.slots, **values}, understanding, "answered")
    if corrects(understanding.text) and state.slots and not state.offered:
        return _begin_again(form, state, understanding)
    if is_code(understanding.text) and not state.offered:
        return _again(state, understanding, "invalid")
    return None


def start_form(
    decision: Decision, understanding: Understanding, turn: Turn, forms: Forms
) -> Decision:
    """A template whose action needs values asks for them, or runs if it has them all.

    What was spoken of before counts: the order that was settled, the product that was named.
    """
    form = forms.get(decision.label or "")
    if decision.kind is not DecisionKind.TEMPLATE or form is None:
        return decision
    values = read_slots(form.slots, understanding)
    known = {**_spoken_of(form, understanding, turn), **values}
    filled = advance(form, known, understanding, decision.reason)
    filled = replace(filled, confidence=decision.confidence, review=decision.review)
    first = form.slots[0] if form.slots else ""
    if form.offered and first and first not in (known if first == "product" else values):
        asked = filled.form and replace(filled.form, offered=True)
        return replace(decision, form=asked)
    return filled


def _spoken_of(form: Form, understanding: Understanding, turn: Turn) -> dict[str, str]:
    state = turn.conversation.state
    last = settled(state, understanding.at)
    known = dict(last.slots) if last is not None else {}
    if (product := topic(state)) is not None:
        known["product"] = product
    return {name: known[name] for name in ("order", "phone_last4", "product")
            if name in form.slots and name in known}  # fmt: skip


def named_order(understanding: Understanding, forms: Forms) -> Decision | None:
    """An order number and nothing sure beside it: the likeliest matter that needs an order."""
    if all(each.kind != "order" for each in understanding.entities):
        return None
    guesses = [label for label, _ in understanding.prediction.ranked[:_GUESSES]]
    plain = [label for label, form in forms.items() if not form.offered]
    for label in (*guesses, *plain):
        if label in forms and "order" in forms[label].slots:
            return Decision(DecisionKind.TEMPLATE, "order_named", label=label)
    return None


def beside_form(
    decision: Decision, understanding: Understanding, turn: Turn, forms: Forms
) -> Decision:
    """A question in between is answered and the form waits; what was none is asked again."""
    state = open_form(turn.conversation.state, understanding.at)
    if state is None or state.offered or state.intent not in forms:
        return decision
    kind = decision.kind
    if kind in (DecisionKind.NO_ANSWER, DecisionKind.CLARIFY) and not _friendly(decision):
        return _again(state, understanding, NOT_UNDERSTOOD)
    if kind is DecisionKind.FORM and decision.label == state.intent:
        return _again(state, understanding, "asked_again")
    if kind in (DecisionKind.FORM, DecisionKind.ACTION, DecisionKind.HANDOFF, DecisionKind.RELAY):
        return decision
    return replace(decision, form=replace(state, at=understanding.at))


def advance(
    form: Form, values: Mapping[str, str], understanding: Understanding, reason: str
) -> Decision:
    """Ask for the first slot that is missing; with none missing, act."""
    missing = next((name for name in form.slots if name not in values), "")
    kind = DecisionKind.FORM if missing else DecisionKind.ACTION
    state = FormState(form.intent, understanding.at, missing, dict(values))
    return Decision(kind, reason, label=form.intent, confidence=1.0, form=state)


def _friendly(decision: Decision) -> bool:
    return decision.reason in ("empty", "back_to_bot")


def _again(state: FormState, understanding: Understanding, reason: str) -> Decision:
    if state.failures + 1 >= MAX_FAILURES:
        return Decision(DecisionKind.FORM, GAVE_UP, label=state.intent, offer_person=True)
    tried = replace(state, failures=state.failures + 1, at=understanding.at)
    return Decision(DecisionKind.FORM, reason, label=state.intent, form=tried)


def _begin_again(form: Form, state: FormState, understanding: Understanding) -> Decision:
    """Something was wrong and nothing new was said: ask for the first slot again."""
    known = {name: value for name, value in state.slots.items() if name != form.slots[0]}
    return advance(form, known, understanding, "corrected")


def _corrected(understanding: Understanding, turn: Turn, forms: Forms) -> Decision | None:
    """A correction, or another order, after the action has run."""
    last = settled(turn.conversation.state, understanding.at)
    if last is None or last.intent not in forms or "order" not in last.slots:
        return None
    form = forms[last.intent]
    values = read_slots(form.slots, understanding) or _other_order(understanding, turn, last)
    if "order" in values and (corrects(understanding.text) or is_code(understanding.text)):
        return advance(form, {**last.slots, **values}, understanding, "corrected")
    if corrects(understanding.text):
        return _begin_again(form, last, understanding)
    return None


def _other_order(understanding: Understanding, turn: Turn, state: FormState) -> dict[str, str]:
    """What "the other order" means: the one that was named before, if there is just one."""
    if not corrects(understanding.text) or "order" not in state.slots:
        return {}
    others = set(orders_named(turn.conversation.state)) - {state.slots["order"]}
    return {"order": others.pop()} if len(others) == 1 else {}
