"""What the searches of one query found, and what it says for each passage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrieval.fusion import Evidence
from retrieval.keyword import KeywordHit

LEAST_ALIKE = 0.3
"""Up to this cosine two questions are no more alike than any two; an explanation names none."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What each search found for a query, by passage id."""

    dense: dict[int, float]
    questions: dict[int, float]
    keyword: dict[int, KeywordHit]
    concepts: int
    """How many concepts the query has."""

    last_dense: float
    best_dense: float
    best_share: float

    @classmethod
    def of(
        cls,
        tokens: Iterable[str],
        dense: Sequence[tuple[int, float]],
        questions: Sequence[tuple[int, float]],
        keyword: Sequence[KeywordHit],
    ) -> Reach:
        """The reach of three searches, each best first."""
        return cls(
            dict(dense),
            dict(questions),
            {hit.passage_id: hit for hit in keyword},
            sum(map(_is_concept, tokens)),
            last_dense=dense[-1][1] if dense else 0.0,
            best_dense=dense[0][1] if dense else 0.0,
            best_share=keyword[0].share if keyword else 0.0,
        )

    @property
    def passage_ids(self) -> set[int]:
        """All passages that some search found."""
        return {*self.dense, *self.questions, *self.keyword}

    def evidence(
        self, number: int, matched: Sequence[str], *, same_language: bool, asked: bool
    ) -> Evidence:
        """What speaks for a passage; outside a search's reach it is at most as good as its last."""
        cosine = self.dense.get(number, self.last_dense)
        hit = self.keyword.get(number)
        share = hit.share if hit else 0.0
        held = sum(map(_is_concept, matched))
        return Evidence(
            dense=cosine,
            question=_nearness(self.questions.get(number, 0.0)),
            keyword=share,
            coverage=hit.coverage if hit else 0.0,
            dense_lead=self.best_dense - cosine,
            keyword_lead=self.best_share - share,
            concepts=held / self.concepts if self.concepts else 0.0,
            language=float(same_language),
            asked=float(asked),
        )


def _nearness(cosine: float) -> float:
    """From 0, for a question like any other, to 1, for the same question."""
    return max(0.0, (cosine - LEAST_ALIKE) / (1 - LEAST_ALIKE))


def _is_concept(token: str) -> bool:
    return token.startswith("#")
