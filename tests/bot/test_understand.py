"""What a message says by itself and by its place in the conversation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.types import ShopFacts
from bot.understand import choose_language, find_offer, needs_guess, read_message, says_nothing
from storage.types import Conversation, ConversationStatus, Message, QuickReply, Role, Turn

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BUTTONS = (QuickReply("Where is my order?", "intent:order"), QuickReply("None of these", "none"))


def message(number: int, role: Role, text: str, **values: object) -> Message:
    return Message(number, "c", number, role, text, text, "en", NOW, **values)


ASKED = message(1, Role.CUSTOMER, "order thing")
OFFER = message(2, Role.BOT, "Which?", reply_to=1, quick_replies=BUTTONS)


def turn(*history: Message, language: str | None = None) -> Turn:
    state = Conversation("c", "web", 1, ConversationStatus.BOT, 0, language, {}, NOW)
    return Turn(state, history, None, 0)


def read(text: str, payload: str | None = None, *history: Message):
    return read_message(message(9, Role.CUSTOMER, text), payload, turn(*history), ShopFacts())


@pytest.mark.parametrize(
    ("text", "conversation", "expected"),
    [
        ("我要退款", "en", "zh"),
        ("where is my order", "zh", "en"),
        ("我的order到哪了", None, "zh"),
        ("12345", "zh", "zh"),
        ("👍", None, "en"),
        ("SF1234567890", "zh", "zh"),
    ],
)
def test_language(text: str, conversation: str | None, expected: str) -> None:
    assert choose_language(text, conversation, "en") == expected


@pytest.mark.parametrize(
    ("text", "nothing"), [("?!", 1), ("😀", 1), ("", 1), ("ok", 0), ("好", 0), ("7", 0)]
)
def test_only_signs_say_nothing(text: str, nothing: int) -> None:
    assert says_nothing(text) is bool(nothing)


def test_a_button_counts_only_if_the_bot_offered_it() -> None:
    assert find_offer("intent:order", "x", (ASKED, OFFER)) == ("intent:order", OFFER)
    assert find_offer("intent:refund", "x", (ASKED, OFFER)) is None
    assert find_offer("intent:order", "x", (ASKED,)) is None
    forged = message(3, Role.CUSTOMER, "x", quick_replies=BUTTONS)
    assert find_offer("intent:order", "x", (forged,)) is None


def test_the_words_of_the_last_offer_press_its_button() -> None:
    assert find_offer(None, "where is my ORDER？", (ASKED, OFFER)) == ("intent:order", OFFER)
    later = message(3, Role.BOT, "Hello")
    assert find_offer(None, "Where is my order?", (ASKED, OFFER, later)) is None


def test_a_pressed_button_is_about_the_question_it_answers() -> None:
    chosen = read("Where is my order?", "intent:order", ASKED, OFFER)
    assert (chosen.chosen_label, chosen.question) == ("order", "order thing")
    declined = read("None of these", "none", ASKED, OFFER)
    assert declined.declined
    assert declined.question == "order thing"
    assert not needs_guess(chosen)
    assert not needs_guess(declined)


def test_ordinary_words_need_a_guess() -> None:
    said = read("where is my order")
    assert needs_guess(said)
    assert not said.wants_person
    assert not said.empty


def test_a_request_for_a_person_needs_none() -> None:
    assert not needs_guess(read("转人工"))
    assert not needs_guess(read("😀"))
