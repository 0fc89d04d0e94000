"""Examples: known ones are not added again, corrections replace, the fingerprint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.examples import Examples
from storage.types import SOURCE_CORRECTION, Example

ASKED = Example("怎么退款", "refund", "三天内到账。", "zh", origin="a.csv", line=2)


@pytest.fixture
def examples(database):
    with database.session() as session:
        yield Examples(session)


def questions(found):
    return [example.question for example in found]


def test_an_example_is_stored_whole(examples):
    example = replace(ASKED, weight=0.5, golden=True, source="golden")
    assert examples.add([example]) == (1, 0)
    (stored,) = examples.all()
    assert stored.id is not None
    assert replace(stored, id=None) == example


def test_the_same_again_changes_nothing(examples):
    assert examples.add([ASKED, ASKED]) == (1, 1)
    again = replace(ASKED, question="怎么退款 ", origin="b.csv", line=9, language="en")
    assert examples.add([again]) == (0, 1)
    assert [(e.origin, e.language) for e in examples.all()] == [("a.csv", "zh")]
    assert examples.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, question="如何退款"),
        replace(ASKED, intent="return"),
        replace(ASKED, intent=None),
        replace(ASKED, answer=None),
        replace(ASKED, answer="五天内到账。"),
        replace(ASKED, source="golden"),
    ],
)
def test_another_question_label_answer_or_source_is_another_example(examples, other):
    assert examples.add([ASKED, other]) == (2, 0)


def test_thousands_are_added_and_read(examples):
    many = [replace(ASKED, question=f"问题{n}") for n in range(1700)]
    assert examples.add(iter(many)) == (1700, 0)
    assert examples.add(many[:1600]) == (0, 1600)
    assert questions(examples.all()) == questions(many)


def test_examples_of_some_sources(examples):
    examples.add([ASKED, replace(ASKED, source="feedback"), replace(ASKED, source="golden")])
    assert [e.source for e in examples.all(["golden", "feedback"])] == ["feedback", "golden"]
    assert examples.all([]) == []


def test_golden_questions_stay_golden(examples):
    examples.add([ASKED, replace(ASKED, question="别的")])
    first = examples.all()[0]
    examples.mark_golden([first.id])
    examples.mark_golden([])
    examples.add([ASKED])
    assert questions(examples.golden()) == ["怎么退款"]
    examples.add([replace(ASKED, question="别的", golden=True)])
    assert len(examples.golden()) == 2


def test_intents_are_assigned_and_the_example_stays_known(examples):
    unlabelled = replace(ASKED, intent=None)
    examples.add([unlabelled, replace(unlabelled, question="二")])
    first, second = examples.all()
    examples.assign_intents({first.id: "refund", second.id: "other"})
    assert [e.intent for e in examples.all()] == ["refund", "other"]
    assert examples.add([unlabelled]) == (0, 1)


def test_the_last_correction_of_a_question_counts(examples):
    correction = replace(ASKED, answer=None, source=SOURCE_CORRECTION)
    examples.add([ASKED, correction, replace(correction, question="别的")])
    examples.add([replace(correction, intent="return", question="怎么退款　")])
    assert [(e.question, e.intent) for e in examples.corrections()] == [
        ("别的", "refund"),
        ("怎么退款　", "return"),
    ]
    assert examples.add([correction, replace(correction, intent="x")]) == (1, 1)
    assert [e.intent for e in examples.corrections()] == ["refund", "x"]
    assert len(examples.all(["history"])) == 1


def test_the_fingerprint_ignores_order_and_sees_every_change(database):
    second = replace(ASKED, question="二")
    prints = []
    for rows in ([ASKED, second], [second, ASKED], [ASKED]):
        with database.session() as session:
            examples = Examples(session)
            examples.add(rows)
            prints.append(examples.fingerprint())
            session.rollback()
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    "change", [{"weight": 0.5}, {"golden": True}, {"language": "en"}, {"intent": "x"}]
)
def test_the_fingerprint_sees_what_training_sees(database, change):
    prints = set()
    for example in (ASKED, replace(ASKED, **change)):
        with database.session() as session:
            Examples(session).add([example])
            prints.add(Examples(session).fingerprint())
            session.rollback()
    assert len(prints) == 2
