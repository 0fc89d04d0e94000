"""The name that people gave an intent, read as a question that is asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from finetune.types import LabelledQuestion

SOURCE_NAME = "name"
"""The source of a row that was made of an intent's name; it is never stored."""

NAME_WEIGHT = 0.5
"""A name counts for less than a question: it says what is meant, not how customers put it."""

_BETWEEN = re.compile(r"[\W_\d]+|(?<=[a-z])(?=[A-Z])")


def name_rows(labels: Iterable[str]) -> list[LabelledQuestion]:
    """One row for each label whose name has words: `card_arrival` as "card arrival".

    An intent of one accepted question gains most (label names as examples: Luo et al. 2021, "Don't
    Miss the Labels"); the row says little where there are hundreds.
    """
    named = ((label, " ".join(filter(None, _BETWEEN.split(label)))) for label in labels)
    return [
        LabelledQuestion(words, label, "", NAME_WEIGHT, SOURCE_NAME)
        for label, words in named
        if len(words) > 1
    ]
