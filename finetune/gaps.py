"""What customers ask and nothing answers: questions by topic, and the documents nearest to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Hit, Vectors
from storage.normalise import text_key
from storage.types import Unanswered

SAME_TOPIC = 0.45
"""The cosine from which two questions belong to one topic. With the embedded encoder three of four
golden questions of the sample shop are then of the commonest intent of their group, those that stay
alone included; a third stand with others of their intent."""

_NEAREST = 3
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Gap:
    """A topic that nothing is written about: `question` says it best, of `count` questions.

    `documents` are the passages nearest to it, best first, with P(relevant).
    """

    question: str
    count: int
    questions: tuple[Unanswered, ...]
    documents: tuple[Hit, ...]


def find_gaps(
    questions: Sequence[Unanswered],
    encode: Callable[[Sequence[str]], Vectors],
    search: Callable[[str, int], Sequence[Hit]],
    *,
    limit: int = 20,
    threshold: float = SAME_TOPIC,
) -> list[Gap]:
    """The topics with the most questions first; of two as large, the one asked about last."""
    asked = [each for each in questions if each.question.strip()]
    if not asked:
        return []
    vectors = encode([each.question for each in asked])
    clusters = greedy_clusters(vectors, threshold)
    newest = {
        place: max(asked[n].asked_at for n in members) for place, members in enumerate(clusters)
    }
    order = sorted(newest, key=lambda place: (len(clusters[place]), newest[place]), reverse=True)
    return [_gap(asked, vectors, clusters[place], search) for place in order[:limit]]


def _gap(
    asked: Sequence[Unanswered],
    vectors: Vectors,
    members: Sequence[int],
    search: Callable[[str, int], Sequence[Hit]],
) -> Gap:
    middle = members[int((vectors[list(members)] @ vectors[list(members)].sum(axis=0)).argmax())]
    shown: dict[str, Unanswered] = {}
    for number in members:
        shown.setdefault(text_key(asked[number].question), asked[number])
    question = asked[middle].question
    return Gap(
        question,
        len(members),
        tuple(shown.values())[:_SHOWN],
        tuple(search(question, _NEAREST)),
    )


def greedy_clusters(vectors: NDArray[np.float32], threshold: float) -> list[list[int]]:
    """Groups of rows of unit vectors, the largest first, each row in one.

    A row joins the group whose mean direction is nearest, if its cosine with that is at least
    `threshold`; otherwise it begins a group. One pass, so the order of the rows matters.
    """
    sums = np.zeros_like(vectors)
    members: list[list[int]] = []
    for row, vector in enumerate(vectors):
        lengths = np.linalg.norm(sums[: len(members)], axis=1)
        nearness = sums[: len(members)] @ vector / np.maximum(lengths, 1e-9)
        best = int(nearness.argmax()) if len(nearness) else -1
        if best >= 0 and nearness[best] >= threshold:
            members[best].append(row)
        else:
            best = len(members)
            members.append([row])
        sums[best] += vector
    return sorted(members, key=len, reverse=True)
