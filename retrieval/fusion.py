"""One score from two searches: P(relevant), by logistic regression on what both found."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from operator import mul
from pathlib import Path
from typing import NamedTuple

from retrieval.errors import EncoderError
from storage.types import SEARCH_KIND_ANSWER


class Evidence(NamedTuple):
    """What speaks for a passage, each roughly from 0 to 1.

    `dense` is the cosine with the passage; `question` is 0 up to a cosine of 0.3 with the nearest
    question attached to the passage, and 1 for the same question; `keyword` is the share of the
    reachable BM25 score; `coverage` the share of the query's tokens held; `dense_lead` and
    `keyword_lead` the distance to the best passage of the same query, 0 for the best itself;
    `concepts` the share of the query's concepts held; `language` is 1 for the query's own; `asked`
    is 1 for a passage that has questions attached, whether or not they are near.
    """

    dense: float
    question: float
    keyword: float
    coverage: float
    dense_lead: float
    keyword_lead: float
    concepts: float
    language: float
    asked: float


class Weights(NamedTuple):
    """A logistic model over `Evidence`, its values in the same order and then the bias."""

    dense: float
    question: float
    keyword: float
    coverage: float
    dense_lead: float
    keyword_lead: float
    concepts: float
    language: float
    asked: float
    bias: float

    def score(self, evidence: Evidence) -> float:
        """P(relevant), from 0 to 1."""
        # The shorter of the two ends before the bias.
        logit = self.bias + sum(map(mul, evidence, self))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


ANSWERS = Weights(
    dense=7.16,
    question=5.17,
    keyword=3.76,
    coverage=0.82,
    dense_lead=-4.0,
    keyword_lead=-3.07,
    concepts=1.04,
    language=0.2,
    asked=0.0,
    bias=-7.43,
)
DOCUMENTS = Weights(
    dense=8.35,
    question=5.01,
    keyword=3.63,
    coverage=3.92,
    dense_lead=-7.54,
    keyword_lead=-6.85,
    concepts=0.6,
    language=1.97,
    asked=-2.64,
    bias=-6.13,
)
"""What the sample shop's history and search questions came to while every other document had its
attached questions taken away; where a shop's own fit begins. That questions are attached speaks
against a passage of which none is near, so that documents without any are not left behind.

Of an answer in both languages only the customer's own is a candidate, so `language` of the answers
is all but constant: with the bias it says how rarely search is asked what an answer serves.
"""


@dataclass(frozen=True, slots=True)
class Fusion:
    """The weights for both kinds of passage.

    They differ: an answer comes with many questions that it answered, a document with some or none.
    """

    answers: Weights = field(default=ANSWERS)
    documents: Weights = field(default=DOCUMENTS)

    def score(self, kind: str, evidence: Evidence) -> float:
        """P(relevant) of a passage of this kind."""
        return self.weights(kind).score(evidence)

    def weights(self, kind: str) -> Weights:
        """The weights for passages of one kind."""
        return self.answers if kind == SEARCH_KIND_ANSWER else self.documents

    def save(self, path: Path) -> None:
        """Write the weights as JSON."""
        found = {"answers": self.answers._asdict(), "documents": self.documents._asdict()}
        path.write_text(json.dumps(found, indent=2), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Fusion:
        """Read what `save` wrote."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            kinds = (found["answers"], found["documents"])
            # Weights of a bundle that knew nothing of `asked` never weighed it.
            return cls(*(Weights(**{"asked": 0.0, **weights}) for weights in kinds))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise EncoderError(
                f"expected fusion weights in {path.name}, found a damaged file"
            ) from error
