"""An answer of the history is there in several wordings and languages: one of them is enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from retrieval.types import Hit
from storage.types import SEARCH_KIND_ANSWER, Passage


def in_language(language: str | None, passages: Sequence[Passage]) -> list[Passage]:
    """The passages without those wordings of an answer that the asker's language has better."""
    own = {each.document for each in passages if each.language == language}
    return [
        each
        for each in passages
        if each.kind != SEARCH_KIND_ANSWER or each.language == language or each.document not in own
    ]


def one_wording_each(hits: Iterable[Hit]) -> Iterator[Hit]:
    """The best wording of each answer: the others say the same, in the place of something else."""
    seen: set[str] = set()
    for hit in hits:
        if hit.passage.kind == SEARCH_KIND_ANSWER:
            if hit.passage.document in seen:
                continue
            seen.add(hit.passage.document)
        yield hit
