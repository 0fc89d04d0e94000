"""Where cited words stand in a document that may have changed."""

from __future__ import annotations

import pytest

from bot.citing import locate
from storage.types import Citation


@pytest.mark.parametrize(("text", "start", "found"), [
    ("ab ab ab", 3, 3),
    ("x ab ab ab", 3, 2),
    ("ab xxxxx ab", 7, 9),
    ("ab xxxxx ab", 2, 0),
    ("ab", 99, 0),
    ("x", 0, None),
    ("", 0, None),
])  # fmt: skip
def test_cited_words_are_found_nearest_to_where_they_stood(text, start, found):
    assert locate(text, Citation(1, "ab", "a.md", "", start, start + 2)) == found


def test_no_words_are_nowhere():
    assert locate("ab", Citation(1, "", "a.md", "", 0, 0)) is None
