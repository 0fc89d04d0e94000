"""What a fine-tuning sees when: which rows, in which batches, at which learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finetune.settings import TrainingSettings

_SORTED_TOGETHER = 20
"""Batches are made of questions of like length, out of so many batches' worth at a time."""


@dataclass(frozen=True, slots=True)
class Split:
    """Places of rows to learn from, and of those that say when to stop."""

    train: NDArray[np.int64]
    stopping: NDArray[np.int64]


def split_for_stopping(classes: NDArray[np.int64], settings: TrainingSettings) -> Split:
    """A stratified share of the rows to stop by; none of few rows, which are all needed."""
    everything = np.arange(len(classes))
    if len(classes) < settings.least_stopping_rows:
        return Split(everything, everything[:0])
    random = np.random.default_rng(settings.seed)
    held: list[np.ndarray] = []
    for number in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == number))
        held.append(rows[: int(len(rows) * settings.stopping_share)])
    stopping = np.sort(np.concatenate(held))
    return Split(np.setdiff1d(everything, stopping), stopping)


def batches_of_like_length(
    places: NDArray[np.int64], lengths: Sequence[int], size: int, random: np.random.Generator
) -> list[NDArray[np.int64]]:
    """All places once, in random batches of texts of like length, so that little is padding."""
    order = random.permutation(places)
    batches = []
    for start in range(0, len(order), size * _SORTED_TOGETHER):
        some = order[start : start + size * _SORTED_TOGETHER]
        some = some[np.argsort([lengths[place] for place in some], kind="stable")]
        batches += [some[first : first + size] for first in range(0, len(some), size)]
    return [batches[place] for place in random.permutation(len(batches))]


def learning_rate_share(step: int, steps: int, warmup: float) -> float:
    """From 0 up to 1 during the warm-up, then straight down to 0."""
    rising = max(1.0, steps * warmup)
    if step < rising:
        return (step + 1) / rising
    return max(0.0, (steps - step) / max(1.0, steps - rising))


def share_of(
    batches: Sequence[NDArray[np.int64]], index: int, count: int
) -> Iterator[NDArray[np.int64]]:
    for batch in batches:
        # A batch too small for every process is seen whole by each: all take the same steps.
        yield batch[index::count] if len(batch) >= count else batch
