from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from finetune.metrics import (
    accuracy,
    auroc,
    expected_calibration_error,
    macro_f1,
    percentile,
    recall_below_percentile,
)

LABELS = st.sampled_from(["a", "b", "c", "退款"])
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40)
SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=1, max_size=30)


@given(PAIRS)
def test_accuracy_and_macro_f1_are_those_of_sklearn(pairs):
    expected, chosen = [e for e, _ in pairs], [c for _, c in pairs]
    assert accuracy(expected, chosen) == pytest.approx(accuracy_score(expected, chosen))
    assert macro_f1(expected, chosen) == pytest.approx(
        f1_score(expected, chosen, average="macro", zero_division=0)
    )


def test_a_row_without_a_choice_is_wrong():
    assert accuracy(["a", "b"], ["a", None]) == 0.5
    assert macro_f1(["a", "b"], ["a", None]) == 0.5


@given(SCORES, SCORES)
def test_auroc_is_that_of_sklearn_with_ties(positive, negative):
    truth = [1] * len(positive) + [0] * len(negative)
    assert auroc(positive, negative) == pytest.approx(roc_auc_score(truth, positive + negative))


def test_calibration_error_by_hand():
    # Bins (0.4, 0.467] and (0.867, 0.933]: |0.5 - 0.45| * 2/3 + |0 - 0.9| * 1/3.
    assert expected_calibration_error([0.45, 0.45, 0.9], [True, False, False]) == pytest.approx(
        (2 * 0.05 + 0.9) / 3
    )


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_error_against_a_loop_over_the_bins(rows):
    confidence, correct = [c for c, _ in rows], [r for _, r in rows]
    edges = np.linspace(0, 1, 16)
    total = 0.0
    for number, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        inside = [(c, r) for c, r in rows if (low < c <= high) or (number == 0 and c == 0)]
        if inside:
            total += abs(sum(r for _, r in inside) - sum(c for c, _ in inside)) / len(rows)
    on_an_edge = any(abs(c * 15 - round(c * 15)) < 1e-9 for c in confidence)
    if not on_an_edge:
        assert expected_calibration_error(confidence, correct) == pytest.approx(total)


def test_recall_below_the_fifth_percentile():
    inside = [i / 100 for i in range(1, 101)]
    assert recall_below_percentile(inside, [0.0, 0.01, 0.5, 0.06]) == 0.5
    assert recall_below_percentile([1.0, 1.0], [1.0]) == 0.0


def test_undefined_where_a_side_is_empty():
    assert accuracy([], []) is None
    assert macro_f1([], []) is None
    assert auroc([], [0.5]) is None
    assert auroc([0.5], []) is None
    assert expected_calibration_error([], []) is None
    assert recall_below_percentile([], [1.0]) is None
    assert percentile([], 50) is None
    assert percentile([1.0, 3.0], 50) == 2.0
