"""A stream cut into sentences gives the same whatever the pieces are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.generator.cutter import Cited, SentenceCutter

REPLY = (
    "<think>Hm. Is it 9 L? </think>\nIt holds 1.7 litres. [1] Rinse it [1][2].\n"
    "- 七天内可以退货。[2] 运费由我们承担 [3]。好的"
)
CUT = [
    Cited("It holds 1.7 litres.", (1,), False),
    Cited("Rinse it.", (1, 2), False),
    Cited("七天内可以退货。", (2,), True),
    Cited("运费由我们承担。", (3,), False),
    Cited("好的", (), False),
]


def cut(pieces: list[str]) -> list[Cited]:
    cutter = SentenceCutter()
    found = [each for piece in pieces for each in cutter.feed(piece)]
    return found + cutter.rest()


@given(st.lists(st.integers(0, len(REPLY)), max_size=40))
def test_pieces_of_any_size_give_the_same_sentences(places: list[int]) -> None:
    edges = [0, *sorted(places), len(REPLY)]
    assert cut([REPLY[a:b] for a, b in zip(edges, edges[1:], strict=False)]) == CUT


def test_a_sentence_is_given_as_soon_as_the_next_begins() -> None:
    cutter = SentenceCutter()
    assert cutter.feed("It holds 1.7 litres.") == []
    assert cutter.feed(" [1]") == []
    assert [each.text for each in cutter.feed(" Rin")] == ["It holds 1.7 litres."]


@pytest.mark.parametrize("text", ["", "<think>no end", "<think>", " [1] ", "..."])
def test_what_says_nothing_gives_nothing(text: str) -> None:
    assert cut([text]) == []
