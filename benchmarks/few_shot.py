"""Ten questions per intent of BANKING77, with all-MiniLM-L6-v2 as it is, next to two peers.

The peers are what most people would write (vectors with a logistic regression, as scikit-learn
has it and with C chosen by cross-validation) and SetFit (Tunstall et al. 2022). SetFit is no part
of the project: `pip install --target DIR --no-deps setfit` and what it misses, then `--setfit DIR`.
It is slow and runs on the first seed alone; with fewer than 300 `--steps` its seconds are scaled.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from benchmarks.encoders import minilm
from benchmarks.harness import Report, data_folder
from benchmarks.intents import Rows
from benchmarks.minilm import RememberingMiniLm
from finetune.dense.frozen import FrozenTrainer
from finetune.settings import TrainingSettings
from finetune.train import train_classifier
from finetune.types import LabelledQuestion
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task
from retrieval.types import Encoder

SEEDS = (0, 1, 2, 3, 4)
SHOTS = 10
LEAD = 0.015
SPEED = 10.0
SETFIT_STEPS, SETFIT_BATCH = 300, 16
_CHOICES_OF_C = (1.0, 3.0, 10.0, 30.0, 100.0)
_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """Share of the held-out questions that are right, and seconds of training, vectors and all."""

    accuracy: float
    seconds: float = 0.0


def main() -> int:
    """Draw, train and measure."""
    arguments = _arguments()
    use_one_thread_per_task()
    folder = data_folder("banking77")
    if folder is None:
        return 0
    train, test = Rows.read(folder / "train.csv").split(0.2)
    report = Report("few-shot", f"{SHOTS} questions per intent of BANKING77, all-MiniLM-L6-v2")
    encoder = RememberingMiniLm()
    asked = encoder.encode(test.questions)
    found: defaultdict[str, list[Found]] = defaultdict(list)
    for seed in SEEDS:
        rows = draw(train, seed)
        found["Kefu"].append(kefu(rows, test, encoder))
        vectors = encoder.encode(rows.questions)
        for name, model in logistic_regressions().items():
            model.fit(vectors, rows.intents)
            found[name].append(Found(_share(list(model.predict(asked)), test)))
    peers = {name: mean(each).accuracy for name, each in found.items() if name != "Kefu"}
    ours = mean(found["Kefu"])
    for name, accuracy in peers.items():
        report.add(f"{name}: accuracy, mean of {len(SEEDS)} seeds", accuracy)
    _add(report, ours, found["Kefu"], peers)
    if arguments.setfit is not None:
        add_setfit(report, train, test, arguments.setfit, arguments.steps, found["Kefu"][0])
    return report.finish()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setfit", type=Path, help="where setfit is installed")
    parser.add_argument("--steps", type=int, default=SETFIT_STEPS)
    return parser.parse_args()


def _add(report: Report, ours: Found, each: Sequence[Found], peers: dict[str, float]) -> None:
    report.add(f"Kefu: accuracy, mean of {len(SEEDS)} seeds", ours.accuracy)
    report.add("Kefu: accuracy, the lowest", min(one.accuracy for one in each))
    report.add("Kefu: accuracy, the highest", max(one.accuracy for one in each))
    report.add("Kefu: seconds, vectors and all", ours.seconds, "s")
    for name, accuracy in peers.items():
        report.add(f"Kefu: ahead of {name}", ours.accuracy - accuracy, at_least=LEAD)


def mean(found: Sequence[Found]) -> Found:
    """The mean of both numbers."""
    accuracy = float(np.mean([each.accuracy for each in found]))
    return Found(accuracy, float(np.mean([each.seconds for each in found])))


def draw(train: Rows, seed: int) -> Rows:
    """`SHOTS` questions of each intent."""
    chance = random.Random(seed)
    by_intent: defaultdict[str, list[str]] = defaultdict(list)
    for question, intent in zip(train.questions, train.intents, strict=True):
        by_intent[intent].append(question)
    pairs = [(q, name) for name in sorted(by_intent) for q in chance.sample(by_intent[name], SHOTS)]
    return Rows([question for question, _ in pairs], [intent for _, intent in pairs])


def kefu(rows: Rows, test: Rows, encoder: RememberingMiniLm) -> Found:
    """As `kefu retrain --encoder` trains; vectors are computed anew, as they count in the time."""
    fresh: Encoder = encoder.forgetting(rows.questions)
    labelled = [
        LabelledQuestion(question, intent, "en")
        for question, intent in zip(rows.questions, rows.intents, strict=True)
    ]
    settings = TrainingSettings()
    began = time.perf_counter()
    trained = train_classifier(
        labelled,
        Analyser(Lexicon.from_package()),
        settings=settings,
        trainer=FrozenTrainer(fresh, encoder.source, settings),
    )
    seconds = time.perf_counter() - began
    predicted = trained.classifier.predict(test.questions)
    return Found(_share([each.label for each in predicted], test), seconds)


def logistic_regressions() -> dict[str, Any]:
    """Both ways to fit the peer's head."""
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

    chosen = LogisticRegressionCV(
        Cs=_CHOICES_OF_C, cv=_FOLDS, max_iter=1000, use_legacy_attributes=False,
        scoring="accuracy", l1_ratios=(0.0,),
    )  # fmt: skip
    return {
        "frozen + logistic, C=1": LogisticRegression(max_iter=1000),
        "frozen + logistic, C by cross-validation": chosen,
    }


