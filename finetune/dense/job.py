"""A fine-tuning as a folder: what to do, how far it is, and what came of it.

So an interrupted training goes on where it was, and `accelerate launch` runs the same work in
several processes: `accelerate launch -m finetune.dense.tuning FOLDER`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from finetune.dense.base import Matrix, TrainingRows
from finetune.settings import TrainingSettings

_DESCRIPTION, _QUESTIONS, _NUMBERS, _DONE = "job.json", "questions.json", "rows.safetensors", "done"
_DIRECTIONS = "directions.safetensors"


@dataclass(frozen=True, slots=True)
class Questions:
    """What is learned: texts, the class of each, and how much each counts."""

    texts: list[str]
    classes: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class TuningJob:
    """One fine-tuning in its folder."""

    folder: Path

    @classmethod
    def create(
        cls, workspace: Path, data: TrainingRows, classes: int, settings: TrainingSettings
    ) -> TuningJob:
        """The job for these rows and settings; one that was begun before is found again."""
        description = json.dumps({"classes": classes, "settings": settings.as_dict()})
        questions = json.dumps(data.questions.tolist(), ensure_ascii=False)
        digest = hashlib.sha256(description.encode())
        digest.update(questions.encode("utf-8", "surrogatepass"))
        digest.update(data.classes.tobytes() + data.weights.tobytes())
        job = cls(workspace / digest.hexdigest()[:16])
        if not (job.folder / _DESCRIPTION).exists():
            job.folder.mkdir(parents=True, exist_ok=True)
            (job.folder / _QUESTIONS).write_text(questions, encoding="utf-8")
            numbers: dict[str, np.ndarray] = {"classes": data.classes, "weights": data.weights}
            save_file(numbers, job.folder / _NUMBERS)
            # Last: a job without it was not written whole, and is written again.
            (job.folder / _DESCRIPTION).write_text(description, encoding="utf-8")
        return job

    @property
    def encoder(self) -> Path:
        """Where the tuned encoder lies once the job is done."""
        return self.folder / "encoder"

    @property
    def is_done(self) -> bool:
        """Whether the result is there, whole."""
        return (self.folder / _DONE).exists()

    def settings(self) -> TrainingSettings:
        """How to train."""
        return TrainingSettings(**self._description()["settings"])

    def classes(self) -> int:
        """How many classes there are."""
        return int(self._description()["classes"])

    def questions(self) -> Questions:
        """What to train on."""
        texts = json.loads((self.folder / _QUESTIONS).read_text(encoding="utf-8"))
        numbers = load_file(self.folder / _NUMBERS)
        return Questions(texts, numbers["classes"], numbers["weights"])

    def finish(self, directions: Matrix, vectors: Matrix, *, epochs: int) -> None:
        """Keep the head, the vectors of the questions and after how many epochs they were best.

        From now on the job is done.
        """
        tensors = {"directions": directions, "vectors": vectors}
        save_file(tensors, self.folder / _DIRECTIONS)
        (self.folder / _DONE).write_text(str(epochs), encoding="utf-8")

    def result(self) -> tuple[Matrix, Matrix]:
        """The head's directions, shape (classes, dimension), and the questions' vectors."""
        tensors = load_file(self.folder / _DIRECTIONS)
        return tensors["directions"], tensors["vectors"]

    def epochs(self) -> int:
        """After how many epochs the result was best."""
        return int((self.folder / _DONE).read_text(encoding="utf-8"))

    def _description(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / _DESCRIPTION).read_text(encoding="utf-8"))
        return found


def remove_jobs(workspace: Path) -> None:
    """Forget all trainings, finished or not: their bundle is written. The logs stay."""
    for description in workspace.glob(f"*/{_DESCRIPTION}"):
        shutil.rmtree(description.parent)
