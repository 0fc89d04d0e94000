"""Small plots as SVG, drawn without a plotting library so that a report stands alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 360, 260, 44, 36

Point = tuple[float, float]


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], *, bins: int = 10
) -> str:
    """How often answers of a given confidence are right; the diagonal is where they should lie."""
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.digitize(confidence, edges) - 1, 0, bins - 1)
    points = [
        (float(confidence[place == number].mean()), float(right[place == number].mean()))
        for number in range(bins)
        if (place == number).any()
    ]
    return _chart("Confidence", "Right", [(points, "line")], diagonal=True)


def coverage_against_accuracy(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> str:
    """The share of answers that are right when only the surest share of questions is answered."""
    order = np.argsort(-sure, kind="stable")
    counts = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(right[order]) / counts
    steps = np.unique(np.linspace(0, max(0, len(order) - 1), 60).astype(int))[: len(order)]
    points = [(float(counts[step] / len(order)), float(accuracy[step])) for step in steps]
    return _chart("Answered", "Right", [(points, "line")], diagonal=False)


def histogram(inside: NDArray[np.float64], outside: NDArray[np.float64], *, bins: int = 20) -> str:
    """Confidence in questions that the shop serves, and in those that it does not."""
    drawn: list[tuple[Sequence[Point], str]] = []
    for values, name in ((inside, "line"), (outside, "other")):
        if len(values):
            heights, edges = np.histogram(values, bins=bins, range=(0, 1))
            tallest = heights.max() or 1
            points = [
                (float((edges[number] + edges[number + 1]) / 2), float(height / tallest))
                for number, height in enumerate(heights)
            ]
            drawn.append((points, name))
    return _chart("P(right)", "Questions", drawn, diagonal=False)


def _chart(
    x_name: str, y_name: str, series: Sequence[tuple[Sequence[Point], str]], *, diagonal: bool
) -> str:
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{y_name} by {x_name}">',
        *_axes(x_name, y_name),
    ]
    if diagonal:
        parts.append(f'<path class="ideal" d="{_path([(0, 0), (1, 1)])}"/>')
    for points, name in series:
        parts.append(f'<path class="{name}" d="{_path(points)}"/>')
    return "".join([*parts, "</svg>"])


def _axes(x_name: str, y_name: str) -> list[str]:
    marks = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _place((tick, tick))
        marks.append(f'<text x="{x:.0f}" y="{_HEIGHT - 20}" text-anchor="middle">{tick:.0%}</text>')
        marks.append(f'<text x="{_LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{tick:.0%}</text>')
        marks.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - 10}"/>')
    middle = (_LEFT + _WIDTH) // 2
    marks.append(f'<text x="{middle}" y="{_HEIGHT - 4}" text-anchor="middle">{x_name}</text>')
    marks.append(f'<text x="6" y="12">{y_name}</text>')
    return marks


def _place(point: Point) -> Point:
    x = _LEFT + point[0] * (_WIDTH - _LEFT - 16)
    y = _HEIGHT - _BOTTOM - point[1] * (_HEIGHT - _BOTTOM - 20)
    return x, y


def _path(points: Sequence[Point]) -> str:
    placed = [_place(point) for point in points]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed) if placed else ""
