"""The mean of weights over the last steps, which errs less than where the last step left them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_MOST_DECAY = 0.998


class MovingAverage:
    """An exponential moving average of weights (Polyak & Juditsky 1992).

    Its decay rises with the steps, so that the first weights are soon forgotten.
    """

    def __init__(self, movable: Mapping[str, nn.Parameter]) -> None:
        """Begin at the weights as they are."""
        self.weights: dict[str, Tensor] = {
            name: each.detach().clone() for name, each in movable.items()
        }

    def update(self, movable: Mapping[str, nn.Parameter], step: int) -> None:
        """Move towards the weights after `step` steps, counted from 1."""
        decay = min(_MOST_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, each in movable.items():
                self.weights[name].lerp_(each, 1 - decay)

    @contextmanager
    def in_place_of(self, movable: Mapping[str, nn.Parameter]) -> Iterator[None]:
        """Within, the model has the average for its weights."""
        now = {name: each.detach().clone() for name, each in movable.items()}
        _copy(self.weights, movable)
        try:
            yield
        finally:
            _copy(now, movable)


def _copy(weights: Mapping[str, Tensor], into: Mapping[str, nn.Parameter]) -> None:
    with torch.no_grad():
        for name, each in into.items():
            each.copy_(weights[name])
