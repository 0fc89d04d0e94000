"""Trains the embedded search encoder on the shop's own text, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from retrieval.features import Features, SparseRows
from retrieval.ngram import NgramEncoder, bag
from retrieval.text import Analyser

Pair = tuple[str, str]

_DIMENSION = 192
_MOST_FEATURES = 24_000
_BATCH = 64
_STEPS = 200
_LEARNING_RATE = 2e-3
_TEMPERATURE = 0.05
_FEATURE_DROPOUT = 0.4
_MOST_CHARACTERS = 300
"""The beginning of a long passage says what it is about, in a quarter of the time."""


def train_search_encoder(
    texts: Sequence[str],
    pairs: Sequence[Pair],
    analyser: Analyser,
    *,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> NgramEncoder:
    """An encoder in which the two texts of a pair (question and passage, say) lie close together.

    It starts from random vectors, in which closeness is already TF-IDF overlap
    (Johnson & Lindenstrauss 1984), and learns from the pairs with in-batch negatives
    (Henderson et al. 2017).
    """
    features = Features.fit(analyser, texts, max_features=_MOST_FEATURES, content_only=True)
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(len(features), _DIMENSION, generator=generator) / _DIMENSION**0.5
    if len(pairs) >= 2:
        table = _train(table, features, pairs, seed, progress)
    return NgramEncoder(features, table.half().float())


def _train(
    start: torch.Tensor,
    features: Features,
    pairs: Sequence[Pair],
    seed: int,
    progress: Callable[[str, float], None] | None,
) -> torch.Tensor:
    texts = {text: number for number, text in enumerate(dict.fromkeys(chain(*pairs)))}
    rows = features.rows([text[:_MOST_CHARACTERS] for text in texts])
    left, right = (np.array([texts[pair[side]] for pair in pairs]) for side in (0, 1))
    table = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([table], lr=_LEARNING_RATE, fused=True)
    random = np.random.default_rng(seed)
    steps = min(_STEPS, 40 * (1 + len(pairs) // _BATCH))
    for step in range(steps):
        chosen = random.choice(len(pairs), min(_BATCH, len(pairs)), replace=False)
        asked, answers = left[chosen], right[chosen]
        loss = _loss(table, rows.take(asked), rows.take(answers), answers, random)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if progress is not None:
            progress("training the search encoder", (step + 1) / steps)
    return table.detach()


def _loss(
    table: torch.Tensor,
    left: SparseRows,
    right: SparseRows,
    answers: NDArray[np.int64],
    random: np.random.Generator,
) -> torch.Tensor:
    questions = functional.normalize(bag(table, drop(left, _FEATURE_DROPOUT, random)), dim=-1)
    passages = functional.normalize(bag(table, drop(right, _FEATURE_DROPOUT, random)), dim=-1)
    scores = questions @ passages.T / _TEMPERATURE
    # The same passage twice in a batch is no negative of itself.
    same = torch.from_numpy(answers[:, None] == answers[None, :])
    same.fill_diagonal_(False)
    scores = scores.masked_fill(same, -1e4)
    expected = torch.arange(len(answers))
    return (
        functional.cross_entropy(scores, expected) + functional.cross_entropy(scores.T, expected)
    ) / 2


def drop(rows: SparseRows, share: float, random: np.random.Generator) -> SparseRows:
    """The rows without a random share of their features, the rest raised to make up for it."""
    kept = random.random(len(rows.weights)) >= share
    offsets = np.concatenate([[0], np.cumsum(kept)])[rows.offsets].astype(np.int64)
    weights = (rows.weights[kept] / (1 - share)).astype(np.float32)
    return SparseRows(rows.ids[kept], weights, offsets, rows.unknown)
