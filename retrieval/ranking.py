"""From what the searches reached to the list that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.fusion import Evidence, Fusion
from retrieval.prior import with_prior
from retrieval.query import BesideRun, Query, languages_that_count
from retrieval.reach import Reach
from retrieval.types import Fallback, Hit
from storage.types import Passage


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that a search reached, why, and the words that both share.

    `question` is the cosine with the nearest attached question. `rest` is set if the passage is
    one of many that share a long run of words with the query: the BM25 score for the other words.
    """

    passage: Passage
    evidence: Evidence
    matched: tuple[str, ...]
    question: float = 0.0
    fallbacks: tuple[Fallback, ...] = ()
    rest: float | None = None


def gather(
    query: Query,
    reach: Reach,
    passages: Sequence[Passage],
    held: Sequence[tuple[str, ...]],
    beside: BesideRun,
) -> list[Candidate]:
    """The reached passages with the evidence for each; `held` are the query's words in each."""
    counts = languages_that_count(query.language, passages, held)
    return [
        Candidate(
            passage,
            reach.evidence(passage.id, matched, same_language=same, asked=bool(passage.questions)),
            matched,
            reach.questions.get(passage.id, 0.0),
            tuple(guess for guess in query.fallbacks if guess.found in matched),
            beside.of(passage.id, matched),
        )
        for passage, matched, same in zip(passages, held, counts, strict=True)
    ]


def rank(candidates: Iterable[Candidate], fusion: Fusion, priors: Mapping[int, float]) -> list[Hit]:
    """The candidates as hits, best first."""
    scored = [
        (_hit(found, fusion, priors.get(found.passage.id, 0.0)), found.rest) for found in candidates
    ]
    scored.sort(key=lambda each: (-each[0].score, each[0].passage.id))
    return _rest_first(scored)


def _hit(found: Candidate, fusion: Fusion, prior: float) -> Hit:
    return Hit(
        passage=found.passage,
        score=with_prior(fusion.score(found.passage.kind, found.evidence), prior),
        dense=found.evidence.dense,
        keyword=found.evidence.keyword,
        matched=found.matched,
        question=found.question,
        fallbacks=found.fallbacks,
        feedback=prior,
    )


def _rest_first(scored: list[tuple[Hit, float | None]]) -> list[Hit]:
    """Passages that share a long run change places among themselves, by the rest of the query.

    The scores stay where they were: how likely the best of them answers is as it was.
    """
    hits = [hit for hit, _ in scored]
    places = [place for place, (_, rest) in enumerate(scored) if rest is not None]
    ordered = sorted(places, key=lambda place: (-(scored[place][1] or 0.0), place))
    for place, taken in zip(places, ordered, strict=True):
        hits[place] = replace(scored[taken][0], score=scored[place][0].score)
    return hits
