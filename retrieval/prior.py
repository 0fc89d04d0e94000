"""What customers' thumbs add to a passage's score: little, bounded, and gone with the thumbs.

The votes on a passage give a Beta posterior over "a reply that quotes it helps", with a prior of
`_PRIOR` liked and `_PRIOR` disliked replies that nobody saw. Its odds are what the score's odds
are multiplied by, within `MOST`. It is computed from the votes each time and stored nowhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from storage.types import SEARCH_KIND_DOCUMENT, Passage, PassageVotes

_PRIOR = 5.0
MOST = 0.4
"""In log-odds: of a score of 0.50 the most is 0.60 and the least 0.40."""


def feedback_prior(up: int, down: int) -> float:
    """Log-odds to add for so many liked and disliked replies, from -MOST to MOST."""
    return max(-MOST, min(MOST, math.log((up + _PRIOR) / (down + _PRIOR))))


def passage_priors(
    passages: Iterable[Passage], votes: Sequence[PassageVotes]
) -> Mapping[int, float]:
    """The prior of each passage that still says what customers voted on."""
    by_document: defaultdict[str, list[PassageVotes]] = defaultdict(list)
    for vote in votes:
        by_document[vote.document].append(vote)
    found: dict[int, float] = {}
    for passage in passages:
        if passage.kind != SEARCH_KIND_DOCUMENT:
            continue
        own = [vote for vote in by_document.get(passage.document, ()) if vote.text in passage.text]
        if own:
            found[passage.id] = feedback_prior(
                sum(vote.up for vote in own), sum(vote.down for vote in own)
            )
    return found


def with_prior(score: float, prior: float) -> float:
    """A probability whose log-odds are raised by the prior."""
    if not prior or not 0 < score < 1:
        return score
    return 1 / (1 + math.exp(-(math.log(score / (1 - score)) + prior)))
