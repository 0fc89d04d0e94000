from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.dataset import build_dataset, choose_golden, question_key, settle, split
from storage.examples import Examples
from storage.templates import Templates
from storage.types import SOURCE_CORRECTION, Example, TemplateDraft


def example(question, intent, **fields):
    return Example(question, intent, None, fields.pop("language", "zh"), **fields)


def test_rows_labels_and_templates(session):
    template = Templates(session).save(
        TemplateDraft("refund", {"zh": ("退",)}, protected=True), editor="shop"
    )
    Examples(session).add(
        [
            example("怎么退", "refund"),
            example("weather", "oos", language="en"),
            example("几点开门", "hours"),
            example("no label", None),
            example("能退吗", "refund", golden=True, source="golden"),
        ]
    )
    data = build_dataset(session)
    assert [(r.question, r.label, r.language) for r in data.rows] == [
        ("怎么退", "refund", "zh"), ("weather", "oos", "en"), ("几点开门", "hours", "zh"),
    ]  # fmt: skip
    assert data.label_templates == {"refund": template.id, "hours": None}
    assert data.protected == {"refund"}
    assert [r.question for r in data.golden] == ["能退吗"]


def test_a_golden_question_is_never_a_row_however_it_is_spelled(session):
    Examples(session).add(
        [
            example("How  DO I refund", "a", golden=True, source="golden"),
            example("how do i ｒefund", "a"),
            example("other", "b"),
        ]
    )
    assert [r.question for r in build_dataset(session).rows] == ["other"]


def test_a_tenth_is_frozen_once_and_for_all(session):
    Examples(session).add(example(f"问题 {n}", f"label{n % 5}") for n in range(200))
    first = build_dataset(session)
    assert len(first.golden) == 20
    assert {r.label for r in first.golden} == {f"label{n}" for n in range(5)}
    assert not {r.question for r in first.golden} & {r.question for r in first.rows}
    assert len(first.rows) == 180
    assert build_dataset(session) == first
    Examples(session).add(example(f"新问题 {n}", "label1") for n in range(100))
    later = build_dataset(session)
    assert later.golden == first.golden
    assert len(later.rows) == 280
    assert later.fingerprint != first.fingerprint


def test_with_a_golden_file_nothing_is_taken_from_the_history(session):
    Examples(session).add(example(f"q{n}", "a") for n in range(50))
    Examples(session).add([example("golden", "a", golden=True, source="golden")])
    data = build_dataset(session)
    assert (len(data.golden), len(data.rows)) == (1, 50)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 60)))
def test_every_label_keeps_questions_to_train_on(sizes):
    examples = [
        example(f"{label}{n}", label, id=1000 * ord(label) + n)
        for label, size in sizes.items()
        for n in range(size)
    ]
    chosen = set(choose_golden(examples))
    for label, size in sizes.items():
        taken = sum(e.id in chosen for e in examples if e.intent == label)
        assert taken <= max(0, size - 2)
        assert taken <= size / 10 + 1
    assert len(chosen) <= len(examples) / 10 + 1


def test_the_choice_depends_on_the_questions_not_on_their_order():
    examples = [example(f"q{n}", "a", id=n) for n in range(100)]
    assert set(choose_golden(examples)) == set(choose_golden(reversed(examples)))
    assert set(choose_golden(examples)) != set(choose_golden(examples, seed=1))


def test_majority_wins_then_the_latest():
    assert settle([example("q", "a"), example("q", "b"), example("q", "b")]).label == "b"
    assert settle([example("q", "a"), example("q", "b")]).label == "b"
    weak = [example("q", "a"), example("q", "b", weight=0.3), example("q", "b", weight=0.3)]
    assert settle(weak).label == "a"


def test_repeats_count_for_more_but_not_without_end():
    weights = [settle([example("q", "a")] * n).weight for n in (1, 2, 4, 100)]
    assert weights == pytest.approx([1.0, 2**0.5, 2.0, 2.0])


