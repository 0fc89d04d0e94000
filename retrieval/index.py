"""The search index: dense and keyword search over the same passages, one score for both.

It is a cache of the database's passages. Whoever opens it replays the changes since it was saved,
deletions first; a missing or damaged cache is built again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from retrieval.cache import save_cache, whole_caches
from retrieval.dense import DenseState, OpenDense
from retrieval.explaining import explain
from retrieval.faiss_index import local_dense
from retrieval.fusion import Fusion
from retrieval.index_cache import FORMAT, cache_name
from retrieval.keyword import KeywordIndex
from retrieval.passage_text import frequencies, own_text
from retrieval.prior import passage_priors
from retrieval.query import beside_run, read_query, weighted_tokens
from retrieval.ranking import Candidate, gather, rank
from retrieval.reach import Reach
from retrieval.rerank import Reranker, rerank
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task
from retrieval.types import EVERYTHING_VALID, Encoder, Explanation, Hit, SearchFilter, Vectors
from retrieval.wordings import in_language, one_wording_each
from storage.base import utc_now
from storage.database import Database
from storage.feedback import feedback_stamp, passage_votes
from storage.knowledge import Knowledge
from storage.types import Passage

_CANDIDATES = 100
_FILTERED_CANDIDATES = 2_000  # a filter may leave out most of what a search finds
_BATCH = 512
_TRIES = 2
"""A process that saves takes the older folder away, perhaps from under one that loads it."""
_DENSE, _QUESTIONS, _KEYWORD = "dense", "questions", "keyword.npz"


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
        *,
        today: Callable[[], date] = lambda: utc_now().date(),
        reranker: Reranker | None = None,
    ) -> None:
        """`folder` keeps the cache; nothing is read before `sync`. `today` is the shop's day.

        `open_dense` says where the vectors are kept: in this process, or in a shared database.
        """
        self._caches = folder
        self._folder = folder / cache_name(encoder.fingerprint, analyser)
        self._today, self._reranker = today, reranker
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
        self._revision, self._feedback = 0, ""
        self._priors: Mapping[int, float] = {}

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

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, of shape (len(texts), dimension)."""
        return self._encoder.encode(texts)

    @property
    def analyser(self) -> Analyser:
        """What cuts passages and queries into words."""
        return self._analyser

    @property
    def feedback(self) -> str:
        """The stamp of the customers' opinions that the scores reckon with."""
        return self._feedback

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
            analysed = [
                (each, frequencies(self._analyser, each)) for each in some if each.id in changed
            ]
            with self._lock:
                for passage, counts in analysed:
                    self._keyword.put(passage.id, counts)
                    self._passages[passage.id] = passage
            own = {passage.id: (own_text(passage),) for passage in some}
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
        share = partial(progress, "building the index of vectors") if progress else None
        parts = self._dense.rebuild(share), self._questions.rebuild(share)
        return any(parts)

    def state(self) -> dict[str, DenseState]:
        """What the vectors of passages and of attached questions are kept in."""
        return {_DENSE: self._dense.state(), _QUESTIONS: self._questions.state()}

    def recut(self, analyser: Analyser) -> None:
        """Cut all passages into words anew, with other synonyms or words; meanings stay.

        Searches go on with the old words until the new ones are all there.
        """
        with self._syncing:
            fresh = KeywordIndex()
            for passage in self.passages():
                fresh.put(passage.id, frequencies(analyser, passage))
            with self._lock:
                self._analyser, self._keyword = analyser, fresh
                self._folder = self._caches / cache_name(self._encoder.fingerprint, analyser)

    def weigh_feedback(self, database: Database) -> None:
        """Let the customers' opinions of quoted passages, as they are now, move the scores."""
        with database.session(read_only=True) as session:
            stamp, votes = feedback_stamp(session), passage_votes(session)
        self._priors = passage_priors(self.passages(), votes)
        self._feedback = stamp

    def search(
        self, query: str, k: int = 10, *, only: SearchFilter = EVERYTHING_VALID
    ) -> list[Hit]:
        """The k passages most likely to answer, best first, of those that the filter admits."""
        today = self._today()
        found = self.candidates(query, wide=only.narrows)
        admitted = (each for each in found if only.admits(each.passage, today))
        ranked = rerank(self._reranker, query, rank(admitted, self.fusion, self._priors))
        return list(islice(one_wording_each(ranked), k))

    def explain(self, query: str, hits: Sequence[Hit]) -> list[Explanation]:
        """Why each of these was found for the query."""
        return explain(query, hits, self._analyser, self._encoder)

    def candidates(self, text: str, *, wide: bool = False) -> list[Candidate]:
        """What either search found, unordered, with the evidence for each; `wide` looks deeper."""
        depth = _FILTERED_CANDIDATES if wide else _CANDIDATES
        written = weighted_tokens(self._analyser, text)
        vector = self._encoder.encode([text])
        by_meaning = self._dense.search(vector, depth)
        by_question = self._questions.search(vector, depth)
        with self._lock:
            query = read_query(text, written, self._analyser, self._keyword)
            by_word = self._keyword.search(query.tokens, depth)
            reach = Reach.of(query.tokens, by_meaning, by_question, by_word)
            reached = sorted(reach.passage_ids & self._passages.keys())
            passages = in_language(query.language, [self._passages[number] for number in reached])
            held = self._keyword.held([passage.id for passage in passages], query.tokens)
            beside = beside_run(query, by_word, self._keyword, depth)
        return gather(query, reach, passages, held, beside)

    def save(self) -> None:
        """Write the cache so that a kill at any moment leaves the old one or the new one.

        Searches go on meanwhile.
        """
        with self._syncing:
            with self._lock:
                self._keyword.drop_dead()
            facts = {
                "format": FORMAT,
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
                if facts.get("format") == FORMAT and self._take_over(folder, facts, database):
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
