"""What an interrupted fine-tuning goes on from: tensors only, no pickle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from finetune.dense.averaging import MovingAverage

_FILE = "checkpoint.safetensors"
_COUNTERS = ("epoch", "best_epoch", "step")
_MOMENTS = ("exp_avg", "exp_avg_sq")


class Checkpoint:
    """The weights that move, their average if kept, the optimiser's moments, and the best so far.

    `epoch` counts whole epochs, `best_epoch` is the one of `best`, `score` what it was chosen by,
    higher being better.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` holds the file; nothing is read before `load`."""
        self._path = folder / _FILE
        self.epoch = 0
        self.best_epoch = 0
        self.step = 0
        self.score = -math.inf
        self.best: dict[str, Tensor] = {}

    def load(
        self,
        movable: Mapping[str, nn.Parameter],
        optimiser: torch.optim.Optimizer,
        average: MovingAverage | None = None,
    ) -> None:
        """Take over what was saved, if anything was."""
        if not self._path.exists():
            return
        saved = load_file(self._path)
        for name, weights in movable.items():
            with torch.no_grad():
                weights.copy_(saved[f"now.{name}"])
                if average is not None:
                    average.weights[name].copy_(saved[f"average.{name}"])
            moments = {kind: saved[f"{kind}.{name}"].to(weights.device) for kind in _MOMENTS}
            optimiser.state[weights] = {"step": saved["moments_step"].clone(), **moments}
            self.best[name] = saved[f"best.{name}"]
        self.score = float(saved["score"])
        for name in _COUNTERS:
            setattr(self, name, int(saved[name]))

    def keep_best(self, movable: Mapping[str, nn.Parameter], score: float) -> None:
        """Remember the weights of this epoch if they are the best so far."""
        if score > self.score:
            self.score, self.best_epoch = score, self.epoch
            self.best = {name: each.detach().cpu().clone() for name, each in movable.items()}

    def restore_best(self, movable: Mapping[str, nn.Parameter]) -> None:
        """Put the best weights back."""
        with torch.no_grad():
            for name, weights in movable.items():
                weights.copy_(self.best[name])

    def save(
        self,
        movable: Mapping[str, nn.Parameter],
        optimiser: torch.optim.Optimizer,
        average: MovingAverage | None = None,
    ) -> None:
        """Write the file so that a kill leaves the old one or the new one."""
        tensors: dict[str, Tensor] = {name: torch.tensor(getattr(self, name)) for name in _COUNTERS}
        tensors["score"] = torch.tensor(self.score)
        tensors["moments_step"] = torch.tensor(float(self.step))
        for name, weights in movable.items():
            tensors[f"now.{name}"] = weights.detach().cpu().contiguous()
            if average is not None:
                tensors[f"average.{name}"] = average.weights[name].cpu().contiguous()
            tensors[f"best.{name}"] = self.best[name].contiguous()
            for kind in _MOMENTS:
                # A weight that the scores do not depend on, such as a pooler's, has no moments.
                moment = optimiser.state[weights].get(kind, torch.zeros_like(weights))
                tensors[f"{kind}.{name}"] = moment.detach().cpu().contiguous()
        fresh = self._path.with_suffix(".new")
        save_file({name: tensor.clone() for name, tensor in tensors.items()}, fresh)
        fresh.replace(self._path)

    def remove(self) -> None:
        """The training is done: nothing is left to go on with."""
        self._path.unlink(missing_ok=True)
