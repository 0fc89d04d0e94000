"""The search index: dense and keyword search over the same passages, one score for both.

It is a cache of the database's passages. Whoever opens it replays the changes since it was saved,
deletions first; a missing or damaged cache is built again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from retrieval.cache import noted, save_cache, whole_caches
from retrieval.dense import DenseState, OpenDense, Share
from retrieval.faiss_index import local_dense
from retrieval.fusion import Evidence, Fusion
from retrieval.keyword import KeywordIndex, weighted_counts
from retrieval.language import detect_language
from retrieval.reach import Reach
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task
from retrieval.types import Encoder, Hit
from retrieval.wordings import in_language, one_wording_each
from storage.database import Database
from storage.knowledge import Knowledge
from storage.types import Passage

_CANDIDATES = 100
_CONCEPT_WEIGHT = 0.8
"""A group of words counts less than the word itself, in the index and in the query alike."""
_BATCH = 512
_FORMAT = 3
_TRIES = 2
"""A process that saves takes the older folder away, perhaps from under one that loads it."""
_DENSE, _QUESTIONS, _KEYWORD = "dense", "questions", "keyword.npz"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that a search reached, why, and the words that both share."""

    passage: Passage
    evidence: Evidence
    matched: tuple[str, ...]


Progress = Callable[[str, float], None]


