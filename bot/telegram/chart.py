"""A picture of the last days: one stacked bar per day. It holds figures only, no words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from bot.types import DecisionKind
from storage.figures import Day

WIDTH, HEIGHT = 960, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 30, 50

ANSWERED = frozenset(
    kind.value
    for kind in (
        DecisionKind.TEMPLATE, DecisionKind.ACTION, DecisionKind.FORM, DecisionKind.GROUNDED
    )
)  # fmt: skip
GROUPS: Mapping[str, tuple[frozenset[str], str]] = {
    "answered": (ANSWERED, "#2e9e5b"),
    "asked_back": (frozenset((DecisionKind.CLARIFY.value,)), "#e8b023"),
    "unanswered": (frozenset((DecisionKind.NO_ANSWER.value,)), "#d64545"),
    "to_person": (
        frozenset((DecisionKind.HANDOFF.value, DecisionKind.RELAY.value)), "#3f7fd1",
    ),
}  # fmt: skip
"""What replies are counted as, the decisions that belong to it, and its colour."""


def count(day: Day, group: str) -> int:
    """How many replies of this day belong to the group."""
    decisions, _ = GROUPS[group]
    return sum(number for name, number in day.decisions.items() if name in decisions)


def draw(days: Sequence[Day]) -> bytes:
    """The days, oldest first, as a PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(16)
    most = max(1, *(sum(count(day, group) for group in GROUPS) for day in days))
    floor, room = HEIGHT - _BOTTOM, HEIGHT - _BOTTOM - _TOP
    for share in (0.0, 0.5, 1.0):
        y = floor - share * room
        pen.line([(_LEFT, y), (WIDTH - _RIGHT, y)], fill="#dddddd")
        pen.text((_LEFT - 8, y), f"{share * most:g}", fill="#555555", font=font, anchor="rm")
    step = (WIDTH - _LEFT - _RIGHT) / len(days)
    for number, day in enumerate(days):
        left, bottom = _LEFT + (number + 0.15) * step, float(floor)
        for group, (_, colour) in GROUPS.items():
            height = room * count(day, group) / most
            if height:
                pen.rectangle([left, bottom - height, left + 0.7 * step, bottom], fill=colour)
            bottom -= height
        middle = _LEFT + (number + 0.5) * step
        label = f"{day.day.month}/{day.day.day}"
        pen.text((middle, floor + 8), label, fill="#555555", font=font, anchor="mt")
    kept = BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()
