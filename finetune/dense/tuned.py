"""The thorough way to use a pretrained encoder: fine-tune a copy of it for the shop's intents."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from finetune.dense.base import Progress, TrainingRows
from finetune.dense.frozen import sample_neighbours
from finetune.dense.job import TuningJob
from finetune.dense.sentence import LinearHead, SentenceScorer
from finetune.dense.tuning import tune
from finetune.errors import TrainingFailedError
from finetune.settings import TrainingSettings
from retrieval.encoder import load_encoder


class TuningTrainer:
    """Fine-tunes a copy of an encoder for each training.

    The first training finds how many epochs are best by rows that it holds out; those after it
    learn from all of their rows, for as many epochs.
    """

    def __init__(self, settings: TrainingSettings, workspace: Path, *, processes: int = 1) -> None:
        """`workspace` keeps unfinished trainings, so that they go on after an interruption.

        More than one of the `processes` are started through `accelerate launch`.
        """
        self._settings = settings
        self._workspace = workspace
        self._processes = processes
        self._epochs: int | None = None

    def train(
        self,
        data: TrainingRows,
        classes: int,
        *,
        intents: int,
        stage: str,
        progress: Progress | None,
    ) -> SentenceScorer:
        """Tune on the rows, or take what an earlier training of just these rows left."""
        settings = self._settings
        if self._epochs is not None and len(data) >= settings.least_stopping_rows:
            settings = replace(settings, tuning_epochs=self._epochs, stopping_share=0.0)
        job = TuningJob.create(self._workspace, data, classes, settings)
        if not job.is_done:
            self._run(job, stage, progress)
        self._epochs = job.epochs()
        directions, vectors = job.result()
        head = LinearHead(
            self._settings.logit_scale * directions,
            np.zeros(classes, dtype=np.float32),
            sample_neighbours(vectors[data.classes < intents], self._settings.seed),
        )
        return SentenceScorer(load_encoder(str(job.encoder)), head, folder=job.encoder)

    def _run(self, job: TuningJob, stage: str, progress: Progress | None) -> None:
        if self._processes == 1:
            tune(job, stage=stage, progress=progress)
            return
        count = str(self._processes)
        module = ["-m", "finetune.dense.tuning", str(job.folder)]
        launch = ["-m", "accelerate.commands.launch", "--num_processes", count]
        cpu = [] if torch.cuda.is_available() else ["--cpu"]
        done = subprocess.run(  # noqa: S603
            [sys.executable, *launch, *cpu, *module], check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode or not job.is_done:
            raise TrainingFailedError(
                f"expected {count} processes to tune {self._settings.encoder}, but one ended with "
                f"code {done.returncode}; see what it printed above, or train with one process"
            )
