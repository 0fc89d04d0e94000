"""Turn the pretrained vectors towards customers' questions once, for every shop.

The pairs in `scripts/pairs` are a question in a customer's own words and the passage that answers
it, of many trades, written for this. Nine tenths train a matrix, which ships as package data and
is where a shop's own training starts; a tenth (whole runs of rows, which are about one subject)
tells what it is worth. `python -m scripts.train_base` writes it again.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress
from safetensors.numpy import save_file

from retrieval.embedded import unit
from retrieval.embedded_training import BASE, Pair, in_batch_loss
from retrieval.threads import use_one_thread_per_task
from retrieval.types import Vectors
from retrieval.universal import DIMENSION, universal_encoder

ROOT = Path(__file__).resolve().parent.parent
PAIRS = ROOT / "scripts" / "pairs"
WRITTEN = ROOT / "retrieval" / "data" / BASE

_RUN = 25
_HELD_OUT_EVERY = 10
_STEPS = 300
_LEARNING_RATE = 1e-4
_BLOCKS, _BLOCK = 8, 16
"""A batch is runs of neighbouring rows: those of one document are the negatives that teach."""


def main() -> int:
    """Train, write, and print the share of held-out questions that find their passage."""
    use_one_thread_per_task()
    train, held_out = read_pairs()
    with Progress(transient=True) as shown:
        task = shown.add_task("reading pairs", total=2 + _STEPS)
        questions, passages = encoded(train)
        shown.advance(task, 2)
        matrix = torch.eye(DIMENSION).requires_grad_()
        optimiser = torch.optim.Adam([matrix], lr=_LEARNING_RATE)
        random = np.random.default_rng(0)
        for _ in range(_STEPS):
            starts = random.choice(len(train) - _BLOCK, _BLOCKS, replace=False)
            rows = np.unique(starts[:, None] + np.arange(_BLOCK))
            asked, said = torch.from_numpy(questions[rows]), torch.from_numpy(passages[rows])
            loss = in_batch_loss(asked @ matrix, said @ matrix, rows)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            shown.advance(task)
    trained = matrix.detach().numpy()
    save_file({"matrix": np.ascontiguousarray(trained.astype(np.float16))}, WRITTEN)
    sides = encoded(held_out)
    print(f"{len(train)} pairs trained, {len(held_out)} held out")
    for depth in (1, 3):
        before = recall(*sides, np.eye(DIMENSION, dtype=np.float32), depth)
        print(f"recall@{depth}: {before:.3f} before, {recall(*sides, trained, depth):.3f} after")
    return 0


def read_pairs() -> tuple[list[Pair], list[Pair]]:
    """Those to train with, and those that are held out."""
    parts: tuple[list[Pair], list[Pair]] = ([], [])
    for path in sorted(PAIRS.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                held_out = number // _RUN % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1
                parts[held_out].append((row["question"], row["passage"]))
    return parts


def encoded(pairs: list[Pair]) -> tuple[Vectors, Vectors]:
    """Pretrained vectors of questions and of passages, each of shape (len(pairs), 512)."""
    asked, said = zip(*pairs, strict=True)
    base = universal_encoder()
    return base.encode_many(asked), base.encode_many(said)


def recall(questions: Vectors, passages: Vectors, matrix: Vectors, depth: int) -> float:
    """The share of questions whose passage is among the nearest of all these passages."""
    scores = unit(questions @ matrix) @ unit(passages @ matrix).T
    better = (scores > np.diag(scores)[:, None]).sum(axis=1)
    return float((better < depth).mean())


if __name__ == "__main__":
    sys.exit(main())
