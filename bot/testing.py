"""Small real parts for tests and trials, shipped beside what they stand in for."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bot.generator.extractive import ExtractiveGenerator
from bot.live import Models
from bot.work import Compute
from finetune.types import Prediction, Thresholds
from retrieval.explaining import explain
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.types import EVERYTHING_VALID, Explanation, Hit, SearchFilter, Vectors
from storage.base import utc_now
from storage.database import Database
from storage.feedback import feedback_stamp
from storage.knowledge import Knowledge
from storage.types import Passage

_DIMENSION = 512


class KeywordClassifier:
    """Guesses intents by keywords: the share of each label among the keywords that occur."""

    def __init__(self, keywords: Mapping[str, Sequence[str]]) -> None:
        """`keywords` names the words of each label."""
        self._keywords = keywords

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in order."""
        return tuple(self._keywords)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Sure where one label's words occur, torn where several do, lost where none do."""
        return [self._predict(text.lower()) for text in texts]

    def _predict(self, text: str) -> Prediction:
        found = {
            label: sum(word.lower() in text for word in words)
            for label, words in self._keywords.items()
        }
        total = sum(found.values())
        if not total:
            return Prediction(tuple((label, 1 / len(found)) for label in found), in_scope=0.02)
        ranked = sorted(found.items(), key=lambda item: -item[1])
        return Prediction(tuple((label, count / total) for label, count in ranked), in_scope=0.98)


class KeywordIndex:
    """Finds passages by the share of the question's tokens that they or their questions hold."""

    def __init__(self, analyser: Analyser) -> None:
        """Know no passage before the first `sync`."""
        self._analyser = analyser
        self._passages: tuple[tuple[Passage, frozenset[str]], ...] = ()
        self._revision = -1
        self._feedback = ""

    @property
    def revision(self) -> int:
        """The knowledge revision that was read last."""
        return self._revision

    def sync(self, database: Database) -> int:
        """Read all passages again."""
        with database.session(read_only=True) as session:
            return self._read(Knowledge(session))

    def _read(self, knowledge: Knowledge) -> int:
        revision = knowledge.revision()
        self._passages = tuple((passage, self._words(passage)) for passage in knowledge.passages())
        self._revision = revision
        return revision

    def rebuild(self, progress: Callable[[str, float], None] | None = None) -> bool:
        """Never due."""
        del progress
        return False

    @property
    def feedback(self) -> str:
        """The stamp of the opinions that were read last."""
        return self._feedback

    def weigh_feedback(self, database: Database) -> None:
        """Read the stamp; opinions move nothing here."""
        with database.session(read_only=True) as session:
            self._feedback = feedback_stamp(session)

    @property
    def analyser(self) -> Analyser:
        """What cuts passages and queries into words."""
        return self._analyser

    def recut(self, analyser: Analyser) -> None:
        """Cut all passages into words anew."""
        self._analyser = analyser
        self._passages = tuple((passage, self._words(passage)) for passage, _ in self._passages)

    def _words(self, passage: Passage) -> frozenset[str]:
        said = "\n".join([passage.heading, passage.text, *passage.questions])
        return frozenset(self._analyser.tokens(said))

    def explain(self, query: str, hits: Sequence[Hit]) -> list[Explanation]:
        """Which words each hit shares with the query."""
        return explain(query, hits, self._analyser, None)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Hashed bags of words."""
        vectors = np.zeros((len(texts), _DIMENSION), np.float32)
        for row, text in enumerate(texts):
            for token in self._analyser.tokens(text):
                vectors[row, zlib.crc32(token.encode()) % _DIMENSION] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        hashed: Vectors = vectors / np.maximum(lengths, 1)
        return hashed

    def save(self) -> None:
        """Keep nothing: reading again is quick."""

    def search(
        self, query: str, k: int = 10, *, only: SearchFilter = EVERYTHING_VALID
    ) -> list[Hit]:
        """The passages that share most with the query, best first."""
        today = utc_now().date()
        wanted = frozenset(self._analyser.tokens(query))
        found = []
        for passage, tokens in self._passages:
            share = len(wanted & tokens) / len(wanted) if wanted else 0.0
            if share and only.admits(passage, today):
                matched = tuple(sorted(wanted & tokens))
                found.append(Hit(passage, share, 0.0, share, matched))
        return sorted(found, key=lambda hit: -hit.score)[:k]


def keyword_models(
    bundle_id: str,
    compute: Compute,
    keywords: Mapping[str, Sequence[str]],
    label_templates: Mapping[str, int | None],
) -> Models:
    """A bundle that works by keywords alone, with the real lexicon and the real generator."""
    analyser = Analyser(Lexicon.from_package())
    return Models(
        bundle_id=bundle_id,
        classifier=KeywordClassifier(keywords),
        thresholds=Thresholds(answer=0.6, clarify=0.55, grounded=0.5),
        label_templates=label_templates,
        analyser=analyser,
        index=KeywordIndex(analyser),
        generator=ExtractiveGenerator(analyser, compute),
    )
