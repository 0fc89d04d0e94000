"""How many threads one piece of numerical work may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import torch


def use_one_thread_per_task() -> None:
    """Let every training step and every query run on one thread.

    The models here are small, and OpenMP's idle threads spin while they wait for one another:
    on two busy cores a second thread made training three times slower, not faster.
    """
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)


@contextmanager
def all_cores() -> Iterator[None]:
    """Let a pretrained model, which is large enough for it, use every core meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
