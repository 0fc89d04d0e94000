"""What to do, decided from plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.candidates import p_right
from bot.policy import decide, failures, is_held, needs_search, unless_unsupported
from bot.types import Decision, DecisionKind, Draft, Understanding
from finetune.types import ANGRY, Prediction, Thresholds
from retrieval.types import Hit
from storage.types import Conversation, ConversationStatus, Message, Passage, Role, Turn

LIMITS = Thresholds(answer=0.8, clarify=0.7, grounded=0.5)
TEMPLATES = {"refund": 1, "shipping": 2, "invoice": 3, "warranty": None}
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def said(*ranked: tuple[str, float], in_scope: float = 1.0, **more: object) -> Understanding:
    return Understanding("en", Prediction(ranked, in_scope), **more)


def turn(status: ConversationStatus = ConversationStatus.BOT, *history: Message) -> Turn:
    return Turn(Conversation("c", "web", 1, status, 0, "en", {}, NOW), history, None, 0)


def bot_said(decision: str, reason: str = "") -> Message:
    trace = {"reason": reason}
    return Message(1, "c", 1, Role.BOT, "…", "…", "en", NOW, decision=decision, trace=trace)


def hit(score: float, kind: str = "document") -> Hit:
    name = "answer:refund" if kind == "answer" else "d"
    return Hit(Passage(1, name, "D", kind, "", "Text.", 0, 5, "en"), score, 0.0, 0.0)


def test_p_right_counts_that_a_question_may_be_out_of_scope() -> None:
    assert p_right(Prediction((("refund", 0.9),), 0.5)) == pytest.approx(0.45)


def test_sure_is_answered_at_exactly_the_limit() -> None:
    decision = decide(said(("refund", 0.8)), (), turn(), LIMITS, TEMPLATES)
    assert (decision.kind, decision.label) == (DecisionKind.TEMPLATE, "refund")
    below = decide(said(("refund", 0.799)), (), turn(), LIMITS, TEMPLATES)
    assert below.kind is DecisionKind.NO_ANSWER


def test_an_answer_that_search_found_is_sent_as_one_at_its_price() -> None:
    unsure = said(("shipping", 0.3))
    found = decide(unsure, [hit(0.8, "answer"), hit(0.6)], turn(), LIMITS, TEMPLATES)
    assert (found.kind, found.label, found.reason) == (DecisionKind.TEMPLATE, "refund", "found")
    # Good enough to quote is not good enough to send as the answer; the document is.
    weaker = decide(unsure, [hit(0.79, "answer"), hit(0.6)], turn(), LIMITS, TEMPLATES)
    assert weaker.kind is DecisionKind.GROUNDED
    alone = decide(unsure, [hit(0.79, "answer")], turn(), LIMITS, TEMPLATES)
    assert alone.kind is DecisionKind.NO_ANSWER


def test_what_was_declined_is_not_sent_all_the_same() -> None:
    declined = said(("refund", 0.0), declined=True)
    decision = decide(declined, [hit(0.95, "answer")], turn(), LIMITS, TEMPLATES)
    assert (decision.kind, decision.reason) == (DecisionKind.NO_ANSWER, "declined")
    with_document = [hit(0.95, "answer"), hit(0.6)]
    decision = decide(declined, with_document, turn(), LIMITS, TEMPLATES)
    assert decision.kind is DecisionKind.GROUNDED


def test_a_guess_that_stands_alone_is_the_only_button() -> None:
    likely = said(("refund", 0.97), ("shipping", 0.02), in_scope=0.75)
    decision = decide(likely, (), turn(), LIMITS, TEMPLATES)
    assert (decision.kind, decision.labels) == (DecisionKind.CLARIFY, ("refund",))


def test_an_intent_that_asks_for_a_person_is_a_hand_off() -> None:
    sure = said(("refund", 0.9))
    decision = decide(sure, (), turn(), LIMITS, TEMPLATES, handoffs={"refund"})
    assert (decision.kind, decision.label) == (DecisionKind.HANDOFF, "refund")
    picked = said(chosen_label="refund")
    assert decide(picked, (), turn(), LIMITS, TEMPLATES, handoffs={"refund"}).kind == "handoff"
    # Asked for in plain words, it is the same intent without a guess.
    asked = decide(said(wants_person=True), (), turn(), LIMITS, TEMPLATES, handoffs={"refund"})
    assert (asked.kind, asked.label) == (DecisionKind.HANDOFF, "refund")
    unsure = said(("refund", 0.5))
    assert decide(unsure, (), turn(), LIMITS, TEMPLATES, handoffs={"refund"}).kind == "no_answer"


def test_out_of_scope_makes_the_surest_label_unsure() -> None:
    decision = decide(said(("refund", 0.99), in_scope=0.3), (), turn(), LIMITS, TEMPLATES)
    assert (decision.kind, decision.review) == (DecisionKind.NO_ANSWER, "no_answer")
    assert decision.offer_person


def test_two_close_intents_are_asked_about_unless_a_document_is_likelier_to_answer() -> None:
    torn = said(("refund", 0.5), ("shipping", 0.45), ("invoice", 0.05))
    assert needs_search(torn, turn(), LIMITS, TEMPLATES)
    answer = hit(0.99, "answer")
    for hits in ((), (hit(0.2),), (hit(0.9),), (answer,), (answer, hit(0.97))):
        decision = decide(torn, hits, turn(), LIMITS, TEMPLATES)
        assert decision.kind is DecisionKind.CLARIFY
        assert decision.labels == ("refund", "shipping", "invoice")
        assert decision.review is None
    decision = decide(torn, (hit(0.97), hit(0.7, "answer")), turn(), LIMITS, TEMPLATES)
    assert decision.kind is DecisionKind.GROUNDED


def test_an_unlikely_third_intent_gets_no_button() -> None:
    torn = said(("refund", 0.5), ("shipping", 0.49), ("invoice", 0.01))
    decision = decide(torn, (), turn(), LIMITS, TEMPLATES)
    assert decision.labels == ("refund", "shipping")


def test_a_label_without_a_template_falls_through_to_search() -> None:
    sure = said(("warranty", 0.99))
    assert needs_search(sure, turn(), LIMITS, TEMPLATES)
    assert decide(sure, (hit(0.6),), turn(), LIMITS, TEMPLATES).kind is DecisionKind.GROUNDED
    assert decide(sure, (hit(0.4),), turn(), LIMITS, TEMPLATES).kind is DecisionKind.NO_ANSWER


@pytest.mark.parametrize(
    "understanding",
    [
        said(("refund", 0.9)),
        said(wants_person=True),
        said(wants_bot=True),
        said(empty=True),
        said(chosen_label="refund"),
    ],
)
def test_what_is_settled_already_is_not_searched(understanding: Understanding) -> None:
    assert not needs_search(understanding, turn(), LIMITS, TEMPLATES)


@pytest.mark.parametrize("status", [ConversationStatus.WAITING, ConversationStatus.PERSON])
def test_a_held_conversation_is_relayed_whatever_is_said(status: ConversationStatus) -> None:
    held = turn(status)
    assert is_held(held)
    for understanding in (said(("refund", 0.99)), said(wants_person=True), said(empty=True)):
        decision = decide(understanding, (hit(0.9),), held, LIMITS, TEMPLATES)
        assert (decision.kind, decision.reason) == (DecisionKind.RELAY, status.value)
        assert not needs_search(understanding, held, LIMITS, TEMPLATES)


def test_only_a_waiting_customer_may_call_the_bot_back() -> None:
    back = said(wants_bot=True)
    waiting = decide(back, (), turn(ConversationStatus.WAITING), LIMITS, TEMPLATES)
    person = decide(back, (), turn(ConversationStatus.PERSON), LIMITS, TEMPLATES)
    assert (waiting.kind, person.kind) == (DecisionKind.CLARIFY, DecisionKind.RELAY)


def test_a_request_for_a_person_comes_before_every_intent() -> None:
    asked = said(("refund", 0.99), wants_person=True)
    assert decide(asked, (), turn(), LIMITS, TEMPLATES).kind is DecisionKind.HANDOFF


def test_a_chosen_intent_is_answered_without_a_guess() -> None:
    decision = decide(said(chosen_label="invoice"), (), turn(), LIMITS, TEMPLATES)
    assert (decision.kind, decision.reason) == (DecisionKind.TEMPLATE, "chosen")


def test_a_chosen_intent_without_template_is_searched() -> None:
    chosen = said(chosen_label="warranty")
    assert needs_search(chosen, turn(), LIMITS, TEMPLATES)
    assert decide(chosen, (hit(0.9),), turn(), LIMITS, TEMPLATES).kind is DecisionKind.GROUNDED


def test_none_of_these_lets_knowledge_answer_the_earlier_question() -> None:
    declined = said(declined=True)
    assert needs_search(declined, turn(), LIMITS, TEMPLATES)
    assert decide(declined, (), turn(), LIMITS, TEMPLATES).reason == "declined"


def test_failed_twice_in_a_row_brings_the_offer_of_a_person() -> None:
    sure = said(("refund", 0.9))
    once = turn(ConversationStatus.BOT, bot_said("no_answer"))
    twice = turn(ConversationStatus.BOT, bot_said("clarify"), bot_said("no_answer"))
    assert not decide(sure, (), once, LIMITS, TEMPLATES).offer_person
    assert decide(sure, (), twice, LIMITS, TEMPLATES).offer_person
    assert not decide(said(chosen_label="refund"), (), twice, LIMITS, TEMPLATES).offer_person
    assert decide(sure, (), once, LIMITS, TEMPLATES, failures_before_offer=1).offer_person


def test_an_answer_ends_the_row_of_failures() -> None:
    rows = [bot_said("no_answer"), bot_said("no_answer"), bot_said("template")]
    assert failures(rows) == 0
    assert failures([*rows, bot_said("clarify", "close")]) == 1
    assert failures([*rows, bot_said("clarify", "empty")]) == 0


def test_an_angry_customer_gets_the_normal_answer_and_the_offer() -> None:
    angry = said(("refund", 0.9), mood=ANGRY)
    decision = decide(angry, (), turn(), LIMITS, TEMPLATES)
    assert decision.kind is DecisionKind.TEMPLATE
    assert decision.offer_person


def test_a_narrow_margin_goes_to_review_only_where_that_is_asked_for() -> None:
    barely = said(("refund", 0.805))
    assert decide(barely, (), turn(), LIMITS, TEMPLATES).review is None
    reviewed = decide(barely, (), turn(), LIMITS, TEMPLATES, review_margin=0.05)
    assert reviewed.review == "low_margin"


def test_nothing_quotable_turns_grounded_into_an_honest_no() -> None:
    grounded = Decision(DecisionKind.GROUNDED, "knowledge", confidence=0.9)
    empty = Draft("Sorry", "en")
    assert unless_unsupported(grounded, empty).kind is DecisionKind.NO_ANSWER
    template = replace(grounded, kind=DecisionKind.TEMPLATE)
    assert unless_unsupported(template, empty) is template


@pytest.mark.parametrize("kind", ["prompt", "others_data"])
def test_what_no_assistant_does_is_refused_before_any_guess(kind: str) -> None:
    asked = said(("refund", 0.95), misuse=kind)
    decision = decide(asked, [hit(0.9)], turn(), LIMITS, TEMPLATES)
    assert (decision.kind, decision.reason, decision.review) == ("no_answer", kind, None)
    assert not needs_search(asked, turn(), LIMITS, TEMPLATES)
    assert failures([bot_said("no_answer", kind)]) == 0


def test_who_swears_is_answered_if_anything_answers() -> None:
    assert decide(said(("refund", 0.95), misuse="abuse"), (), turn(), LIMITS, TEMPLATES).label
    lost = said(("refund", 0.2), misuse="abuse")
    assert decide(lost, [hit(0.9)], turn(), LIMITS, TEMPLATES).kind == "grounded"
    assert decide(lost, (), turn(), LIMITS, TEMPLATES).reason == "abuse"


def test_what_is_off_topic_is_told_apart_from_what_is_unknown() -> None:
    asked = said(("refund", 0.2), misuse="off_topic")
    decision = decide(asked, [hit(0.9)], turn(), LIMITS, TEMPLATES)
    assert (decision.reason, decision.offer_person) == ("off_topic", True)
    assert failures([bot_said("no_answer", "off_topic")]) == 1
