"""A training of an adapter as a folder, so that an interrupted one goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from finetune.generator.instructions import Instruction, InstructionSet, read_rows, write_set
from finetune.generator.settings import GeneratorSettings

_DESCRIPTION, _ROWS = "job.json", "instructions.jsonl"
WORKSPACE = "generator"
"""The folder of these jobs in the home's `training/`."""


@dataclass(frozen=True, slots=True)
class AdapterJob:
    """One training in its folder."""

    folder: Path

    @classmethod
    def create(
        cls, workspace: Path, found: InstructionSet, settings: GeneratorSettings
    ) -> AdapterJob:
        """The job for this set and these settings; one that was begun before is found again."""
        name = training_fingerprint(found, settings)[:16]
        job = cls(workspace / name)
        if not (job.folder / _DESCRIPTION).exists():
            job.folder.mkdir(parents=True, exist_ok=True)
            write_set(found, job.folder / _ROWS)
            # Last: a job without it was not written whole, and is written again.
            text = json.dumps(settings.as_dict())
            (job.folder / _DESCRIPTION).write_text(text, encoding="utf-8")
        return job

    def settings(self) -> GeneratorSettings:
        """How to train."""
        return GeneratorSettings(**json.loads((self.folder / _DESCRIPTION).read_text("utf-8")))

    def rows(self) -> list[Instruction]:
        """What to train on and what to stop by."""
        return read_rows(self.folder / _ROWS)


def training_fingerprint(found: InstructionSet, settings: GeneratorSettings) -> str:
    """A sha256 over everything that a training depends on: the same again is a no-op."""
    parts = [_CODE_VERSION, found.fingerprint, settings.as_dict()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


_CODE_VERSION = 1
"""Raised when the way of training changes, so that the same data is trained on again."""


def remove_jobs(training: Path) -> None:
    """Forget all trainings of adapters, finished or not: they hold what customers wrote."""
    shutil.rmtree(training / WORKSPACE, ignore_errors=True)
