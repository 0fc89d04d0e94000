"""The search side of a retraining: encoder, index and the weights of its score."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from finetune.bundle import SearchEncoderRef
from finetune.thresholds import grounded_limit
from finetune.types import Dataset
from finetune.variants import SOURCE_VARIANT
from retrieval.embedded import EmbeddedEncoder
from retrieval.embedded_training import Pair, train_search_encoder
from retrieval.encoder import EMBEDDED, load_encoder
from retrieval.errors import EncoderError
from retrieval.fusion import Fusion
from retrieval.fusion_training import AnsweredBy, FittedFusion, SearchPair, fit_fusion
from retrieval.index import HybridIndex
from retrieval.overlap import overlaps
from retrieval.text import Analyser
from retrieval.types import Encoder
from storage.database import Database
from storage.knowledge import Knowledge
from storage.normalise import text_key
from storage.types import ANSWER_PREFIX, OUT_OF_SCOPE, SEARCH_KIND_ANSWER, Passage

_MOST_PAIRS = 20_000
_HISTORY_PAIRS = 2_000
"""So many pairs of the history are used at least, and half as many as the documents give."""

_DEFAULT_GROUNDED = 0.6
_LEAST_KNOWN = 40
_NAMED_REPEATS, _ASKED_REPEATS = 3, 2
"""Documents are few next to a history, and are what search is for."""
_KEPT_BACK = 4

Progress = Callable[[str, float], None]


class SearchFolders(Protocol):
    """Where encoders and search caches are kept."""

    @property
    def encoders_dir(self) -> Path:
        """`encoders/<fingerprint>`."""
        ...

    @property
    def indexes_dir(self) -> Path:
        """Search caches."""
        ...


@dataclass(frozen=True, slots=True)
class SearchSide:
    """The search encoder, its index in step with the database, and the fitted score."""

    encoder: SearchEncoderRef
    index: HybridIndex
    fitted: FittedFusion

    def grounded(self, wrong_cost: float) -> float:
        """The P(relevant) from which a passage may be quoted."""
        if len(self.fitted.best_scores) < _LEAST_KNOWN:
            return _DEFAULT_GROUNDED
        # A quotation shows where it is from, so a wrong one is seen through: it costs half.
        cost = max(1.0, wrong_cost / 2)
        return grounded_limit(
            self.fitted.best_scores,
            self.fitted.best_right,
            self.fitted.best_weight,
            wrong_cost=cost,
        )


def prepare_search(
    folders: SearchFolders,
    database: Database,
    dataset: Dataset,
    analyser: Analyser,
    current: SearchEncoderRef | None,
    wanted: str | None,
    progress: Progress | None,
) -> SearchSide:
    """The live encoder unless another is wanted; index and score are brought up to date."""
    with database.session() as session:
        passages = Knowledge(session).passages()
    reference, encoder = _choose_encoder(folders, dataset, passages, current, wanted, progress)
    index = HybridIndex(folders.indexes_dir, encoder, analyser, Fusion())
    index.sync(database, progress)
    index.rebuild(progress)
    index.save()
    fitted = fit_fusion(index, search_pairs(dataset, passages), progress=progress)
    index.fusion = fitted.fusion
    return SearchSide(reference, index, fitted)


def _choose_encoder(
    folders: SearchFolders,
    dataset: Dataset,
    passages: Sequence[Passage],
    current: SearchEncoderRef | None,
    wanted: str | None,
    progress: Progress | None,
) -> tuple[SearchEncoderRef, Encoder]:
    if wanted is None and current is not None:
        return current, load_encoder(current.locate(folders.encoders_dir))
    if wanted not in (None, EMBEDDED):
        encoder = load_encoder(wanted)
        return SearchEncoderRef(encoder.fingerprint, wanted, embedded=False), encoder
    trained = train_search_encoder(training_pairs(dataset, passages), progress=progress)
    _save_encoder(trained, folders.encoders_dir)
    return SearchEncoderRef(trained.fingerprint, trained.fingerprint, embedded=True), trained


def _save_encoder(encoder: EmbeddedEncoder, encoders: Path) -> None:
    folder = encoders / encoder.fingerprint
    if _is_whole(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    fresh = encoders / f".{encoder.fingerprint}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    encoder.save(fresh)
    fresh.rename(folder)


def _is_whole(folder: Path) -> bool:
    try:
        EmbeddedEncoder.load(folder)
    except EncoderError:
        return False
    return True


def training_pairs(dataset: Dataset, passages: Sequence[Passage]) -> list[Pair]:
    """Pairs of texts that belong together.

    A question belongs to the answer of its intent and to its intent's other questions, whatever
    their language; a passage to its title and headings, and to the questions attached to it.
    """
    questions: defaultdict[str, list[str]] = defaultdict(list)
    for row in dataset.rows:
        if row.label != OUT_OF_SCOPE and not is_kept_back(row.question):
            questions[row.label].append(row.question)
    asked: list[Pair] = []
    told: list[Pair] = []
    for passage in passages:
        attached = [(question, passage.text) for question in passage.questions]
        if passage.kind == SEARCH_KIND_ANSWER:
            label = passage.document.removeprefix(ANSWER_PREFIX)
            asked += attached + [(question, passage.text) for question in questions[label]]
        else:
            named = (f"{passage.title} {passage.heading}", passage.text)
            told += attached * _ASKED_REPEATS + [named] * _NAMED_REPEATS
    for same in questions.values():
        asked += list(pairwise(same))
    told = _evenly(told, _MOST_PAIRS)
    most_asked = max(_HISTORY_PAIRS, len(told) // 2) if told else _MOST_PAIRS
    return told + _evenly(asked, most_asked)


def _evenly(pairs: list[Pair], most: int) -> list[Pair]:
    """At most so many of the pairs, from all parts of the list."""
    if len(pairs) <= most:
        return pairs
    return [pairs[place * len(pairs) // most] for place in range(most)]


def is_kept_back(question: str) -> bool:
    """A quarter of the questions, by hash, is never trained on, to fit the score with."""
    return int(text_key(question)[:8], 16) % _KEPT_BACK == 0


def search_pairs(dataset: Dataset, passages: Sequence[Passage]) -> list[SearchPair]:
    """Questions that the index does not hold word for word, with the passages that answer them.

    A question attached to a passage would find it by itself, so it says nothing of new ones.
    """
    answers: defaultdict[str, set[int]] = defaultdict(set)
    attached: set[str] = set()
    for passage in passages:
        attached.update(passage.questions)
        if passage.kind == SEARCH_KIND_ANSWER:
            answers[passage.document.removeprefix(ANSWER_PREFIX)].add(passage.id)
    asked = [
        SearchPair(row.question, frozenset(answers[row.label]), AnsweredBy.ANSWER)
        if row.label in answers
        else SearchPair(row.question, frozenset(), AnsweredBy.NOTHING)
        for row in dataset.rows
        if is_kept_back(row.question)
        and row.source != SOURCE_VARIANT
        and row.question not in attached
        and (row.label in answers or row.label == OUT_OF_SCOPE)
    ]
    return asked + _document_pairs(dataset, passages)


def _document_pairs(dataset: Dataset, passages: Sequence[Passage]) -> list[SearchPair]:
    """The questions whose document is known, as far as it is still there."""
    documents = [passage for passage in passages if passage.kind != SEARCH_KIND_ANSWER]
    found = []
    for question, text in dataset.searches:
        right = frozenset(passage.id for passage in documents if overlaps(text, passage.text))
        if right:
            found.append(SearchPair(question, right, AnsweredBy.DOCUMENT))
    return found
