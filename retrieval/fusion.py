"""One score from two searches: P(relevant), by logistic regression on what both found."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from retrieval.errors import EncoderError


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a passage, each roughly from 0 to 1.

    `dense` is the cosine with the passage; `question` is 0 up to a cosine of 0.5 with the nearest
    question attached to the passage, and 1 for the same question; `keyword` is the share of the
    reachable BM25 score; `coverage` the share of the query's tokens held; `dense_lead` and
    `keyword_lead` the distance to the best passage of the same query, 0 for the best itself;
    `concepts` the share of the query's concepts held.
    """

    dense: float
    question: float
    keyword: float
    coverage: float
    dense_lead: float
    keyword_lead: float
    concepts: float


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights of a logistic model over `Evidence`; the defaults stand until a shop has its own."""

    dense: float = 5.0
    question: float = 3.0
    keyword: float = 3.5
    coverage: float = 1.5
    dense_lead: float = -2.5
    keyword_lead: float = -3.0
    concepts: float = 0.8
    bias: float = -4.4

    def score(self, evidence: Evidence) -> float:
        """P(relevant), from 0 to 1."""
        return self.score_values(astuple(evidence))

    def score_values(self, values: Sequence[float]) -> float:
        """P(relevant) for the values of an `Evidence`, in its order."""
        *weights, bias = astuple(self)
        logit = bias + sum(weight * value for weight, value in zip(weights, values, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))

    def save(self, path: Path) -> None:
        """Write the weights as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Fusion:
        """Read what `save` wrote."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise EncoderError(
                f"expected fusion weights in {path.name}, found a damaged file"
            ) from error