def test_a_correction_supersedes_the_history_and_an_earlier_correction(session):
    Examples(session).add([example("q", "a"), example("Q ", "a")])
    for label in ("b", "c"):
        Examples(session).add([example("q", label, source=SOURCE_CORRECTION)])
    data = build_dataset(session)
    assert {r.label for r in data.rows} == {"c"}
    assert data.rows[0].source == SOURCE_CORRECTION
    assert [r.label for r in data.corrections] == ["c"]
    assert data.rows[0].weight > 1


def test_a_correction_of_a_golden_question():
    fixed = example("q", "b", source=SOURCE_CORRECTION)
    parts = split([example("q", "a", golden=True, source="golden"), fixed])
    assert ([g.label for g in parts.golden], parts.corrections, parts.rows) == (["a"], (), ())
    parts = split([example("q", "a", golden=True), fixed])
    assert parts.golden == ()
    assert [r.label for r in parts.rows] == [r.label for r in parts.corrections] == ["b"]
    assert parts.checks.displaced == 1


def test_a_correction_reaches_every_spelling_of_its_question():
    fixed = example("怎么申请发票", "b", source=SOURCE_CORRECTION)
    spelled = [
        example("您好，請問怎麼申請發票？", "a"),
        example("怎么申请发票！！", "a", golden=True),
    ]
    parts = split([*spelled, fixed, example("怎么退货", "a")])
    assert parts.golden == ()
    assert [(r.question, r.label) for r in parts.rows] == [
        ("怎么申请发票", "b"), ("怎么退货", "a"),
    ]  # fmt: skip
    assert parts.checks.contradictions[0].kept == "b"
    assert dict(parts.checks.contradictions[0].labels) == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("golden", "row"),
    [
        ("where is my parcel", "Hello, WHERE is my parcel??? Thanks"),
        ("where is my parcel", "where is my parcle"),
        ("怎么申请电子发票", "请问怎麼申請電子發票？谢谢"),
        ("怎么申请电子发票", "怎么申请电子发漂"),
    ],
)
def test_a_row_that_reads_like_a_golden_question_is_left_out(golden, row):
    frozen = example(golden, "a", golden=True, source="golden")
    parts = split([frozen, example(row, "a"), example("something else entirely", "a")])
    assert [r.question for r in parts.rows] == ["something else entirely"]
    assert [(leak.question, leak.golden) for leak in parts.checks.leaks] == [(row, golden)]


def test_a_correction_stays_beside_a_golden_question_of_the_file():
    frozen = example("where is my parcel", "a", golden=True, source="golden")
    fixed = example("where is my parcle?", "b", source=SOURCE_CORRECTION)
    parts = split([frozen, fixed])
    assert [r.question for r in parts.golden] == [frozen.question]
    assert [r.question for r in parts.corrections] == [fixed.question]


def test_what_was_left_out_adds_up():
    examples = [
        example("where is my parcel", "a", golden=True, source="golden"),
        example("Where is  my parcel", "a"),
        example("where is my parcel!", "a"),
        example("how much is shipping", "a"),
        *[example("refund", "a"), example("refund", "b"), example("refund", "b")],
    ]
    checks = split(examples).checks
    assert (checks.examples, checks.equal_to_golden, len(checks.leaks)) == (7, 1, 1)
    assert (checks.repeated, checks.displaced) == (2, 0)
    assert [(c.kept, c.labels) for c in checks.contradictions] == [("b", (("b", 2), ("a", 1)))]


def test_fingerprint_sees_the_templates_too(session):
    Examples(session).add([example("q", "a")])
    before = build_dataset(session).fingerprint
    Templates(session).save(TemplateDraft("a", {"zh": ("x",)}), editor="shop")
    assert build_dataset(session).fingerprint != before


def test_question_key_folds_case_width_and_space():
    assert question_key(example("ＡＢ  c", None)) == question_key(example("ab C", None))
