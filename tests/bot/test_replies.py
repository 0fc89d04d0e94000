"""The words: fixed sentences, templates, buttons, hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from bot import wording
from bot.live import Models
from bot.office import OfficeHours
from bot.replies import Thought, handoff_text, intent_buttons, relay, relevant, suggestions, write
from bot.testing import KeywordClassifier
from bot.types import Decision, DecisionKind, ShopFacts, Understanding
from bot.understand import NO_PREDICTION
from finetune.types import Thresholds
from retrieval.types import Hit
from storage.types import Message, Passage, Role, Template

OFFICE = OfficeHours(time(9), time(18), frozenset(range(5)), "Asia/Shanghai")
SHOP = ShopFacts(office=OFFICE, hours={"zh": "工作日 9:00–18:00", "en": "on weekdays, 9:00–18:00"})
OPEN = datetime(2026, 11, 23, 2, tzinfo=UTC)
SHUT = datetime(2026, 11, 22, 2, tzinfo=UTC)
TEMPLATE = Template(1, "refund", {"en": ("Refunds take 3 days.", "Three days.")}, revision=4)
MODELS = Models(
    "b", KeywordClassifier({}), Thresholds(0.8, 0.7, 0.5),
    {"refund": 1, "gift_card": 2, "gone": None},
    titles={"refund": {"en": "Where is my refund?", "zh": "退款到哪了"}, "gone": {"en": "Gone"}},
    templates={1: TEMPLATE},
)  # fmt: skip


async def unheard(text: str) -> None:
    raise AssertionError(text)


async def words(language: str, **decision: object):
    thought = Thought(
        Understanding(language, NO_PREDICTION), (), Decision(reason="sure", **decision)
    )
    return await write(thought, MODELS, SHOP, unheard)


@pytest.mark.parametrize("key", sorted(wording._TEXTS))
def test_every_sentence_exists_in_both_languages_with_the_same_blanks(key: str) -> None:
    values = {"hours": "9-18", "name": "Kefu"}
    chinese, english = (wording.say(key, language, **values) for language in ("zh", "en"))
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    assert english.isascii()
    assert ("9-18" in chinese) == ("9-18" in english)


def test_another_language_hears_english() -> None:
    assert wording.say("empty", "fr") == wording.say("empty", "en")


async def test_who_asks_again_is_told_in_other_words() -> None:
    now = datetime.now(UTC)
    sent = Message(1, "c", 1, Role.BOT, "…", "…", "en", now, template_id=1)
    other = replace(sent, template_id=2)
    for history, text in (
        ((), "Refunds take 3 days."),
        ((sent, other), "Three days."),
        ((sent, sent), "Refunds take 3 days."),
    ):
        decision = Decision(DecisionKind.TEMPLATE, "sure", label="refund")
        thought = Thought(Understanding("en", NO_PREDICTION), (), decision, history)
        assert (await write(thought, MODELS, SHOP, unheard)).text == text


async def test_a_template_is_sent_word_for_word_with_its_revision() -> None:
    draft = await words("en", kind=DecisionKind.TEMPLATE, label="refund")
    assert (draft.text, draft.template_id, draft.template_revision) == (
        "Refunds take 3 days.", 1, 4,
    )  # fmt: skip
    assert draft.quick_replies == ()


async def test_a_missing_language_adds_one_line_in_the_customers() -> None:
    draft = await words("zh", kind=DecisionKind.TEMPLATE, label="refund", offer_person=True)
    assert draft.text == "Refunds take 3 days.\n\n" + wording.say("other_language", "zh")
    assert [button.payload for button in draft.quick_replies] == ["handoff"]


async def test_the_offer_of_a_person_stands_beside_the_answer() -> None:
    draft = await words("en", kind=DecisionKind.TEMPLATE, label="refund", offer_person=True)
    assert draft.text.startswith("Refunds take 3 days.\n\n")
    assert [button.payload for button in draft.quick_replies] == ["handoff"]


def test_handing_over_says_when_people_are_there() -> None:
    assert "工作日 9:00–18:00" in handoff_text("zh", SHOP, OPEN)
    assert "off work" in handoff_text("en", SHOP, SHUT)
    assert "off work" not in handoff_text("en", SHOP, OPEN)


def test_the_shops_own_words_come_first() -> None:
    shop = ShopFacts(office=OFFICE, waiting={"en": "One moment."}, closed={"en": "Closed."})
    assert handoff_text("en", shop, OPEN) == "One moment."
    assert handoff_text("en", shop, SHUT) == "Closed."
    assert handoff_text("zh", shop, OPEN) == wording.say("handoff", "zh")


def test_hours_may_run_past_midnight() -> None:
    late = OfficeHours(time(20), time(2), frozenset({4}), "UTC")
    friday, saturday = datetime(2026, 11, 20, 23, tzinfo=UTC), datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert late.are_open(friday)
    assert late.are_open(saturday)
    assert not late.are_open(datetime(2026, 11, 20, 1, tzinfo=UTC))
    assert not late.are_open(datetime(2026, 11, 21, 23, tzinfo=UTC))


def test_a_relay_is_silent_with_a_person_and_brief_before() -> None:
    assert relay("person", "en").text == ""
    assert [button.payload for button in relay("waiting", "en").quick_replies] == ["bot"]


def test_buttons_read_like_questions_and_never_twice() -> None:
    buttons = intent_buttons(["refund", "gift_card", "refund"], MODELS, "zh")
    assert [(button.text, button.payload) for button in buttons] == [
        ("退款到哪了", "intent:refund"), ("Gift card", "intent:gift_card"),
    ]  # fmt: skip


def test_only_what_can_be_answered_is_suggested() -> None:
    assert [each.payload for each in suggestions(MODELS, ShopFacts(), "en")] == ["intent:refund"]
    named = ShopFacts(suggestions=("gone", "gift_card"))
    assert [each.payload for each in suggestions(MODELS, named, "en")] == ["intent:gift_card"]
    assert suggestions(None, named, "en") == ()


def test_hits_in_the_customers_language_are_quoted_first() -> None:
    def hit(language: str, score: float) -> Hit:
        return Hit(Passage(1, "d", "D", "document", "", "T", 0, 1, language), score, 0, 0)

    found = relevant([hit("en", 0.9), hit("zh", 0.7), hit("zh", 0.4)], MODELS.thresholds, "zh")
    assert [each.score for each in found] == [0.7, 0.9]
