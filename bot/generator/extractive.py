"""The embedded generator: quotes the sentences that answer best, with citations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from bot.generator.base import Piece, Request
from bot.generator.grounding import is_verbatim
from bot.generator.sentences import Sentence, joint, sentences_of
from bot.guard import is_instruction
from bot.work import Compute
from retrieval.text import Analyser
from retrieval.types import Encoder, Hit
from storage.types import SEARCH_KIND_ANSWER, Citation, Passage

MAX_SENTENCES = 3
MAX_CHARACTERS = 400
MAX_PASSAGES = 3

# A sentence must carry this share of the best one's score to be quoted beside it.
_WORTH_SHARE = 0.35
_CODE_WEIGHT = 2.0
_CONCEPT_WEIGHT = 0.6
_MEANING_WEIGHT = 0.8
_BASE = 0.5
"""A passage counts by P(relevant), and by its best sentence only beside that."""
_ASKED_ALIKE = 3
_ALIKE_WEIGHT = 0.5
"""So many of the passage's questions nearest to the customer's speak too, each with this weight
times its cosine: where somebody asked alike says which sentence is meant."""


@dataclass(frozen=True, slots=True)
class _Quote:
    """Neighbouring sentences of one passage."""

    passage: Passage
    sentences: tuple[Sentence, ...]
    score: float

    @property
    def length(self) -> int:
        return sum(len(sentence.text) for sentence in self.sentences)


class ExtractiveGenerator:
    """Picks neighbouring sentences by the words and concepts they share with the question."""

    def __init__(
        self, analyser: Analyser, compute: Compute, encoder: Encoder | None = None
    ) -> None:
        """With an encoder, nearness in meaning counts as well."""
        self._analyser = analyser
        self._compute = compute
        self._encoder = encoder

    async def write(self, request: Request) -> AsyncGenerator[Piece, None]:
        """The chosen sentences in document order, each checked, the last of a quote cited.

        A quote is in the language of its document.
        """
        quotes = await self._compute.run(partial(self.choose, request.question, request.hits))
        written = ""
        for number, quote in enumerate(quotes, start=1):
            for position, sentence in enumerate(quote.sentences):
                last = position == len(quote.sentences) - 1
                evidence = quote.passage.text
                if is_instruction(sentence.text) or not is_verbatim(sentence.text, evidence):
                    continue
                text = joint(written, new_line=sentence.new_line) + sentence.text
                text += f" [{number}]" if last else ""
                written += text
                yield Piece(text, (_citation(number, quote),) if last else ())

    def choose(self, question: str, hits: Sequence[Hit]) -> list[_Quote]:
        """The best quote, and one from another passage that is nearly as good if there is room."""
        best = [hit for hit in hits[:MAX_PASSAGES] if hit.passage.text.strip()]
        if not best:
            return []
        cut = [(hit, sentences) for hit in best if (sentences := sentences_of(hit.passage.text))]
        # The sentences of all passages are compared with each other.
        said = [(_context(hit.passage), each.text) for hit, some in cut for each in some]
        scores = iter(self._scores(question, said))
        quotes = [
            _quote(
                hit, some, self._with_alike(question, hit, some, list(islice(scores, len(some))))
            )
            for hit, some in cut
        ]
        quotes.sort(key=lambda quote: -quote.score)
        return _within_limits(quotes)

    def _with_alike(
        self, question: str, hit: Hit, sentences: Sequence[Sentence], scores: list[float]
    ) -> list[float]:
        """The scores, with those for the passage's own questions that are most like this one."""
        if self._encoder is None or not hit.question or _answers_one_question(hit.passage):
            return scores
        asked = hit.passage.questions
        near = self._nearness(question, asked)
        said = [(_context(hit.passage), each.text) for each in sentences]
        for place in sorted(range(len(asked)), key=lambda place: -near[place])[:_ASKED_ALIKE]:
            share = _ALIKE_WEIGHT * near[place]
            told = self._scores(asked[place], said)
            scores = [score + share * more for score, more in zip(scores, told, strict=True)]
        return scores

    def _scores(self, question: str, said: Sequence[tuple[str, str]]) -> list[float]:
        """How much of the question each (context, sentence) tells, and how near it is in meaning.

        What stands in title and heading holds for every sentence below them.
        """
        whole = [f"{context}\n{sentence}" for context, sentence in said]
        words = _shares(self._analyser.tokens(question), map(self._analyser.tokens, whole))
        concepts = _shares(self._analyser.concepts(question), map(self._analyser.concepts, whole))
        near = self._nearness(question, [sentence for _, sentence in said])
        return [
            0.05 + word + _CONCEPT_WEIGHT * concept + _MEANING_WEIGHT * meaning
            for word, concept, meaning in zip(words, concepts, near, strict=True)
        ]

    def _nearness(self, question: str, sentences: Sequence[str]) -> list[float]:
        if self._encoder is None:
            return [0.0] * len(sentences)
        vectors = self._encoder.encode([question, *sentences])
        return [max(0.0, float(value)) for value in vectors[1:] @ vectors[0]]


