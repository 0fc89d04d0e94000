"""Measures a challenger next to the live bundle, question by question, for the gate."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from finetune.bundle import BundleContent
from finetune.evaluate import NO_ANSWER, TEMPLATE, decide_plainly
from finetune.gate import GateVerdict, first_gate, paired_gate
from finetune.search_training import SearchFolders, SearchSide
from finetune.train import TrainedClassifier
from finetune.types import Dataset, LabelledQuestion, Prediction, Thresholds
from retrieval.encoder import load_encoder
from retrieval.errors import EncoderError
from retrieval.index import HybridIndex
from storage.bundles import Bundles
from storage.database import Database
from storage.types import OUT_OF_SCOPE

_DEPTH = 3

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The golden questions as the challenger answers them, and the gate's verdict."""

    verdict: GateVerdict
    predictions: tuple[Prediction, ...]
    correct: tuple[bool, ...]
    champion_correct: tuple[bool, ...] | None
    accuracy: float | None
    by_language: dict[str, float]
    majority: float
    search_recall: float | None
    champion_predictions: tuple[Prediction, ...] | None = None


def judge_challenger(
    dataset: Dataset,
    trained: TrainedClassifier,
    search: SearchSide,
    champion: BundleContent | None,
    folders: SearchFolders,
    database: Database,
    progress: Progress | None,
) -> Comparison:
    """Ask both every golden question; the first bundle has only the majority class to beat."""
    golden = dataset.golden
    predictions = trained.classifier.predict([row.question for row in golden])
    correct = _correct(golden, predictions, trained.thresholds)
    inside = [(row, right) for row, right in zip(golden, correct, strict=True) if _inside(row)]
    accuracy = _share([right for _, right in inside])
    majority = _majority(dataset)
    found = _found_in_search(golden, search.index)
    asked: list[Prediction] | None = None
    champion_correct: list[bool] | None = None
    if champion is None:
        verdict = first_gate(accuracy, majority)
    else:
        asked = champion.classifier.predict([row.question for row in golden])
        champion_correct = _correct(golden, asked, champion.thresholds)
        before = _champion_found(golden, champion, search, folders, database, progress)
        verdict = paired_gate(
            champion_correct,
            correct,
            labels=[row.label for row in golden],
            protected=dataset.protected,
            search=(before, found) if found else None,
            corrections=_corrections(dataset, trained),
            best=_best_so_far(database, dataset.golden),
        )
    return Comparison(
        verdict=verdict,
        predictions=tuple(predictions),
        correct=tuple(correct),
        champion_correct=None if champion_correct is None else tuple(champion_correct),
        accuracy=accuracy,
        by_language=_by_language(inside),
        majority=majority,
        search_recall=_share(found),
        champion_predictions=None if asked is None else tuple(asked),
    )


def _best_so_far(database: Database, golden: Sequence[LabelledQuestion]) -> float | None:
    """The highest share right that a promoted bundle had on just these golden questions."""
    key = golden_key(golden)
    with database.session(read_only=True) as session:
        bundles = Bundles(session).list()
    shares = [
        float(each.metrics["golden_right"])
        for each in bundles
        if each.promoted_at is not None and each.metrics.get("golden_key") == key
    ]
    return max(shares, default=None)


def golden_key(golden: Sequence[LabelledQuestion]) -> str:
    """One name for a set of golden questions: shares of different sets do not compare."""
    rows = sorted(f"{row.label}\t{row.question}" for row in golden)
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _inside(row: LabelledQuestion) -> bool:
    return row.label != OUT_OF_SCOPE


def _correct(
    golden: Sequence[LabelledQuestion], predictions: Sequence[Prediction], limits: Thresholds
) -> list[bool]:
    """In scope: the best intent is the right one. Out of scope: no template would be sent."""
    return [
        prediction.label == row.label
        if _inside(row)
        else decide_plainly(prediction, limits) == NO_ANSWER
        for row, prediction in zip(golden, predictions, strict=True)
    ]


def _majority(dataset: Dataset) -> float:
    """How often the commonest intent of the training rows is right on the golden questions."""
    labels = Counter(row.label for row in dataset.rows if _inside(row))
    golden = [row.label for row in dataset.golden if _inside(row)]
    if not labels or not golden:
        return 0.0
    commonest, _ = labels.most_common(1)[0]
    return golden.count(commonest) / len(golden)


def _found_in_search(golden: Sequence[LabelledQuestion], index: HybridIndex) -> list[bool]:
    """For golden questions whose intent has an answer to be found: is it among the first three?"""
    documents = {passage.document for passage in index.passages()}
    return [
        any(
            hit.passage.document == f"answer:{row.label}"
            for hit in index.search(row.question, _DEPTH)
        )
        for row in golden
        if f"answer:{row.label}" in documents
    ]


def _champion_found(
    golden: Sequence[LabelledQuestion],
    champion: BundleContent,
    search: SearchSide,
    folders: SearchFolders,
    database: Database,
    progress: Progress | None,
) -> list[bool]:
    """The same by the live bundle's search, on the same knowledge.

    An encoder that can no longer be loaded finds nothing: that is why another one is trained.
    """
    try:
        encoder = (
            search.index.encoder
            if search.encoder == champion.encoder
            else load_encoder(champion.encoder.locate(folders.encoders_dir))
        )
    except EncoderError:
        return [False] * len(_found_in_search(golden, search.index))
    index = HybridIndex(folders.indexes_dir, encoder, champion.analyser, champion.fusion)
    index.sync(database, progress)
    return _found_in_search(golden, index)


def _corrections(dataset: Dataset, trained: TrainedClassifier) -> dict[str, bool]:
    """Whether each correction is still right; no template may answer one that is out of scope."""
    rows = dataset.corrections
    predictions = trained.classifier.predict([row.question for row in rows])
    return {
        row.question: prediction.label == row.label
        if _inside(row)
        else decide_plainly(prediction, trained.thresholds) != TEMPLATE
        for row, prediction in zip(rows, predictions, strict=True)
    }


def _by_language(inside: Sequence[tuple[LabelledQuestion, bool]]) -> dict[str, float]:
    grouped: defaultdict[str, list[bool]] = defaultdict(list)
    for row, right in inside:
        grouped[row.language].append(right)
    return {language: sum(right) / len(right) for language, right in sorted(grouped.items())}


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
