"""Retraining: collect, train, evaluate, pass the gate, promote."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from finetune.basis import Basis, HomePaths, collect
from finetune.bundle import BundleContent, write_bundle
from finetune.champion import Comparison, golden_key, judge_challenger
from finetune.dense.base import DenseTrainer
from finetune.dense.frozen import FrozenTrainer
from finetune.dense.job import remove_jobs
from finetune.dense.tuned import TuningTrainer
from finetune.gate import GateVerdict
from finetune.learning_curve import COST, LEAST_ROWS, learning_curve
from finetune.quantised import quantised
from finetune.report.build import build_report
from finetune.report.data import CurvePoint
from finetune.report.files import PAGE
from finetune.report.summary import Doubtful, doubtful_labels
from finetune.report.writing import write_report
from finetune.search_training import SearchSide, prepare_search
from finetune.settings import FROZEN, EncoderChoice, TrainingSettings
from finetune.train import TrainedClassifier, train_classifier
from finetune.types import LabelledQuestion, RetrainOutcome
from retrieval.encoder import EMBEDDED, load_encoder
from retrieval.threads import use_one_thread_per_task
from storage.bundles import Bundles
from storage.database import Database

_PROMOTED, _REFUSED, _UNCHANGED = "promoted", "refused", "unchanged"
_CURVE_SECONDS = 8.0
"""A learning curve is drawn unasked if it should take no longer than this."""

Progress = Callable[[str, float], None]


def retrain(
    home: HomePaths,
    database: Database,
    *,
    choice: EncoderChoice | None = None,
    force: bool = False,
    curve: bool = False,
    progress: Progress | None = None,
) -> RetrainOutcome:
    """Train a challenger on everything the database holds; promote it if the gate lets it.

    The same data again changes nothing unless `force` is given. `choice` names another encoder, for
    search and classifier alike; without one they stay what they are in the live bundle. `curve`
    draws the learning curve however long it takes.
    """
    began = time.perf_counter()
    use_one_thread_per_task()
    basis = collect(home, database, choice)
    if basis.is_trained_already and not force and choice is None:
        return _unchanged(basis, began)
    wanted = choice.encoder if choice is not None else None
    if wanted is None and basis.knows_erased:
        wanted = EMBEDDED
    search = prepare_search(
        home, database, basis.dataset, basis.analyser, basis.search_encoder, wanted, progress
    )
    train = partial(
        train_classifier,
        analyser=basis.analyser,
        wrong_cost=basis.wrong_cost,
        grounded=search.grounded(basis.wrong_cost),
        settings=basis.settings,
        trainer=_trainer(home, basis.settings, search, choice),
    )
    # A training step runs on one thread, so another processor has time to look for wrong labels.
    with ThreadPoolExecutor(1, thread_name_prefix="kefu-labels") as beside:
        doubtful = beside.submit(doubtful_labels, basis.dataset.rows, basis.analyser)
        started = time.perf_counter()
        trained = train(basis.dataset.rows, progress=progress)
        spent = time.perf_counter() - started
        points = None
        if curve or _is_quick(len(basis.dataset.rows), spent):
            points = learning_curve(basis.dataset.rows, train, progress=progress)
        if basis.settings.int8:
            trained = quantised(trained, basis.dataset.golden, home.training_dir / "int8")
        comparison = judge_challenger(
            basis.dataset, trained, search, basis.champion, home, database, progress
        )
        labels = doubtful.result()
    return _finish(home, database, basis, search, trained, comparison, labels, points, began)


def training_of(
    home: HomePaths, database: Database
) -> tuple[Sequence[LabelledQuestion], Callable[..., TrainedClassifier]]:
    """The rows of a home, and the training that a retraining would do; to try it on parts.

    Nothing is promoted or written to disk; golden questions are chosen if there are none yet.
    """
    use_one_thread_per_task()
    basis = collect(home, database, None)
    return basis.dataset.rows, partial(
        train_classifier,
        analyser=basis.analyser,
        wrong_cost=basis.wrong_cost,
        settings=basis.settings,
        trainer=_trainer(home, basis.settings, None, None),
    )


def _is_quick(rows: int, seconds: float) -> bool:
    """Whether a learning curve says something and costs little, by what one training took."""
    return rows >= LEAST_ROWS and seconds * COST <= _CURVE_SECONDS


def _trainer(
    home: HomePaths,
    settings: TrainingSettings,
    search: SearchSide | None,
    choice: EncoderChoice | None,
) -> DenseTrainer | None:
    """What trains the dense scorer; None for the embedded one, which has no encoder to load."""
    if settings.is_embedded:
        return None
    if settings.tuning != FROZEN:
        processes = choice.processes if choice is not None else 1
        return TuningTrainer(settings, home.training_dir, processes=processes)
    shared = search is not None and search.encoder.source == settings.encoder
    encoder = search.index.encoder if search and shared else load_encoder(settings.encoder)
    return FrozenTrainer(encoder, settings.encoder, settings)


def _unchanged(basis: Basis, began: float) -> RetrainOutcome:
    bundle = basis.live.id if basis.live is not None else None
    reason = "the data and the settings are those of the live bundle"
    return RetrainOutcome(_UNCHANGED, bundle, None, (reason,), time.perf_counter() - began)


def _finish(
    home: HomePaths,
    database: Database,
    basis: Basis,
    search: SearchSide,
    trained: TrainedClassifier,
    comparison: Comparison,
    doubtful: Doubtful,
    points: Sequence[CurvePoint] | None,
    began: float,
) -> RetrainOutcome:
    """Write the bundle, register it, and promote it unless the gate refused."""
    verdict = comparison.verdict
    bundle_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    mood = basis.mood()
    metrics = _metrics(basis, trained, comparison)
    if mood is not None:
        metrics["mood"] = mood.metrics
    content = BundleContent(
        classifier=trained.classifier,
        thresholds=trained.thresholds,
        label_templates=basis.dataset.label_templates,
        encoder=search.encoder,
        analyser=basis.analyser,
        fusion=search.index.fusion,
        data_fingerprint=basis.fingerprint,
        settings=basis.settings.as_dict(),
        metrics=metrics,
        mood=mood,
    )
    report = build_report(
        bundle_id,
        basis.dataset,
        trained,
        comparison,
        doubtful,
        language=basis.language,
        curve=points,
        settings=content.settings,
    )
    folder = home.bundles_dir / bundle_id
    home.bundles_dir.mkdir(parents=True, exist_ok=True)
    write_bundle(folder, content, lambda fresh: write_report(fresh, report, content))
    _register(database, bundle_id, basis.fingerprint, metrics, verdict)
    remove_jobs(home.training_dir)
    return RetrainOutcome(
        _PROMOTED if verdict.passed else _REFUSED,
        bundle_id,
        str(folder / PAGE),
        verdict.reasons,
        time.perf_counter() - began,
        metrics,
    )


def _register(
    database: Database,
    bundle_id: str,
    fingerprint: str,
    metrics: dict[str, Any],
    verdict: GateVerdict,
) -> None:
    outcome = "trained" if verdict.passed else _REFUSED
    with database.session() as session:
        bundles = Bundles(session)
        bundles.add(bundle_id, data_fingerprint=fingerprint, metrics=metrics, outcome=outcome)
        if verdict.passed:
            bundles.promote(bundle_id, by="retrain", reason="; ".join(verdict.reasons))


def _metrics(basis: Basis, trained: TrainedClassifier, comparison: Comparison) -> dict[str, Any]:
    return {
        "rows": len(basis.dataset.rows),
        "golden": len(basis.dataset.golden),
        "intents": len(trained.classifier.labels),
        "golden_key": golden_key(basis.dataset.golden),
        "golden_right": _share(comparison.correct),
        "golden_accuracy": comparison.accuracy,
        "golden_by_language": comparison.by_language,
        "majority": comparison.majority,
        "search_recall@3": comparison.search_recall,
        "thresholds": trained.thresholds.as_dict(),
        "int8_loss": trained.int8_loss,
    }


def _share(correct: Sequence[bool]) -> float:
    return sum(correct) / len(correct) if correct else 0.0