class HybridIndex:
    """Passages found by meaning and by word; one object serves all threads."""

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        analyser: Analyser,
        fusion: Fusion,
        open_dense: OpenDense = local_dense,
    ) -> None:
        """`folder` keeps the cache; nothing is read before `sync`.

        `open_dense` says where the vectors are kept: in this process, or in a shared database.
        """
        self._folder = folder / cache_name(encoder.fingerprint, analyser)
        self._encoder = encoder
        self._analyser = analyser
        self.fusion = fusion
        self._lock = threading.RLock()
        self._syncing = threading.Lock()
        self._passages: dict[int, Passage] = {}
        self._keyword = KeywordIndex()
        self._open_dense = open_dense
        self._dense = open_dense(_DENSE, encoder)
        self._questions = open_dense(_QUESTIONS, encoder)
        self._revision = 0

    @property
    def revision(self) -> int:
        """The database revision that the index has caught up with; 0 before the first `sync`."""
        return self._revision

    @property
    def name(self) -> str:
        """The cache's folder name, made of the fingerprints of encoder and analyser."""
        return self._folder.name

    @property
    def encoder(self) -> Encoder:
        """What makes the vectors."""
        return self._encoder

    def count(self) -> int:
        """Number of passages that can be found."""
        return len(self._passages)

    def passages(self) -> list[Passage]:
        """All that can be found, in the order of their ids."""
        with self._lock:
            return [self._passages[number] for number in sorted(self._passages)]

    def sync(self, database: Database, progress: Progress | None = None) -> int:
        """Catch up with the database and return its revision; no transaction waits for a model."""
        with self._syncing:
            first = self._revision == 0
            if first:
                self._load(database)
            with database.session(read_only=True) as session:
                knowledge = Knowledge(session)
                target = knowledge.revision()
                compare = first and self._dense.shared
                if target == self._revision and not compare:
                    return target
                if target < self._revision:
                    self._clear()
                changes = knowledge.changes_since(self._revision)
                changed = {change.passage_id for change in changes if not change.deleted}
                passages = knowledge.passages(None if compare else changed)
            found = {passage.id for passage in passages}
            self._remove([each.passage_id for each in changes if each.passage_id not in found])
            self._put(passages, changed, target, progress)
            self._revision = target
            return target

    def _clear(self) -> None:
        with self._lock:
            self._passages = {}
            self._keyword = KeywordIndex()
            self._dense = self._open_dense(_DENSE, self._encoder)
            self._questions = self._open_dense(_QUESTIONS, self._encoder)
            self._revision = 0

    def _remove(self, passage_ids: Sequence[int]) -> None:
        with self._lock:
            for number in passage_ids:
                self._keyword.delete(number)
                self._passages.pop(number, None)
        self._dense.delete(passage_ids)
        self._questions.delete(passage_ids)

    def _put(
        self,
        passages: Sequence[Passage],
        changed: set[int],
        revision: int,
        progress: Progress | None,
    ) -> None:
        # Words first: until a passage has its vectors the keyword part serves it.
        for start in range(0, len(passages), _BATCH):
            some = passages[start : start + _BATCH]
            analysed = [(each, self._frequencies(each)) for each in some if each.id in changed]
            with self._lock:
                for passage, counts in analysed:
                    self._keyword.put(passage.id, counts)
                    self._passages[passage.id] = passage
            own = {passage.id: (_own_text(passage),) for passage in some}
            asked = {passage.id: passage.questions for passage in some}
            self._dense.update(own, self._encoder.encode, revision)
            self._questions.update(asked, self._encoder.encode, revision)
            if progress is not None:
                progress("indexing passages", (start + len(some)) / len(passages))

    def rebuild(self, progress: Progress | None = None) -> bool:
        """Build anew what has outgrown its kind, beside what serves; False if nothing was due.

        May take minutes at hundreds of thousands of passages; search and `sync` go on meanwhile,
        so it takes one processor and leaves them the others.
        """
        use_one_thread_per_task()
        share = _told(progress, "building the index of vectors")
        parts = self._dense.rebuild(share), self._questions.rebuild(share)
        return any(parts)

    def state(self) -> dict[str, DenseState]:
        """What the vectors of passages and of attached questions are kept in."""
        return {_DENSE: self._dense.state(), _QUESTIONS: self._questions.state()}

    def _frequencies(self, passage: Passage) -> dict[str, float]:
        text = "\n".join([passage.title, passage.heading, passage.text, *passage.questions])
        return self._weighted(text)

    def _weighted(self, text: str) -> dict[str, float]:
        concepts = [
            ("#" + match.group, match.weight * _CONCEPT_WEIGHT)
            for match in self._analyser.matches(text)
        ]
        return weighted_counts(self._analyser.tokens(text), concepts)

    def search(self, query: str, k: int = 10, *, language: str | None = None) -> list[Hit]:
        """The k passages most likely to answer, best first; `language` keeps only that one's."""
        hits = [
            Hit(
                passage=found.passage,
                score=self.fusion.score(found.passage.kind, found.evidence),
                dense=found.evidence.dense,
                keyword=found.evidence.keyword,
                matched=found.matched,
            )
            for found in self.candidates(query)
            if language is None or found.passage.language == language
        ]
        ranked = sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))
        return list(islice(one_wording_each(ranked), k))

    def candidates(self, query: str) -> list[Candidate]:
        """What either search found, unordered, with the evidence for each."""
        tokens = self._weighted(query)
        language = detect_language(query)
        vector = self._encoder.encode([query])
        by_meaning = self._dense.search(vector, _CANDIDATES)
        by_question = self._questions.search(vector, _CANDIDATES)
        with self._lock:
            by_word = self._keyword.search(tokens, _CANDIDATES)
            reach = Reach.of(tokens, by_meaning, by_question, by_word)
            reached = reach.passage_ids & self._passages.keys()
            passages = in_language(language, [self._passages[number] for number in sorted(reached)])
            held = self._keyword.held([passage.id for passage in passages], tokens)
        found = []
        for passage, matched in zip(passages, held, strict=True):
            same = language in (None, passage.language)
            evidence = reach.evidence(passage.id, matched, same_language=same)
            found.append(Candidate(passage, evidence, matched))
        return found

    def save(self) -> None:
        """Write the cache so that a kill at any moment leaves the old one or the new one.

        Searches go on meanwhile.
        """
        with self._syncing:
            with self._lock:
                self._keyword.drop_dead()
            facts = {
                "format": _FORMAT,
                "revision": self._revision,
                "state": {name: asdict(state) for name, state in self.state().items()},
            }
            save_cache(self._folder, facts, self._write)

    def _write(self, folder: Path) -> None:
        self._dense.save(folder, _DENSE)
        self._questions.save(folder, _QUESTIONS)
        self._keyword.save(folder / _KEYWORD)

    def _load(self, database: Database) -> None:
        """Take over the saved cache if it is whole; otherwise stay empty, which means rebuild."""
        for _ in range(_TRIES):
            for folder, facts in whole_caches(self._folder):
                if facts.get("format") == _FORMAT and self._take_over(folder, facts, database):
                    return

    def _take_over(self, folder: Path, facts: dict[str, Any], database: Database) -> bool:
        try:
            revision = int(facts["revision"])
            dense = self._open_dense(_DENSE, self._encoder)
            questions = self._open_dense(_QUESTIONS, self._encoder)
            dense.load(folder, _DENSE)
            questions.load(folder, _QUESTIONS)
            keyword = KeywordIndex.load(folder / _KEYWORD)
        except (OSError, ValueError, KeyError, TypeError, BadZipFile):
            return False
        with database.session(read_only=True) as session:
            knowledge = Knowledge(session)
            if revision > knowledge.revision():
                return False
            passages = {passage.id: passage for passage in knowledge.passages()}
        with self._lock:
            self._dense, self._questions, self._keyword = dense, questions, keyword
            self._passages = passages
            self._revision = revision
        return True


def saved_state(folder: Path, encoder_fingerprint: str, analyser: Analyser) -> dict[str, Any]:
    """What `HybridIndex.state` was when the cache below `folder` was saved; empty if none is."""
    facts = noted(folder / cache_name(encoder_fingerprint, analyser)) or {}
    found = facts.get("state") if facts.get("format") == _FORMAT else None
    return found or {}


def _own_text(passage: Passage) -> str:
    return " ".join(part for part in (passage.title, passage.heading, passage.text) if part)


def cache_name(encoder_fingerprint: str, analyser: Analyser) -> str:
    """The folder, below `indexes/`, of the cache that this encoder and analyser share."""
    return f"{encoder_fingerprint}-{analyser.fingerprint}"


def _told(progress: Progress | None, what: str) -> Share | None:
    return None if progress is None else partial(progress, what)
