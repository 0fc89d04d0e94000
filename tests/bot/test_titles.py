"""Buttons show a typical question, and nothing of one customer."""

from __future__ import annotations

from bot.titles import choose_titles
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.types import OUT_OF_SCOPE, Example


def example(question: str, intent: str | None, language: str = "en") -> Example:
    return Example(question, intent, None, language)


def test_the_most_typical_question_names_the_intent() -> None:
    rows = [
        example("where is my parcel right now", "order"),
        example("where is my parcel", "order"),
        example("my parcel where is it, please tell", "order"),
        example("hello there friends", "order"),
        example("我的快递到哪了", "order", "zh"),
        example("can I return it", "return"),
        example("tell me a joke", OUT_OF_SCOPE),
        example("no intent here", None),
    ]
    titles = choose_titles(rows, Analyser(Lexicon.from_package()))
    assert list(titles) == ["order", "return"]
    assert titles["order"] == {"en": "where is my parcel", "zh": "我的快递到哪了"}


def test_questions_that_may_tell_of_somebody_are_not_shown() -> None:
    rows = [
        example("where is parcel 123456", "order"),
        example("my mail is <email> ok", "order"),
        example("x" * 80, "order"),
    ]
    assert choose_titles(rows, Analyser(Lexicon.from_package())) == {"order": {}}
