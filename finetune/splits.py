"""Chooses which questions are held out of training to calibrate on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finetune.settings import TrainingSettings

_LEAVE_OUT_SHARE = 5
_LEAST_INTENTS = 5


@dataclass(frozen=True, slots=True)
class Fold:
    """Row numbers to train on and to hold out; `left_out` intents are held out whole.

    `number` of `count` says which of the folds it is.
    """

    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    left_out: frozenset[int]
    number: int
    count: int


def make_folds(classes: NDArray[np.int64], labels: int, settings: TrainingSettings) -> list[Fold]:
    """Stratified folds: several over few rows, a single one over many.

    Each fold leaves a fifth of the intents out whole: to the rest of them those questions are out
    of scope, and closer to the shop's trade than any that somebody thought of as an example.
    """
    random = np.random.default_rng(settings.seed)
    part = _stratified_parts(classes, settings, random)
    count = settings.folds if len(classes) <= settings.small else 1
    order = random.permutation(labels)
    leave = labels >= _LEAST_INTENTS
    folds = []
    for number in range(count):
        left_out = frozenset(order[number::_LEAVE_OUT_SHARE].tolist()) if leave else frozenset()
        folds.append(_fold(classes, part == number, left_out, number + 1, count, random))
    return folds


def _stratified_parts(
    classes: NDArray[np.int64], settings: TrainingSettings, random: np.random.Generator
) -> NDArray[np.int64]:
    """The part, from 0, that holds each row out; -1 for rows that are always trained on."""
    parts = np.full(len(classes), -1, dtype=np.int64)
    many = len(classes) > settings.small
    for number in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == number))
        if many:
            parts[rows[: round(len(rows) * settings.validation_share)]] = 0
        elif len(rows) > 1:
            start = int(random.integers(settings.folds))
            parts[rows] = (start + np.arange(len(rows))) % settings.folds
    return parts


def _fold(
    classes: NDArray[np.int64],
    held: NDArray[np.bool_],
    left_out: frozenset[int],
    number: int,
    count: int,
    random: np.random.Generator,
) -> Fold:
    outside = np.isin(classes, sorted(left_out))
    inside = np.flatnonzero(held & ~outside)
    # As many strangers as friends would outweigh them; a sample says as much.
    strangers = random.permutation(np.flatnonzero(outside))[: max(20, len(inside) // 2)]
    return Fold(
        train=np.flatnonzero(~held & ~outside),
        held_out=np.sort(np.concatenate([inside, strangers])),
        left_out=left_out,
        number=number,
        count=count,
    )
