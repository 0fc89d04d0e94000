"""The loop for the chat model: collect, train, write, compare, pass the gate, promote."""

from __future__ import annotations

import gc
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from finetune.errors import AdapterDamagedError
from finetune.gate import GateVerdict
from finetune.generator.adapter import (
    METRICS,
    AdapterDescription,
    load_chat_model,
    save_adapter,
    verify_adapter,
    with_adapter,
    write_json,
)
from finetune.generator.approved import approved_turns
from finetune.generator.instructions import (
    Instruction,
    InstructionSet,
    Teacher,
    build_set,
    must_suffice,
)
from finetune.generator.job import WORKSPACE, AdapterJob, remove_jobs, training_fingerprint
from finetune.generator.judging import Judged, adapter_gate, judge, summary
from finetune.generator.settings import GeneratorSettings
from finetune.manifest import sync_to_disk, write_manifest
from storage.adapters import Adapters
from storage.approved import Approvals
from storage.database import Database
from storage.types import AdapterRecord

Progress = Callable[[str, float], None]
PROMOTED, UNCHANGED, REFUSED = "promoted", "unchanged", "refused"
_TRAINED = "trained"


class AdapterHome(Protocol):
    """The folders of a home that training an adapter writes to."""

    @property
    def adapters_dir(self) -> Path:
        """`adapters/<id>`."""
        ...

    @property
    def training_dir(self) -> Path:
        """Unfinished trainings and their logs."""
        ...


@dataclass(frozen=True, slots=True)
class TuneOutcome:
    """What a training came to: promoted, unchanged or refused, and why."""

    outcome: str
    adapter: str | None
    reasons: tuple[str, ...]
    metrics: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def collect_set(
    database: Database, teacher: Teacher, settings: GeneratorSettings
) -> InstructionSet:
    """The instruction set of everything that is approved in the database now."""
    with database.session(read_only=True) as session:
        turns = approved_turns(session)
    return build_set(turns, teacher, settings)


def tune_generator(
    home: AdapterHome,
    database: Database,
    settings: GeneratorSettings,
    teacher: Teacher,
    *,
    device: str = "auto",
    force: bool = False,
    progress: Progress | None = None,
) -> TuneOutcome:
    """One training of an adapter; whoever calls this holds the lock of trainings.

    Raises NotEnoughDataError or ChatModelError before anything is written. What was trained on
    already is not trained on again unless `force` says so.
    """
    began = time.perf_counter()
    found = collect_set(database, teacher, settings)
    must_suffice(found, settings)
    fingerprint = training_fingerprint(found, settings)
    with database.session(read_only=True) as session:
        known = [each for each in Adapters(session).list() if each.data_fingerprint == fingerprint]
        live = Adapters(session).live()
    usable = [each for each in known if each.erased_since is None]
    if usable and not force:
        reason = "adapter {} was trained on the same turns with the same settings, and was {}"
        told = reason.format(usable[0].id, usable[0].outcome)
        return TuneOutcome(UNCHANGED, usable[0].id, (told,), {}, time.perf_counter() - began)
    adapter_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    home.adapters_dir.mkdir(parents=True, exist_ok=True)
    _sweep(home.adapters_dir)
    fresh = home.adapters_dir / f".{adapter_id}.new"
    job = AdapterJob.create(home.training_dir / WORKSPACE, found, settings)
    losses = _train(job, fresh, fingerprint, device, progress)
    champion, challenger = _answer(home, found, settings, teacher, live, fresh, device, progress)
    verdict = adapter_gate(champion, challenger)
    metrics = {
        "set": found.counts(),
        "training": losses,
        "before": summary(champion),
        "after": summary(challenger),
        "reasons": list(verdict.reasons),
    }
    write_json(fresh / METRICS, metrics)
    write_manifest(fresh)
    sync_to_disk(fresh)
    fresh.rename(home.adapters_dir / adapter_id)
    verdict = _register(database, adapter_id, settings, fingerprint, found, metrics, verdict)
    remove_jobs(home.training_dir)
    outcome = PROMOTED if verdict.passed else REFUSED
    spent = time.perf_counter() - began
    return TuneOutcome(outcome, adapter_id, verdict.reasons, metrics, spent)


def _train(
    job: AdapterJob, folder: Path, fingerprint: str, device: str, progress: Progress | None
) -> dict[str, Any]:
    """Train and write the adapter; the model is gone from memory afterwards."""
    from finetune.generator.training import AdapterTraining

    training = AdapterTraining(job, device, progress)
    losses = training.run()
    settings = training.settings
    description = AdapterDescription(
        settings.model, training.base_fingerprint, fingerprint, settings.as_dict()
    )
    save_adapter(training.model, folder, description)
    return losses


def _answer(
    home: AdapterHome,
    found: InstructionSet,
    settings: GeneratorSettings,
    teacher: Teacher,
    live: AdapterRecord | None,
    fresh: Path,
    device: str,
    progress: Progress | None,
) -> tuple[list[Judged], list[Judged]]:
    """What the live model and the new one answer to the held-out questions, judged."""
    rows = found.part("held_out")
    before = _usable(home, live, settings)
    asked: list[list[Judged]] = []
    for folder, stage in ((before, "asking the live model"), (fresh, "asking the new model")):
        answers = _write(folder, rows, settings, device, _staged(progress, stage))
        asked.append(judge(answers, rows, teacher))
    return asked[0], asked[1]


def _write(
    folder: Path | None,
    rows: Sequence[Instruction],
    settings: GeneratorSettings,
    device: str,
    progress: Callable[[float], None] | None,
) -> list[str]:
    """Answers of the chat model with the adapter of this folder, or as it came."""
    from finetune.generator.writing import write_answers

    gc.collect()  # the model before this one makes room
    model, tokenizer = load_chat_model(settings.model, _on(device))
    if folder is not None:
        model = with_adapter(model, folder)
    return write_answers(model, tokenizer, rows, settings, progress)


def _usable(
    home: AdapterHome, live: AdapterRecord | None, settings: GeneratorSettings
) -> Path | None:
    """The live adapter if it is whole and of this chat model; else the model stands as it came."""
    if live is None or live.base != settings.model:
        return None
    folder = home.adapters_dir / live.id
    try:
        verify_adapter(folder)
    except AdapterDamagedError:
        # It cannot serve either: whatever is better than the bare model is better than it.
        return None
    return folder


def _register(
    database: Database,
    adapter_id: str,
    settings: GeneratorSettings,
    fingerprint: str,
    found: InstructionSet,
    metrics: dict[str, Any],
    verdict: GateVerdict,
) -> GateVerdict:
    """Write the adapter down and promote it if it may go live; gives the last word on that."""
    used = {number for row in found.rows for number in row.messages}
    with database.session() as session:
        if Approvals(session).erased(used):
            verdict = GateVerdict(
                False, ("a conversation was erased while it was trained on; train again",)
            )
        adapters = Adapters(session)
        adapters.add(
            adapter_id,
            base=settings.model,
            data_fingerprint=fingerprint,
            messages=sorted(used),
            metrics=metrics,
            outcome=_TRAINED if verdict.passed else REFUSED,
        )
        if verdict.passed:
            adapters.promote(adapter_id, by="generator", reason="; ".join(verdict.reasons))
    return verdict


def _sweep(adapters: Path) -> None:
    """Remove the halves of adapters whose writer was killed."""
    for folder in adapters.glob(".*.new"):
        shutil.rmtree(folder)


def _staged(progress: Progress | None, stage: str) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(stage, share)


def _on(device: str) -> str:
    import torch

    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"
