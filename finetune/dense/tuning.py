"""Fine-tunes a pretrained encoder on labelled questions: on the CPU, one GPU, or several."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from finetune.dense.averaging import MovingAverage
from finetune.dense.base import Progress, class_balance
from finetune.dense.checkpoint import Checkpoint
from finetune.dense.job import TuningJob
from finetune.dense.network import TuningNetwork
from finetune.dense.plan import (
    batches_of_like_length,
    learning_rate_share,
    share_of,
    split_for_stopping,
)
from retrieval.threads import all_cores

_WEIGHT_DECAY = 0.01
_MOST_NORM = 1.0
LOGS = "logs"
"""Beside the jobs, for `tensorboard --logdir`; they outlive the jobs."""


def tune(job: TuningJob, *, stage: str = "", progress: Progress | None = None) -> None:
    """Do the job: AdamW with warm-up and linear decay, label smoothing, averaged weights, the best
    epoch kept.
    """
    with all_cores():
        _Tuning(job, stage, progress).run()


class _Tuning:
    def __init__(self, job: TuningJob, stage: str, progress: Progress | None) -> None:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs

        self._job, self._stage, self._progress = job, stage, progress
        self._settings = job.settings()
        self._questions = job.questions()
        self._accelerator = Accelerator(
            mixed_precision="bf16" if torch.cuda.is_available() else "no",
            log_with="tensorboard",
            project_dir=str(job.folder.parent / LOGS),
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        )
        torch.manual_seed(self._settings.seed)
        self._network = TuningNetwork(
            self._settings.encoder,
            job.classes(),
            self._settings,
            str(self._accelerator.device),
        )

    def run(self) -> None:
        settings, questions = self._settings, self._questions
        split = split_for_stopping(questions.classes, settings)
        chosen = [questions.texts[place] for place in split.train]
        self._network.begin_at_means(chosen, questions.classes[split.train])
        movable = self._network.movable()
        model, optimiser = self._accelerator.prepare(self._network, self._optimiser(movable))
        checkpoint = Checkpoint(self._job.folder)
        average = MovingAverage(movable)
        checkpoint.load(movable, optimiser, average)
        self._accelerator.init_trackers(self._job.folder.name)
        row_weights = self._row_weights()
        per_epoch = -(-len(split.train) // settings.tuning_batch_size)
        for epoch in range(checkpoint.epoch, settings.tuning_epochs):
            if epoch - checkpoint.best_epoch > settings.patience:
                break
            # An epoch draws the same numbers whether it follows the last one or an interruption.
            torch.manual_seed(settings.seed + 1 + epoch)
            model.train()
            for batch in self._batches(split.train, epoch):
                loss = self._step(model, optimiser, batch, row_weights, checkpoint.step, per_epoch)
                checkpoint.step += 1
                average.update(movable, checkpoint.step)
                self._tell(checkpoint.step / (per_epoch * settings.tuning_epochs))
            checkpoint.epoch = epoch + 1
            with average.in_place_of(movable):
                accuracy = self._accuracy(split.stopping)
                # Without rows to stop by, the last epoch is the best.
                checkpoint.keep_best(movable, epoch if accuracy is None else accuracy)
            values = {"loss": loss} if accuracy is None else {"loss": loss, "accuracy": accuracy}
            self._accelerator.log(values, step=epoch)
            if self._accelerator.is_main_process:
                checkpoint.save(movable, optimiser, average)
        checkpoint.restore_best(movable)
        self._finish(checkpoint)

    def _finish(self, checkpoint: Checkpoint) -> None:
        self._accelerator.end_training()
        if self._accelerator.is_main_process:
            self._network.eval()
            self._network.merge()
            shutil.rmtree(self._job.encoder, ignore_errors=True)
            self._network.encoder.save(str(self._job.encoder), create_model_card=False)
            directions = functional.normalize(self._network.directions.detach(), dim=-1)
            self._job.finish(
                directions.cpu().numpy(),
                self._network.vectors(self._questions.texts),
                epochs=checkpoint.best_epoch,
            )
            checkpoint.remove()
        self._accelerator.wait_for_everyone()
        self._tell(1.0)

    def _optimiser(self, movable: dict[str, torch.nn.Parameter]) -> torch.optim.Optimizer:
        head = [weights for name, weights in movable.items() if name == "directions"]
        others = [weights for name, weights in movable.items() if name != "directions"]
        settings = self._settings
        groups = [
            {"params": others, "base": settings.encoder_learning_rate},
            {"params": head, "base": settings.head_learning_rate},
        ]
        return torch.optim.AdamW(groups, lr=0.0, weight_decay=_WEIGHT_DECAY)

    def _row_weights(self) -> torch.Tensor:
        present, counts = np.unique(self._questions.classes, return_counts=True)
        balance = class_balance(self._questions.classes, present, counts)
        return torch.from_numpy((self._questions.weights * balance).astype(np.float32))

    def _batches(self, places: NDArray[np.int64], epoch: int) -> Iterator[NDArray[np.int64]]:
        """The share of each batch that this process sees; the epoch alone decides the order."""
        size = self._settings.tuning_batch_size
        random = np.random.default_rng([self._settings.seed, epoch])
        texts = self._questions.texts
        yield from share_of(
            batches_of_like_length(places, [len(text) for text in texts], size, random),
            self._accelerator.process_index,
            self._accelerator.num_processes,
        )

    def _step(
        self,
        model: torch.nn.Module,
        optimiser: torch.optim.Optimizer,
        batch: NDArray[np.int64],
        row_weights: torch.Tensor,
        step: int,
        per_epoch: int,
    ) -> float:
        settings = self._settings
        share = learning_rate_share(step, per_epoch * settings.tuning_epochs, settings.warmup_share)
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * share
        device = self._accelerator.device
        with self._accelerator.autocast():
            scores = model(self._network.prepare([self._questions.texts[i] for i in batch]))
        losses = functional.cross_entropy(
            scores.float(),
            torch.from_numpy(self._questions.classes[batch]).to(device),
            label_smoothing=settings.label_smoothing,
            reduction="none",
        )
        loss = (losses * row_weights[torch.from_numpy(batch)].to(device)).mean()
        optimiser.zero_grad()
        self._accelerator.backward(loss)
        self._accelerator.clip_grad_norm_(model.parameters(), _MOST_NORM)
        optimiser.step()
        return float(loss.detach())

    def _accuracy(self, places: NDArray[np.int64]) -> float | None:
        if not len(places):
            return None
        texts = [self._questions.texts[place] for place in places]
        directions = functional.normalize(self._network.directions.detach(), dim=-1).cpu().numpy()
        chosen = (self._network.vectors(texts) @ directions.T).argmax(axis=1)
        return float((chosen == self._questions.classes[places]).mean())

    def _tell(self, share: float) -> None:
        if self._progress is not None:
            self._progress(self._stage, share)


if __name__ == "__main__":
    tune(TuningJob(Path(sys.argv[1])))
