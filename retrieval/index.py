"""The search index: dense and keyword search over the same passages, one score for both.

It is a cache of the database's passages. Whoever opens it replays the changes since it was saved,
deletions first; a missing or damaged cache is built again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from retrieval.dense import DenseIndex
from retrieval.explaining import explain
from retrieval.fusion import Fusion
from retrieval.keyword import KeywordIndex
from retrieval.prior import passage_priors
from retrieval.query import languages_that_count, long_run, read_query, weighted_tokens
from retrieval.ranking import Candidate, rank
from retrieval.reach import Reach
from retrieval.text import Analyser
from retrieval.types import EVERYTHING_VALID, Encoder, Explanation, Hit, SearchFilter, Vectors
from retrieval.wordings import in_language, one_wording_each
from storage.base import utc_now
from storage.database import Database
from storage.feedback import feedback_stamp, passage_votes
from storage.knowledge import Knowledge
from storage.types import Passage

_CANDIDATES = 100
_FILTERED_CANDIDATES = 2_000
"""A filter may leave out most of what a search finds."""
_COMPARED = 10
"""So many passages are looked at for words that all of them share."""
_BATCH = 512
_FORMAT = 2


Progress = Callable[[str, float], None]


class HybridIndex:
    """Passages found by meaning and by word; one object serves all threads."""

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        analyser: Analyser,
        fusion: Fusion,
        *,
        today: Callable[[], date] = lambda: utc_now().date(),
    ) -> None:
        """`folder` keeps the cache; nothing is read before `sync`. `today` is the shop's day."""
        self._caches = folder
        self._folder = folder / _cache_name(encoder, analyser)
        self._today = today
        self._encoder = encoder
        self._analyser = analyser
        self.fusion = fusion
        self._lock = threading.RLock()
        self._syncing = threading.Lock()
        self._passages: dict[int, Passage] = {}
        self._keyword = KeywordIndex()
        self._dense = DenseIndex(encoder.dimension)
        self._questions = DenseIndex(encoder.dimension)
        self._revision = 0
        self._priors: Mapping[int, float] = {}
        self._feedback = ""

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
            if self._revision == 0:
                self._load(database)
            with database.session(read_only=True) as session:
                knowledge = Knowledge(session)
                target = knowledge.revision()
                if target == self._revision:
                    return target
                if target < self._revision:
                    self._clear()
                changes = knowledge.changes_since(self._revision)
                changed = [change.passage_id for change in changes if not change.deleted]
                passages = knowledge.passages(changed)
            found = {passage.id for passage in passages}
            gone = [change.passage_id for change in changes if change.passage_id not in found]
            self._remove(gone)
            self._put(passages, progress)
            self._revision = target
            return target

    def _clear(self) -> None:
        with self._lock:
            self._passages = {}
            self._keyword = KeywordIndex()
            self._dense = DenseIndex(self._encoder.dimension)
            self._questions = DenseIndex(self._encoder.dimension)
            self._revision = 0

    def _remove(self, passage_ids: Sequence[int]) -> None:
        with self._lock:
            self._dense.delete(passage_ids)
            self._questions.delete(passage_ids)
            for number in passage_ids:
                self._keyword.delete(number)
                self._passages.pop(number, None)

    def _put(self, passages: Sequence[Passage], progress: Progress | None) -> None:
        # Words first: until a passage has its vectors the keyword part serves it.
        for start in range(0, len(passages), _BATCH):
            some = passages[start : start + _BATCH]
            frequencies = [_frequencies(self._analyser, passage) for passage in some]
            self._remove([passage.id for passage in some])
            with self._lock:
                for passage, counts in zip(some, frequencies, strict=True):
                    self._keyword.put(passage.id, counts)
                    self._passages[passage.id] = passage
            vectors = self._encoder.encode([_own_text(passage) for passage in some])
            asked = [(passage.id, text) for passage in some for text in passage.questions]
            questions = self._encoder.encode([text for _, text in asked])
            with self._lock:
                self._dense.put([passage.id for passage in some], vectors)
                self._questions.put([number for number, _ in asked], questions)
            if progress is not None:
                progress("indexing passages", (start + len(some)) / len(passages))

    def recut(self, analyser: Analyser) -> None:
        """Cut all passages into words anew, with other synonyms or words; meanings stay.

        Searches go on with the old words until the new ones are all there.
        """
        with self._syncing:
            fresh = KeywordIndex()
            for passage in self.passages():
                fresh.put(passage.id, _frequencies(analyser, passage))
            with self._lock:
                self._analyser, self._keyword = analyser, fresh
                self._folder = self._caches / _cache_name(self._encoder, analyser)

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
        ranked = rank(admitted, self.fusion, self._priors)
        return list(islice(one_wording_each(ranked), k))

    def explain(self, query: str, hits: Sequence[Hit]) -> list[Explanation]:
        """Why each of these was found for the query."""
        return explain(query, hits, self._analyser, self._encoder)

    def candidates(self, text: str, *, wide: bool = False) -> list[Candidate]:
        """What either search found, unordered, with the evidence for each; `wide` looks deeper."""
        depth = _FILTERED_CANDIDATES if wide else _CANDIDATES
        written = weighted_tokens(self._analyser, text)
        vector = self._encoder.encode([text])
        with self._lock:
            query = read_query(text, written, self._analyser, self._keyword)
            by_word = self._keyword.search(query.tokens, depth)
            reach = Reach.of(
                query.tokens,
                self._dense.search(vector, depth),
                self._questions.search(vector, depth),
                by_word,
            )
            reached = sorted(reach.passage_ids & self._passages.keys())
            passages = in_language(query.language, [self._passages[number] for number in reached])
            held = [self._keyword.held(passage.id, query.tokens) for passage in passages]
            best = [self._keyword.held(hit.passage_id, query.tokens) for hit in by_word[:_COMPARED]]
            run = long_run(best)
            beside = [(each, weight) for each, weight in query.tokens.items() if each not in run]
            asked = self._keyword.search(dict(beside), depth) if run else []
        rest = {hit.passage_id: hit.score for hit in asked}
        counts = languages_that_count(query.language, passages, held)
        return [
            Candidate(
                passage,
                reach.evidence(passage.id, matched, same_language=same),
                matched,
                reach.questions.get(passage.id, 0.0),
                tuple(guess for guess in query.fallbacks if guess.found in matched),
                rest.get(passage.id, 0.0) if run and run <= set(matched) else None,
            )
            for passage, matched, same in zip(passages, held, counts, strict=True)
        ]

    def save(self) -> None:
        """Write the cache so that a kill at any moment leaves the old one or the new one."""
        with self._syncing, self._lock:
            fresh = self._folder.with_name(self._folder.name + ".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            self._dense.save(fresh / "dense.faiss")
            self._questions.save(fresh / "questions.faiss")
            self._keyword.save(fresh / "keyword.jsonl")
            manifest = {
                "format": _FORMAT,
                "revision": self._revision,
                "files": {path.name: _sha256(path) for path in sorted(fresh.iterdir())},
            }
            (fresh / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
            shutil.rmtree(self._folder, ignore_errors=True)
            fresh.rename(self._folder)

    def _load(self, database: Database) -> None:
        """Take over the saved cache if it is whole; otherwise stay empty, which means rebuild."""
        try:
            manifest = json.loads((self._folder / "manifest.json").read_text(encoding="utf-8"))
            whole = manifest["format"] == _FORMAT and all(
                _sha256(self._folder / name) == digest for name, digest in manifest["files"].items()
            )
            if not whole:
                return
            dimension = self._encoder.dimension
            dense = DenseIndex.load(self._folder / "dense.faiss", dimension)
            questions = DenseIndex.load(self._folder / "questions.faiss", dimension)
            keyword = KeywordIndex.load(self._folder / "keyword.jsonl")
        except (OSError, ValueError, KeyError, TypeError):
            return
        with database.session(read_only=True) as session:
            knowledge = Knowledge(session)
            if manifest["revision"] > knowledge.revision():
                return
            passages = {passage.id: passage for passage in knowledge.passages()}
        with self._lock:
            self._dense, self._questions, self._keyword = dense, questions, keyword
            self._passages = passages
            self._revision = manifest["revision"]


def _frequencies(analyser: Analyser, passage: Passage) -> dict[str, float]:
    text = "\n".join([passage.title, passage.heading, passage.text, *passage.questions])
    return weighted_tokens(analyser, text)


def _own_text(passage: Passage) -> str:
    return " ".join(part for part in (passage.title, passage.heading, passage.text) if part)


def _cache_name(encoder: Encoder, analyser: Analyser) -> str:
    return f"{encoder.fingerprint}-{analyser.fingerprint}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
