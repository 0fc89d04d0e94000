from __future__ import annotations

from types import SimpleNamespace

import pytest

from finetune.crossval import cross_validate
from finetune.errors import NotEnoughDataError
from finetune.learning_curve import learning_curve
from finetune.types import LabelledQuestion, Prediction


def rows():
    inside = [LabelledQuestion(f"{label} {n}", label, "en") for label in "abc" for n in range(20)]
    return [*inside, *(LabelledQuestion(f"oos {n}", "oos", "en") for n in range(10))]


class Memory:
    """Knows a label once it has seen enough rows of it; remembers what it was asked."""

    def __init__(self, enough):
        self.enough, self.trained, self.asked = enough, [], []

    def train(self, rows):
        self.trained.append([row.question for row in rows])
        counts = {row.label: sum(r.label == row.label for r in rows) for row in rows}
        return SimpleNamespace(
            classifier=SimpleNamespace(predict=lambda t: self.predict(t, counts))
        )

    def predict(self, texts, counts):
        self.asked.append(list(texts))
        return [
            Prediction(((label if counts.get(label, 0) >= self.enough else "?", 1.0),), 1.0)
            for label in (text.split()[0] for text in texts)
        ]


def test_each_question_is_asked_once_by_a_model_that_has_not_seen_it():
    memory = Memory(1)
    steps = []
    found = cross_validate(rows(), memory.train, progress=lambda *step: steps.append(step))
    asked = [question for part in memory.asked for question in part]
    assert sorted(asked) == sorted(row.question for row in rows() if row.label != "oos")
    for trained, part in zip(memory.trained, memory.asked, strict=True):
        assert not set(trained) & set(part)
        assert any(question.startswith("oos") for question in trained)
    assert {fold.asked for fold in found.folds} == {12}
    assert (found.accuracy, found.spread, found.macro_f1, found.ece) == (1, 0, 1, 0)
    assert steps[-1] == ("cross-validating", 1.0)


@pytest.mark.parametrize("folds", [1, 0, 61])
def test_folds_that_cannot_be_are_refused(folds):
    with pytest.raises(NotEnoughDataError, match="folds"):
        cross_validate(rows(), Memory(1).train, folds=folds)


def test_the_curve_grows_with_the_rows_and_asks_the_same_questions():
    memory = Memory(9)
    points = learning_curve(rows(), memory.train)
    assert [point.accuracy for point in points] == [0, 0, 1, 1]
    assert [point.rows for point in points] == [14, 28, 42, 56]
    assert all(part == memory.asked[0] for part in memory.asked)
    assert set(memory.trained[0]) < set(memory.trained[1]) < set(memory.trained[3])
    assert not set(memory.trained[3]) & set(memory.asked[0])
