"""Step 6: what to do, as pure functions of what is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from bot.candidates import (
    CLOSE,
    LabelTemplates,
    answered_before,
    document_or_guesses,
    known,
    p_right,
    sure_intent,
)
from bot.forms.fill import (
    GAVE_UP,
    NOT_UNDERSTOOD,
    Forms,
    beside_form,
    continue_form,
    named_order,
    start_form,
)
from bot.guard import Misuse
from bot.types import Decision, DecisionKind, Draft, ShopFacts, Understanding
from finetune.types import ANGRY, Thresholds
from retrieval.types import Hit
from storage.types import (
    ConversationStatus,
    Message,
    ReviewKind,
    Role,
    Turn,
)

NOTHING_LIVE = Thresholds(answer=math.inf, clarify=math.inf, grounded=math.inf)
"""The limits before the first bundle: no guess is good enough."""

NO_FORMS: Forms = {}

_NOBODYS_FAILURE = frozenset(
    ("empty", "back_to_bot", "attachment", "attachment_again", "prompt", "others_data")
)
_FAILED = frozenset((DecisionKind.NO_ANSWER.value, DecisionKind.CLARIFY.value))


def is_held(turn: Turn) -> bool:
    """Whether a person answers this conversation, or is about to."""
    return turn.conversation.status in (ConversationStatus.WAITING, ConversationStatus.PERSON)


def needs_search(
    understanding: Understanding,
    turn: Turn,
    thresholds: Thresholds,
    label_templates: LabelTemplates,
    forms: Forms = NO_FORMS,
) -> bool:
    """Whether nothing settles the turn before knowledge is asked.

    Two close intents do not: a document may answer what neither of them does.
    """
    decision = decide(understanding, (), turn, thresholds, label_templates, forms=forms)
    if decision.reason in ("prompt", "others_data", "off_topic"):
        return False
    unsettled = decision.reason in (CLOSE, NOT_UNDERSTOOD, GAVE_UP)
    return decision.kind is DecisionKind.NO_ANSWER or unsettled


def decide(
    understanding: Understanding,
    hits: Sequence[Hit],
    turn: Turn,
    thresholds: Thresholds,
    label_templates: LabelTemplates,
    *,
    handoffs: Collection[str] = (),
    forms: Forms = NO_FORMS,
    failures_before_offer: int = 2,
    review_margin: float = 0.0,
) -> Decision:
    """What to do; the first rule that applies.

    `handoffs` names the intents that ask for a person, `forms` those whose action needs values.
    A template that was sent although the bot was hardly sure enough goes to review as well:
    `review_margin` is the share of the room between the limit and certainty that counts as hardly.
    """
    outright = _held(understanding, turn) or _said_outright(understanding, label_templates)
    filled = None if outright else continue_form(understanding, turn, forms)
    decision = (
        outright
        or filled
        or _refused(understanding, "prompt", "others_data")
        or sure_intent(understanding.prediction, thresholds, label_templates, review_margin)
        or named_order(understanding, forms)
        or _refused(understanding, "off_topic")
        or document_or_guesses(understanding.prediction, hits, thresholds, label_templates)
        or answered_before(understanding, hits, thresholds, label_templates)
        or known(hits, thresholds)
        or _refused(understanding, "abuse")
        or _nothing(understanding, turn)
    )
    if filled is None:
        decision = _for_a_person(decision, handoffs)
        decision = start_form(decision, understanding, turn, forms)
        decision = beside_form(decision, understanding, turn, forms)
    let_down = failures(turn.history) >= failures_before_offer
    return _with_offer(decision, understanding, let_down=let_down)


def policy_of(shop: ShopFacts) -> Callable[..., Decision]:
    """`decide` as this shop wants it."""
    return partial(
        decide,
        failures_before_offer=shop.failures_before_offer,
        review_margin=shop.review_margin,
    )


def _held(understanding: Understanding, turn: Turn) -> Decision | None:
    if not is_held(turn):
        return None
    status = turn.conversation.status
    if status is ConversationStatus.WAITING and understanding.wants_bot:
        return None
    return Decision(DecisionKind.RELAY, reason=status.value)


def _said_outright(understanding: Understanding, templates: LabelTemplates) -> Decision | None:
    """What needs no guess: a request for a person or the bot, a pressed button, no words."""
    if understanding.wants_person:
        return Decision(DecisionKind.HANDOFF, reason="asked")
    if understanding.wants_bot:
        return Decision(DecisionKind.CLARIFY, reason="back_to_bot")
    if understanding.attachment is not None:
        return Decision(DecisionKind.CLARIFY, reason=understanding.attachment)
    if understanding.empty:
        return Decision(DecisionKind.CLARIFY, reason="empty")
    label = understanding.chosen_label
    if label is not None and templates.get(label) is not None:
        return Decision(DecisionKind.TEMPLATE, reason="chosen", label=label, confidence=1.0)
    return None


def _refused(understanding: Understanding, *kinds: Misuse) -> Decision | None:
    """An honest refusal of what no shop's assistant does.

    Someone who swears has a question all the same: it is answered if anything answers it.
    """
    if understanding.misuse is None or understanding.misuse not in kinds:
        return None
    return Decision(DecisionKind.NO_ANSWER, understanding.misuse, offer_person=True)


def _for_a_person(decision: Decision, handoffs: Collection[str]) -> Decision:
    """An intent that asks for a person is a hand-off, and a hand-off is of that intent."""
    if decision.kind is DecisionKind.TEMPLATE and decision.label in handoffs:
        return replace(decision, kind=DecisionKind.HANDOFF)
    if decision.kind is DecisionKind.HANDOFF and decision.label is None:
        return replace(decision, label=min(handoffs, default=None))
    return decision


def _nothing(understanding: Understanding, turn: Turn) -> Decision:
    sure = p_right(understanding.prediction)
    reason = "unknown_again" if failures(turn.history) else "unknown"
    return Decision(
        DecisionKind.NO_ANSWER,
        reason="declined" if understanding.declined else reason,
        confidence=sure,
        offer_person=True,
        review=ReviewKind.NO_ANSWER,
    )


def _with_offer(decision: Decision, understanding: Understanding, *, let_down: bool) -> Decision:
    """Offer a person beside the normal answer to who is angry or was let down repeatedly."""
    if decision.kind in (DecisionKind.RELAY, DecisionKind.HANDOFF):
        return decision
    picked = understanding.chosen_label is not None
    if understanding.mood == ANGRY or (let_down and not picked):
        return replace(decision, offer_person=True)
    return decision


def unless_unsupported(decision: Decision, draft: Draft) -> Decision:
    """A grounded decision for which nothing could be quoted is an honest no."""
    if decision.kind is not DecisionKind.GROUNDED or draft.citations:
        return decision
    return Decision(
        DecisionKind.NO_ANSWER,
        reason="nothing_to_quote",
        offer_person=True,
        review=ReviewKind.NO_ANSWER,
    )


def failures(history: Sequence[Message]) -> int:
    """How many of the bot's last replies in a row did not answer.

    A clarifying question whose button was pressed is followed by an answer, which ends the row.
    Friendly questions back to an empty message or a file, and what must be refused, are nobody's
    failure.
    """
    count = 0
    for message in reversed(history):
        if message.role is not Role.BOT or message.decision is None:
            continue
        friendly = message.trace.get("reason") in _NOBODYS_FAILURE
        if message.decision not in _FAILED or friendly:
            break
        count += 1
    return count
