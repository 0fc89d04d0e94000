"""Retraining: collect, train, evaluate, pass the gate, promote."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from finetune.bundle import BundleContent, SearchEncoderRef, read_bundle, write_bundle
from finetune.champion import Comparison, judge_challenger
from finetune.dataset import build_dataset
from finetune.errors import BundleDamagedError
from finetune.fingerprint import training_fingerprint
from finetune.gate import GateVerdict
from finetune.report import write_report
from finetune.search_training import SearchSide, prepare_search
from finetune.settings import TrainingSettings
from finetune.shop import load_shop
from finetune.train import TrainedClassifier, train_classifier
from finetune.types import Dataset, RetrainOutcome
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task
from storage.bundles import Bundles
from storage.database import Database
from storage.types import BundleRecord

_PROMOTED, _REFUSED, _UNCHANGED = "promoted", "refused", "unchanged"
_DEFAULT_WRONG_COST = 5.0

Progress = Callable[[str, float], None]


class HomePaths(Protocol):
    """The folders of a home, and the shop's folder where one is named."""

    @property
    def bundles_dir(self) -> Path:
        """`bundles/<id>`."""
        ...

    @property
    def encoders_dir(self) -> Path:
        """`encoders/<fingerprint>`."""
        ...

    @property
    def indexes_dir(self) -> Path:
        """Search caches."""
        ...

    @property
    def shop(self) -> Path | None:
        """The shop's folder."""
        ...


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a retraining starts from."""

    dataset: Dataset
    live: BundleRecord | None
    champion: BundleContent | None
    analyser: Analyser
    wrong_cost: float
    settings: TrainingSettings
    fingerprint: str

    @property
    def is_trained_already(self) -> bool:
        """Whether the live bundle is whole and was made of just this."""
        if self.live is None or self.champion is None:
            return False
        return self.live.data_fingerprint == self.fingerprint


def retrain(
    home: HomePaths,
    database: Database,
    *,
    encoder: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> RetrainOutcome:
    """Train a challenger on everything the database holds; promote it if the gate lets it.

    The same data again changes nothing unless `force` is given. `encoder` names another search
    encoder: a sentence-transformers model, or `embedded` for a new one of the shop's own.
    """
    began = time.perf_counter()
    use_one_thread_per_task()
    basis = _collect(home, database)
    if basis.is_trained_already and not force and encoder is None:
        return _unchanged(basis, began)
    search = prepare_search(
        home, database, basis.dataset, basis.analyser, _encoder_ref(basis), encoder, progress
    )
    trained = train_classifier(
        basis.dataset.rows,
        basis.analyser,
        wrong_cost=basis.wrong_cost,
        grounded=search.grounded(basis.wrong_cost),
        settings=basis.settings,
        progress=progress,
    )
    comparison = judge_challenger(
        basis.dataset, trained, search, basis.champion, home, database, progress
    )
    return _finish(home, database, basis, search, trained, comparison, began)


def _collect(home: HomePaths, database: Database) -> _Basis:
    with database.session() as session:
        dataset = build_dataset(session)
        live = Bundles(session).live()
    champion = _champion(home, live)
    settings = TrainingSettings()
    analyser, wrong_cost = _shop_says(home.shop, champion)
    fingerprint = training_fingerprint(dataset, analyser, settings, wrong_cost)
    return _Basis(dataset, live, champion, analyser, wrong_cost, settings, fingerprint)


def _champion(home: HomePaths, live: BundleRecord | None) -> BundleContent | None:
    """The live bundle; None where there is none, or none that can still be read."""
    if live is None:
        return None
    try:
        return read_bundle(home.bundles_dir / live.id)
    except BundleDamagedError:
        # What cannot be read cannot be compared with either: the challenger is a first bundle.
        return None


def _shop_says(shop: Path | None, champion: BundleContent | None) -> tuple[Analyser, float]:
    """The analyser with the shop's words, and the cost of a wrong reply.

    Without a shop folder they are what the live bundle was trained with.
    """
    if shop is None:
        if champion is not None:
            return champion.analyser, champion.thresholds.wrong_cost
        return Analyser(Lexicon.from_package()), _DEFAULT_WRONG_COST
    return Analyser(Lexicon.of_shop(shop)), load_shop(shop).wrong_cost


def _encoder_ref(basis: _Basis) -> SearchEncoderRef | None:
    return basis.champion.encoder if basis.champion is not None else None


def _unchanged(basis: _Basis, began: float) -> RetrainOutcome:
    bundle = basis.live.id if basis.live is not None else None
    reason = "the data and the settings are those of the live bundle"
    return RetrainOutcome(_UNCHANGED, bundle, None, (reason,), time.perf_counter() - began)


def _finish(
    home: HomePaths,
    database: Database,
    basis: _Basis,
    search: SearchSide,
    trained: TrainedClassifier,
    comparison: Comparison,
    began: float,
) -> RetrainOutcome:
    """Write the bundle, register it, and promote it unless the gate refused."""
    verdict = comparison.verdict
    bundle_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    metrics = _metrics(basis, trained, comparison)
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
    )
    folder = home.bundles_dir / bundle_id
    home.bundles_dir.mkdir(parents=True, exist_ok=True)
    write_bundle(
        folder,
        content,
        lambda fresh: write_report(fresh, bundle_id, content, basis.dataset, trained, comparison),
    )
    _register(database, bundle_id, basis.fingerprint, metrics, verdict)
    return RetrainOutcome(
        _PROMOTED if verdict.passed else _REFUSED,
        bundle_id,
        str(folder / "report.html"),
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


def _metrics(basis: _Basis, trained: TrainedClassifier, comparison: Comparison) -> dict[str, Any]:
    return {
        "rows": len(basis.dataset.rows),
        "golden": len(basis.dataset.golden),
        "intents": len(trained.classifier.labels),
        "golden_accuracy": comparison.accuracy,
        "golden_by_language": comparison.by_language,
        "majority": comparison.majority,
        "search_recall@3": comparison.search_recall,
        "thresholds": trained.thresholds.as_dict(),
    }
