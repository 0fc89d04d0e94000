"""Why a classifier says what it says: the words that carried it, and what it has seen like it.

Model-agnostic: only `predict` and an encoder's vectors are asked.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from finetune.types import Prediction
from retrieval.normalise import normalise_text
from retrieval.text import Analyser
from retrieval.types import Encoder
from storage.normalise import text_key
from storage.types import Example

MOST_VARIANTS = 60
_BY_LETTERS = 300
_BY_INTENT = 100
"""How many examples are compared by meaning: a pretrained encoder takes milliseconds for each."""

Predict = Callable[[Sequence[str]], list[Prediction]]


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word by its offsets in the text; `weight` is what P(right) loses without it.

    A negative weight speaks for something else.
    """

    text: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An example near the question; `similarity` is the cosine of both vectors."""

    question: str
    intent: str
    language: str
    source: str
    similarity: float


def word_weights(
    text: str, label: str, predict: Predict, analyser: Analyser
) -> tuple[WordWeight, ...]:
    """Leave one word out at a time and see what becomes of P(label) (Li et al. 2016: erasure).

    A text of more than 60 words is cut into as many runs of neighbouring words.
    """
    words = analyser.spans(text)
    step = max(1, math.ceil(len(words) / MOST_VARIANTS))
    runs = [words[start : start + step] for start in range(0, len(words), step)]
    spans = [(run[0][0], run[-1][1]) for run in runs]
    variants = [f"{text[:start]} {text[end:]}" for start, end in spans]
    whole, *without = [_p_of(label, found) for found in predict([text, *variants])]
    return tuple(
        WordWeight(text[start:end], start, end, whole - left)
        for (start, end), left in zip(spans, without, strict=True)
    )


def _p_of(label: str, prediction: Prediction) -> float:
    """P(this label is right), counting that the question may be out of scope."""
    return dict(prediction.ranked).get(label, 0.0) * prediction.in_scope


def nearest_questions(
    question: str,
    examples: Sequence[Example],
    encoder: Encoder,
    *,
    likely: Collection[str] = (),
    k: int = 5,
) -> tuple[Neighbour, ...]:
    """The k examples nearest in meaning, none of them twice.

    Compared are those that share most letters with the question, and some of the `likely` intents,
    which may be in another language.
    """
    distinct = {text_key(e.question): e for e in examples if e.intent}
    candidates = _candidates(question, list(distinct.values()), likely)
    if not candidates:
        return ()
    vectors = encoder.encode([question, *(each.question for each in candidates)])
    scored = zip((vectors[1:] @ vectors[0]).tolist(), candidates, strict=True)
    best = heapq.nlargest(k, scored, key=lambda pair: pair[0])
    return tuple(
        Neighbour(each.question, str(each.intent), each.language, each.source, similarity)
        for similarity, each in best
    )


def _candidates(
    question: str, examples: Sequence[Example], likely: Collection[str]
) -> list[Example]:
    wanted = _pairs(question)
    scores = [_overlap(wanted, _pairs(each.question)) for each in examples]
    places = heapq.nlargest(_BY_LETTERS, range(len(examples)), key=scores.__getitem__)
    known = set(places)
    more = [n for n, each in enumerate(examples) if each.intent in likely and n not in known]
    step = max(1, math.ceil(len(more) / _BY_INTENT))
    return [examples[place] for place in (*places, *more[::step])]


def _pairs(text: str) -> set[str]:
    normal = f" {normalise_text(text)} "
    return {first + second for first, second in pairwise(normal)}


def _overlap(one: set[str], other: set[str]) -> float:
    """Dice's coefficient of two sets."""
    return 2 * len(one & other) / (len(one) + len(other))
