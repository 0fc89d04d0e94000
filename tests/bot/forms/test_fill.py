"""A form asks, takes corrections, steps aside and gives up: decided from plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.entities.find import EntityFacts, find_entities
from bot.forms.fill import MAX_FAILURES
from bot.forms.state import next_state, open_form, settled
from bot.policy import decide
from bot.types import Decision, DecisionKind, Form, Understanding
from finetune.types import Prediction, Thresholds
from storage.types import Conversation, ConversationStatus, Turn

LIMITS = Thresholds(answer=0.8, clarify=0.7, grounded=0.5)
TEMPLATES = {"where": 1, "fee": 2, "cancel": 3}
FORMS = {
    "where": Form("where", "order_status", ("order", "phone_last4")),
    "cancel": Form("cancel", "cancel_order", ("order", "phone_last4"), offered=True),
}
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
FIRST, SECOND = "GL2609019474", "GL2611080452"


class Talk:
    """One conversation, decided turn by turn."""

    def __init__(self) -> None:
        self.state: dict[str, object] = {}
        self.now = NOW

    def say(self, text: str, *ranked: tuple[str, float]) -> Decision:
        entities = find_entities(text, self.now, EntityFacts())
        prediction = Prediction(ranked or (("fee", 0.1),), 1.0)
        said = Understanding("en", prediction, entities=entities, text=text, at=self.now)
        status = ConversationStatus.BOT
        conversation = Conversation("c", "web", 1, status, 0, "en", self.state, NOW)
        turn = Turn(conversation, (), None, 0)
        decision = decide(said, (), turn, LIMITS, TEMPLATES, forms=FORMS)
        self.state = next_state(self.state, decision, entities)
        return decision


@pytest.fixture
def talk() -> Talk:
    return Talk()


def asking(decision: Decision) -> str | None:
    assert decision.kind is DecisionKind.FORM
    return decision.form.asking if decision.form else None


def test_what_is_missing_is_asked_for_and_then_it_acts(talk: Talk) -> None:
    assert asking(talk.say("where is it", ("where", 0.9))) == "order"
    assert asking(talk.say(FIRST)) == "phone_last4"
    done = talk.say("0105")
    assert done.kind is DecisionKind.ACTION
    assert done.form
    assert done.form.slots == {"order": FIRST, "phone_last4": "0105"}
    assert open_form(talk.state, talk.now) is None


def test_all_at_once_needs_no_question(talk: Talk) -> None:
    done = talk.say(f"where is {FIRST}, phone ends in 0105", ("where", 0.9))
    assert done.kind is DecisionKind.ACTION


@pytest.mark.parametrize("text", ["算了", "那算了吧", "never mind", "forget it, thanks", "cancel"])
def test_who_drops_it_is_let_go(talk: Talk, text: str) -> None:
    talk.say("where is it", ("where", 0.9))
    dropped = talk.say(text, ("cancel", 0.95))
    assert (dropped.kind, dropped.reason) == (DecisionKind.FORM, "given_up")
    assert open_form(talk.state, talk.now) is None


def test_a_question_in_between_is_answered_and_the_form_waits(talk: Talk) -> None:
    talk.say(f"where is {FIRST}", ("where", 0.9))
    aside = talk.say("how much is delivery?", ("fee", 0.95))
    assert (aside.kind, aside.label) == (DecisionKind.TEMPLATE, "fee")
    assert aside.form
    assert aside.form.asking == "phone_last4"
    assert talk.say("0105").kind is DecisionKind.ACTION


def test_answers_of_no_use_end_it_politely(talk: Talk) -> None:
    talk.say("where is it", ("where", 0.9))
    for _ in range(MAX_FAILURES - 1):
        assert asking(talk.say("12345")) == "order"
    last = talk.say("something else")
    assert (last.reason, last.offer_person, last.form) == ("gave_up", True, None)
    assert talk.say("hello again").kind is DecisionKind.NO_ANSWER


@pytest.mark.parametrize("text", [f"不是这个，是{SECOND}", f"no, it's {SECOND}"])
def test_a_correction_replaces_the_order_while_and_after_it_is_asked(talk: Talk, text: str) -> None:
    talk.say(f"where is {FIRST}", ("where", 0.9))
    corrected = talk.say(text)
    assert corrected.form
    assert corrected.form.slots == {"order": SECOND}
    talk.say("0105")
    again = talk.say(f"sorry, i meant {FIRST}")
    assert again.kind is DecisionKind.ACTION
    assert again.form
    assert again.form.slots == {"order": FIRST, "phone_last4": "0105"}


def test_the_other_order_is_the_one_named_before(talk: Talk) -> None:
    talk.say(f"where is {FIRST}", ("where", 0.9))
    talk.say(f"no, it's {SECOND}")
    other = talk.say("no, the other order")
    assert other.form
    assert other.form.slots["order"] == FIRST


def test_a_correction_that_names_nothing_is_asked_back(talk: Talk) -> None:
    talk.say(f"where is {FIRST}", ("where", 0.9))
    assert asking(talk.say("wrong order")) == "order"


def test_what_is_only_offered_never_insists(talk: Talk) -> None:
    offered = talk.say("how do i cancel", ("cancel", 0.9))
    assert offered.kind is DecisionKind.TEMPLATE
    assert offered.form
    assert offered.form.offered
    other = talk.say("how much is delivery?", ("fee", 0.95))
    assert (other.label, other.form) == ("fee", None)
    talk.say("how do i cancel", ("cancel", 0.9))
    assert asking(talk.say(FIRST)) == "phone_last4"


def test_an_order_number_beside_nothing_sure_is_looked_up(talk: Talk) -> None:
    assert asking(talk.say(FIRST)) == "phone_last4"


def test_a_form_expires(talk: Talk) -> None:
    talk.say("where is it", ("where", 0.9))
    talk.now += timedelta(minutes=31)
    assert talk.say("0105").kind is DecisionKind.NO_ANSWER


def test_the_state_is_plain_json(talk: Talk) -> None:
    import json

    talk.say(f"where is {FIRST}, phone ends in 0105", ("where", 0.9))
    assert settled(json.loads(json.dumps(talk.state)), talk.now) is not None
