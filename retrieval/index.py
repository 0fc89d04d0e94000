"""The search index: dense and keyword search over the same passages, one score for both.

It is a cache of the database's passages. Whoever opens it replays the changes since it was saved,
deletions first; a missing or damaged cache is built again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from retrieval.dense import DenseIndex
from retrieval.fusion import Evidence, Fusion
from retrieval.keyword import KeywordIndex, weighted_counts
from retrieval.language import detect_language
from retrieval.reach import Reach
from retrieval.text import Analyser
from retrieval.types import Encoder, Hit
from retrieval.wordings import in_language, one_wording_each
from storage.database import Database
from storage.knowledge import Knowledge
from storage.types import Passage

_CANDIDATES = 100
_CONCEPT_WEIGHT = 0.8
"""A group of words counts less than the word itself, in the index and in the query alike."""
_BATCH = 512
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that a search reached, why, and the words that both share."""

    passage: Passage
    evidence: Evidence
    matched: tuple[str, ...]


Progress = Callable[[str, float], None]


class HybridIndex:
    """Passages found by meaning and by word; one object serves all threads."""

    def __init__(self, folder: Path, encoder: Encoder, analyser: Analyser, fusion: Fusion) -> None:
        """`folder` keeps the cache; nothing is read before `sync`."""
        self._folder = folder / cache_name(encoder.fingerprint, analyser)
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
            frequencies = [self._frequencies(passage) for passage in some]
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
        with self._lock:
            reach = Reach.of(
                tokens,
                self._dense.search(vector, _CANDIDATES),
                self._questions.search(vector, _CANDIDATES),
                self._keyword.search(tokens, _CANDIDATES),
            )
            reached = reach.passage_ids & self._passages.keys()
            passages = in_language(language, [self._passages[number] for number in sorted(reached)])
            held = [self._keyword.held(passage.id, tokens) for passage in passages]
        found = []
        for passage, matched in zip(passages, held, strict=True):
            same = language in (None, passage.language)
            evidence = reach.evidence(passage.id, matched, same_language=same)
            found.append(Candidate(passage, evidence, matched))
        return found

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


def _own_text(passage: Passage) -> str:
    return " ".join(part for part in (passage.title, passage.heading, passage.text) if part)


def cache_name(encoder_fingerprint: str, analyser: Analyser) -> str:
    """The folder, below `indexes/`, of the cache that this encoder and analyser share."""
    return f"{encoder_fingerprint}-{analyser.fingerprint}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
