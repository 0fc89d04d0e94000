"""Plots as SVG, drawn without a plotting library so that a report stands alone.

Colours and fonts come from the page's style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from finetune.report.data import Coverage, CurvePoint, Histogram, ReliabilityBin
from finetune.report.html import Html, plain
from finetune.report.wording import WORDING

_WIDTH, _HEIGHT = 360.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 14.0, 26.0, 40.0
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)

Point = tuple[float, float]
Write = Callable[[float], str]


def _share(value: float) -> str:
    return f"{value:.0%}"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values lie on the picture; both axes are linear."""

    x_from: float = 0.0
    x_to: float = 1.0
    y_from: float = 0.0
    y_to: float = 1.0

    def x(self, value: float) -> float:
        width = _WIDTH - _LEFT - _RIGHT
        return _LEFT + (value - self.x_from) / (self.x_to - self.x_from) * width

    def y(self, value: float) -> float:
        height = _HEIGHT - _TOP - _BOTTOM
        return _HEIGHT - _BOTTOM - (value - self.y_from) / (self.y_to - self.y_from) * height

    def line(self, points: Sequence[Point], kind: str) -> Html:
        placed = "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)
        return f'<path class="{kind}" d="M{placed}"/>' if points else ""

    def dot(self, point: Point, radius: float, kind: str) -> Html:
        x, y = self.x(point[0]), self.y(point[1])
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def histogram(found: Histogram, limit: float) -> Html:
    """Both kinds of question as shares of their own number, back to back, and the limit."""
    groups = ((found.inside, "bar-one"), (found.outside, "bar-two"))
    shares = [
        ([count / sum(counts) for count in counts], kind) for counts, kind in groups if sum(counts)
    ]
    tallest = max((max(values) for values, _ in shares), default=0.0)
    top = _round_up(tallest)
    frame = _Frame(y_to=top)
    parts = []
    for place, (values, kind) in enumerate(shares):
        width = 1 / len(values)
        for number, value in enumerate(values):
            left = frame.x(number * width) + 0.7 + place * (frame.x(width) - _LEFT) * 0.46
            height = frame.y(0) - frame.y(value)
            parts.append(
                f'<rect class="{kind}" x="{left:.1f}" y="{frame.y(value):.1f}" '
                f'width="{(frame.x(width) - _LEFT) * 0.44:.1f}" height="{height:.1f}"/>'
            )
    parts.append(frame.line([(min(limit, 1.0), 0), (min(limit, 1.0), top)], "limit"))
    ticks = [top * quarter for quarter in _QUARTERS]
    return _picture("histogram_name", frame, parts, "axis_sure", "axis_questions", _QUARTERS, ticks)


def reliability(bins: Sequence[ReliabilityBin]) -> Html:
    """Dots as large as their bins are full, on the diagonal where confidence is honest."""
    frame = _Frame()
    filled = [each for each in bins if each.confidence is not None and each.right is not None]
    most = max((each.n for each in filled), default=1)
    points = [(each.confidence or 0.0, each.right or 0.0) for each in filled]
    parts = [frame.line([(0, 0), (1, 1)], "ideal"), frame.line(points, "line thin")]
    parts += [
        frame.dot(point, 2.5 + 6.5 * math.sqrt(each.n / most), "dot")
        for point, each in zip(points, filled, strict=True)
    ]
    return _picture(
        "reliability_name", frame, parts, "axis_confidence", "axis_right", _QUARTERS, _QUARTERS
    )


def coverage(found: Coverage) -> Html:
    """The curve of coverage against accuracy with the chosen limit on it."""
    lowest = min((right for _, right in found.points), default=0.0)
    bottom = min(0.9, math.floor(lowest * 10) / 10)
    frame = _Frame(y_from=bottom)
    parts = [frame.line([(x, max(y, bottom)) for x, y in found.points], "line")]
    if found.answered is not None and found.right is not None:
        chosen = (found.answered, max(found.right, bottom))
        parts.append(frame.line([(chosen[0], bottom), chosen], "limit"))
        parts.append(frame.dot(chosen, 5, "dot solid"))
    ticks = [bottom + (1 - bottom) * quarter for quarter in _QUARTERS]
    return _picture("coverage_name", frame, parts, "axis_answered", "axis_right", _QUARTERS, ticks)


def learning_curve(points: Sequence[CurvePoint]) -> Html:
    """Accuracy by the number of training rows, from zero so that slopes are honest."""
    lowest = min(point.accuracy for point in points)
    bottom = math.floor(lowest * 5) / 5
    bottom = bottom if bottom < 1 else 0.8
    most = max(point.rows for point in points)
    frame = _Frame(x_to=most, y_from=bottom)
    placed = [(float(point.rows), point.accuracy) for point in points]
    parts = [frame.line(placed, "line")]
    for (x, y), point in zip(placed, points, strict=True):
        parts.append(frame.dot((x, y), 4, "dot solid"))
        parts.append(_text(frame.x(x), frame.y(y) - 9, f"{point.accuracy:.1%}", "value", "middle"))
    ticks = [bottom + (1 - bottom) * quarter for quarter in _QUARTERS]
    rows = [float(point.rows) for point in points]
    return _picture(
        "curve", frame, parts, "axis_rows", "axis_right", rows, ticks, lambda value: f"{value:,.0f}"
    )


def bar(share: float | None) -> Html:
    """A small bar beside a number; nothing where nothing was measured."""
    if share is None:
        return ""
    return (
        '<svg class="meter" viewBox="0 0 60 6" aria-hidden="true">'
        '<rect class="rail" width="60" height="6" rx="3"/>'
        f'<rect class="fill" width="{60 * min(max(share, 0), 1):.1f}" height="6" rx="3"/></svg>'
    )


def _picture(
    name: str,
    frame: _Frame,
    parts: Sequence[Html],
    x_name: str,
    y_name: str,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    write_x: Write = _share,
) -> Html:
    grid = []
    for tick in y_ticks:
        y = frame.y(tick)
        grid.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        grid.append(_text(_LEFT - 6, y + 3.5, _tick(tick), "tick", "end"))
    for tick in x_ticks:
        last = frame.x(tick) > _WIDTH - 2 * _RIGHT
        anchor = "end" if last and write_x is not _share else "middle"
        grid.append(_text(frame.x(tick), _HEIGHT - 24, write_x(tick), "tick", anchor))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="{plain(name)}">{"".join(grid)}'
        f"{_named(middle, _HEIGHT - 6, x_name, 'middle')}{_named(4, 13, y_name, 'start')}"
        f"{''.join(parts)}</svg>"
    )


def _tick(value: float) -> str:
    whole = abs(value * 100 - round(value * 100)) < 1e-6
    return f"{value:.0%}" if whole else f"{value:.1%}"


def _text(x: float, y: float, content: str, kind: str, anchor: str) -> Html:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{content}</text>'


def _named(x: float, y: float, key: str, anchor: str) -> Html:
    return "".join(
        _text(x, y, content, f"name {language}", anchor)
        for language, content in zip(("zh", "en"), WORDING[key], strict=True)
    )


def _round_up(share: float) -> float:
    return next((top for top in (0.1, 0.2, 0.4, 0.6, 0.8) if share <= top), 1.0)
