"""Trains low-rank additions to a chat model, on the tokens of the answers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from finetune.dense.checkpoint import Checkpoint
from finetune.dense.plan import batches_of_like_length, learning_rate_share
from finetune.errors import NotEnoughDataError
from finetune.generator.adapter import add_lora, base_fingerprint, load_chat_model
from finetune.generator.chat_format import NOT_LEARNED, Tokens, end_token, row_tokens
from finetune.generator.instructions import Instruction
from finetune.generator.job import AdapterJob
from retrieval.threads import all_cores

Progress = Callable[[str, float], None]
LOGS = "logs"
"""Beside the workspace, for `tensorboard --logdir`; they hold figures only."""

_STAGE = "training the adapter"
_WEIGHT_DECAY = 0.0
_MOST_NORM = 1.0


class AdapterTraining:
    """AdamW with warm-up and linear decay; the epoch of the lowest stopping loss is kept."""

    def __init__(self, job: AdapterJob, device: str, progress: Progress | None = None) -> None:
        """Load the model that the job names; `device` is `auto`, `cpu` or `cuda`."""
        from accelerate import Accelerator

        self._job, self._progress = job, progress
        self.settings = job.settings()
        on_cpu = device == "cpu" or not torch.cuda.is_available()
        self._accelerator = Accelerator(
            cpu=on_cpu,
            mixed_precision="no" if on_cpu else "bf16",
            log_with="tensorboard",
            project_dir=str(job.folder.parent.parent / LOGS),
        )
        torch.manual_seed(self.settings.seed)
        base, tokenizer = load_chat_model(self.settings.model, str(self._accelerator.device))
        self.base_fingerprint = base_fingerprint(base)
        self.model = add_lora(base, self.settings)
        if self.settings.checkpointing:
            base.activation_checkpointing_enable()
        end = end_token(base, tokenizer)
        fits = min(self.settings.most_tokens, context_of(base))
        self._train, self._stopping = (
            _fitting([row_tokens(tokenizer, row.prompt, row.answer, end) for row in rows], fits)
            for rows in _parts(job.rows())
        )
        if not self._train:
            raise NotEnoughDataError(
                f"expected rows of at most {fits} tokens to train on, found only longer ones"
            )

    def run(self) -> dict[str, Any]:
        """Train; afterwards `model` has the best weights. The figures of each epoch's losses."""
        with all_cores():
            return self._run()

    def _run(self) -> dict[str, Any]:
        settings = self.settings
        movable = {n: each for n, each in self.model.named_parameters() if each.requires_grad}
        optimiser = torch.optim.AdamW(movable.values(), lr=0.0, weight_decay=_WEIGHT_DECAY)
        model, optimiser = self._accelerator.prepare(self.model, optimiser)
        before = self.loss(self._stopping or self._train)
        checkpoint = Checkpoint(self._job.folder)
        checkpoint.load(movable, optimiser)
        self._accelerator.init_trackers(f"adapter-{self._job.folder.name}")
        steps = settings.epochs * -(-len(self._train) // settings.batch_size)
        for epoch in range(checkpoint.epoch, settings.epochs):
            if epoch - checkpoint.best_epoch > settings.patience:
                break
            # An epoch draws the same numbers whether it follows the last one or an interruption.
            torch.manual_seed(settings.seed + 1 + epoch)
            model.train()
            for batch in self._batches(epoch):
                share = learning_rate_share(checkpoint.step, steps, settings.warmup_share)
                for group in optimiser.param_groups:
                    group["lr"] = settings.learning_rate * share
                self._step(model, optimiser, [self._train[place] for place in batch])
                checkpoint.step += 1
                self._tell(checkpoint.step / steps)
            checkpoint.epoch = epoch + 1
            # Without rows to stop by, the last epoch is the best.
            loss = self.loss(self._stopping) if self._stopping else float(-epoch)
            checkpoint.keep_best(movable, -loss)
            self._accelerator.log({"adapter/stopping_loss": loss}, step=epoch)
            checkpoint.save(movable, optimiser)
        checkpoint.restore_best(movable)
        self._accelerator.end_training()
        after = self.loss(self._stopping or self._train)
        self._tell(1.0)
        return {
            "epochs": checkpoint.epoch,
            "best_epoch": checkpoint.best_epoch,
            "trained_rows": len(self._train),
            "loss_before": before,
            "loss_after": after,
        }

    def loss(self, rows: Sequence[Tokens]) -> float:
        """The mean loss of an answer's token, in nats, without dropout."""
        self.model.eval()
        total, count = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(rows), self.settings.at_once):
                some = rows[start : start + self.settings.at_once]
                total += float(self._loss_sum(self.model, some))
                count += _learned(some)
        return total / count

    def _batches(self, epoch: int) -> list[np.ndarray]:
        random = np.random.default_rng([self.settings.seed, epoch])
        lengths = [len(row.ids) for row in self._train]
        places = np.arange(len(self._train))
        return list(batches_of_like_length(places, lengths, self.settings.batch_size, random))

    def _step(self, model: Any, optimiser: Any, rows: Sequence[Tokens]) -> None:  # noqa: ANN401
        """One step; every token of its answers counts alike, however the rows are cut."""
        optimiser.zero_grad()
        learned = _learned(rows)
        for start in range(0, len(rows), self.settings.at_once):
            some = rows[start : start + self.settings.at_once]
            self._accelerator.backward(self._loss_sum(model, some) / learned)
        self._accelerator.clip_grad_norm_(model.parameters(), _MOST_NORM)
        optimiser.step()

    def _loss_sum(self, model: Any, rows: Sequence[Tokens]) -> torch.Tensor:  # noqa: ANN401
        ids, mask, labels = _padded(rows, self._accelerator.device)
        with self._accelerator.autocast():
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        # A token is foretold by the one before it; the vocabulary is wide, so only what counts
        # is taken to full precision.
        learned = labels[:, 1:] != NOT_LEARNED
        foretold, wanted = logits[:, :-1][learned].float(), labels[:, 1:][learned]
        return functional.cross_entropy(foretold, wanted, reduction="sum")

    def _tell(self, share: float) -> None:
        if self._progress is not None:
            self._progress(_STAGE, share)


def context_of(model: Any) -> int:  # noqa: ANN401
    """So many tokens the model can read and write together."""
    return int(getattr(model.config.get_text_config(), "max_position_embeddings", 4096))


def _parts(rows: Sequence[Instruction]) -> tuple[list[Instruction], list[Instruction]]:
    train = [row for row in rows if row.part == "train"]
    return train, [row for row in rows if row.part == "stopping"]


def _fitting(rows: Sequence[Tokens], most: int) -> list[Tokens]:
    return [row for row in rows if len(row.ids) <= most]


def _learned(rows: Sequence[Tokens]) -> int:
    return sum(len(row.ids) - row.begin for row in rows)


def _padded(
    rows: Sequence[Tokens], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, attention mask and labels of shape (rows, longest), padded at the right."""
    shape = (len(rows), max(len(row.ids) for row in rows))
    ids, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, NOT_LEARNED, dtype=torch.long)
    for place, row in enumerate(rows):
        length = len(row.ids)
        ids[place, :length] = torch.tensor(row.ids)
        mask[place, :length] = 1
        labels[place, :length] = torch.tensor(row.labels)
    return ids.to(device), mask.to(device), labels.to(device)