def _context(passage: Passage) -> str:
    return f"{passage.title}\n{passage.heading}"


def _quote(hit: Hit, sentences: Sequence[Sentence], scores: Sequence[float]) -> _Quote:
    if _answers_one_question(hit.passage):
        return _Quote(hit.passage, _fitting(sentences), hit.score)
    start, end, score = _best_window(sentences, scores)
    worth = (_BASE + score) / (_BASE + 1)
    return _Quote(hit.passage, tuple(sentences[start:end]), hit.score * worth)


def _answers_one_question(passage: Passage) -> bool:
    """Whether it is told from its beginning: an answer of the history, or a row of an FAQ."""
    asked = passage.heading.rpartition(" > ")[2]
    return passage.kind == SEARCH_KIND_ANSWER or asked in passage.questions


def _shares(wanted: Iterable[str], sentences: Iterable[Iterable[str]]) -> list[float]:
    """The share of the wanted tokens that each sentence holds, the rarer the more it counts.

    What every sentence says (the product's name) does not tell them apart; what
    only one row of a table says (`E5`) does.
    """
    asked = set(wanted)
    held = [asked & set(sentence) for sentence in sentences]
    spread = Counter(token for tokens in held for token in tokens)
    rarity = {
        token: _importance(token) * math.log(max(len(held), 2) / (spread[token] or 1))
        for token in asked
    }
    whole = sum(rarity.values())
    return [sum(rarity[token] for token in tokens) / whole if whole else 0.0 for tokens in held]


def _importance(token: str) -> float:
    """A number or a code in a question is what it is about."""
    return _CODE_WEIGHT if any(map(str.isdigit, token)) else 1.0


def _fitting(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The first sentences, as many as the limits let through, at least one."""
    chosen = [sentences[0]]
    for sentence in sentences[1:MAX_SENTENCES]:
        if sum(len(each.text) for each in chosen) + len(sentence.text) > MAX_CHARACTERS:
            break
        chosen.append(sentence)
    return tuple(chosen)


def _best_window(sentences: Sequence[Sentence], scores: Sequence[float]) -> tuple[int, int, float]:
    """Bounds of the neighbouring sentences that are worth most, and the best score in them."""
    cost = max(scores) * _WORTH_SHARE
    best = (scores.index(max(scores)), scores.index(max(scores)) + 1)
    worth = max(scores) - cost
    for start in range(len(sentences)):
        for end in range(start + 2, min(start + MAX_SENTENCES, len(sentences)) + 1):
            length = sum(len(sentence.text) for sentence in sentences[start:end])
            gain = sum(scores[start:end]) - cost * (end - start)
            if length <= MAX_CHARACTERS and gain > worth:
                best, worth = (start, end), gain
    return *best, max(scores[slice(*best)])


def _within_limits(quotes: Sequence[_Quote]) -> list[_Quote]:
    first, *others = quotes
    for other in others:
        together = len(first.sentences) + len(other.sentences) <= MAX_SENTENCES
        room = first.length + other.length <= MAX_CHARACTERS
        new = other.passage.text != first.passage.text
        if together and room and new and other.score >= first.score * 0.9:
            return [first, other]
    return [first]


def _citation(number: int, quote: _Quote) -> Citation:
    passage = quote.passage
    start, end = quote.sentences[0].start, quote.sentences[-1].end
    return Citation(
        n=number,
        text=passage.text[start:end],
        document=passage.document,
        heading=passage.heading or passage.title,
        start=passage.start + start,
        end=passage.start + end,
    )