def add_setfit(
    report: Report, train: Rows, test: Rows, folder: Path, steps: int, ours: Found
) -> None:
    """SetFit on the rows of the first seed."""
    peer = setfit(draw(train, SEEDS[0]), test, folder, steps)
    seconds = peer.seconds * SETFIT_STEPS / steps
    which = f"SetFit, {steps} steps, seed {SEEDS[0]}"
    report.add(f"{which}: accuracy", peer.accuracy)
    report.add(f"{which}: seconds", peer.seconds, "s")
    report.add(f"SetFit: seconds of {SETFIT_STEPS} steps", seconds, "s")
    report.add(f"Kefu, seed {SEEDS[0]}: accuracy", ours.accuracy)
    report.add(f"Kefu: ahead of SetFit, seed {SEEDS[0]}", ours.accuracy - peer.accuracy,
               at_least=LEAD)  # fmt: skip
    report.add("Kefu: times as fast as SetFit", seconds / ours.seconds, at_least=SPEED)


def setfit(rows: Rows, test: Rows, folder: Path, steps: int) -> Found:
    """Contrastive tuning of the whole encoder, then a logistic regression."""
    sys.path.append(str(folder))
    datasets, peer = import_module("datasets"), import_module("setfit")

    # A key for a cache that is not used; the latest pyarrow has parts that it cannot be made of.
    datasets.fingerprint.Hasher.hash = staticmethod(lambda _: uuid4().hex)

    labels = sorted(set(rows.intents))
    data = datasets.Dataset.from_dict(
        {"text": rows.questions, "label": [labels.index(intent) for intent in rows.intents]}
    )
    arguments = peer.TrainingArguments(
        batch_size=SETFIT_BATCH, max_steps=steps, seed=SEEDS[0], report_to="none",
        save_strategy="no", show_progress_bar=False,
    )  # fmt: skip
    model = peer.SetFitModel.from_pretrained(str(minilm()))
    began = time.perf_counter()
    peer.Trainer(model=model, args=arguments, train_dataset=data).train()
    seconds = time.perf_counter() - began
    predicted = model.predict(test.questions, use_labels=False)
    return Found(_share([labels[int(number)] for number in predicted], test), seconds)


def _share(predicted: Sequence[str | None], test: Rows) -> float:
    return float(np.mean([a == b for a, b in zip(predicted, test.intents, strict=True)]))


if __name__ == "__main__":
    sys.exit(main())
