"""Turns the pretrained encoder towards the shop's own text, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.resources import files
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load
from torch import Tensor
from torch.nn import functional

from retrieval.embedded import EmbeddedEncoder, unit
from retrieval.types import Vectors
from retrieval.universal import universal_encoder

Pair = tuple[str, str]

BASE = "base.safetensors"
"""In the package's data: a matrix of shape (512, 512) that turns the pretrained vectors towards
customers' questions and their answers, whatever the trade (`scripts/train_base.py`)."""
Progress = Callable[[str, float], None]

_DIMENSION = 256
_BATCH = 64
_STEPS = 600
_LEARNING_RATE = 1e-4
_TEMPERATURE = 0.05
_MOST_CHARACTERS = 300
"""The beginning of a long passage says what it is about, in a quarter of the time."""


def train_search_encoder(
    pairs: Sequence[Pair], *, seed: int = 0, progress: Progress | None = None
) -> EmbeddedEncoder:
    """An encoder in which the two texts of a pair (question and passage, say) lie close together.

    It starts from what holds for every trade, in the directions in which the shop's texts differ
    most (principal components, not centred, so that cosines stay what they are), and learns from
    the pairs with in-batch negatives (Henderson et al. 2017).
    """
    cut = [(left[:_MOST_CHARACTERS], right[:_MOST_CHARACTERS]) for left, right in pairs]
    places = {text: place for place, text in enumerate(dict.fromkeys(chain(*cut)))}
    told = partial(progress, "reading the shop's text") if progress else None
    vectors = universal_encoder().encode_many(list(places), told)
    base = base_matrix()
    matrix = torch.from_numpy(base @ _principal(unit(vectors @ base)))
    if len(pairs) >= 2:
        left, right = (np.array([places[pair[side]] for pair in cut]) for side in (0, 1))
        matrix = _train(matrix, torch.from_numpy(vectors), left, right, seed, progress)
    return EmbeddedEncoder(matrix.numpy())


@cache
def base_matrix() -> Vectors:
    """The matrix that ships with the product."""
    content = files("retrieval").joinpath("data", BASE).read_bytes()
    return load(content)["matrix"].astype(np.float32)


def _principal(vectors: Vectors) -> Vectors:
    """Orthonormal directions, shape (512, 256), that keep most of the vectors' lengths."""
    squares = vectors.T.astype(np.float64) @ vectors
    _, directions = np.linalg.eigh(squares)
    return np.ascontiguousarray(directions[:, ::-1][:, :_DIMENSION], dtype=np.float32)


def _train(
    start: Tensor,
    vectors: Tensor,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    seed: int,
    progress: Progress | None,
) -> Tensor:
    matrix = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([matrix], lr=_LEARNING_RATE, fused=True)
    random = np.random.default_rng(seed)
    steps = min(_STEPS, 40 * (1 + len(left) // _BATCH))
    for step in range(steps):
        chosen = random.choice(len(left), min(_BATCH, len(left)), replace=False)
        loss = in_batch_loss(
            vectors[left[chosen]] @ matrix, vectors[right[chosen]] @ matrix, right[chosen]
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if progress is not None:
            progress("training the search encoder", (step + 1) / steps)
    return matrix.detach()


def in_batch_loss(questions: Tensor, passages: Tensor, answers: NDArray[np.int64]) -> Tensor:
    """Cross-entropy, both ways, of telling each one's partner from the others of the batch.

    Row i of both belongs together; equal `answers` are one passage.
    """
    asked, said = functional.normalize(questions, dim=-1), functional.normalize(passages, dim=-1)
    scores = asked @ said.T / _TEMPERATURE
    # The same passage twice in a batch is no negative of itself.
    same = torch.from_numpy(answers[:, None] == answers[None, :])
    same.fill_diagonal_(False)
    scores = scores.masked_fill(same, -1e4)
    expected = torch.arange(len(answers))
    return (
        functional.cross_entropy(scores, expected) + functional.cross_entropy(scores.T, expected)
    ) / 2
