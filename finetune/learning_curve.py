"""Would more questions help? Accuracy with a quarter, a half and so on of the training rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from finetune.report.data import CurvePoint
from finetune.train import TrainedClassifier
from finetune.types import LabelledQuestion
from storage.types import OUT_OF_SCOPE

SHARES = (0.25, 0.5, 0.75, 1.0)
COST = 2.2
"""How many times a training the curve costs: the shares add up to 2.5 of four fifths of the rows,
and what does not grow with the rows comes on top."""

LEAST_ROWS = 200
_HELD_OUT = 0.2

Train = Callable[[Sequence[LabelledQuestion]], TrainedClassifier]
Progress = Callable[[str, float], None]


def learning_curve(
    rows: Sequence[LabelledQuestion],
    train: Train,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[CurvePoint, ...]:
    """Train on growing shares, each part of the next, and ask the same held-out questions.

    A fifth of each intent is held out; a share keeps at least one question of each intent.
    """
    order = _orders(rows, seed)
    held = [number for places in order.values() for number in places[: _held(len(places))]]
    asked = [rows[number] for number in sorted(held) if rows[number].label != OUT_OF_SCOPE]
    points = []
    for done, share in enumerate(SHARES):
        if progress is not None:
            progress("drawing the learning curve", done / len(SHARES))
        used = [
            rows[number]
            for places in order.values()
            for number in _share(places[_held(len(places)) :], share)
        ]
        classifier = train(used).classifier
        found = classifier.predict([row.question for row in asked])
        right = sum(p.label == row.label for p, row in zip(found, asked, strict=True))
        points.append(CurvePoint(share, len(used), right / len(asked) if asked else 0.0))
    if progress is not None:
        progress("drawing the learning curve", 1.0)
    return tuple(points)


def _orders(rows: Sequence[LabelledQuestion], seed: int) -> dict[str, list[int]]:
    random = np.random.default_rng(seed)
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        places[row.label].append(number)
    return {label: random.permutation(found).tolist() for label, found in places.items()}


def _held(count: int) -> int:
    return int(count * _HELD_OUT)


def _share(places: list[int], share: float) -> list[int]:
    return places[: max(1, round(len(places) * share))]
