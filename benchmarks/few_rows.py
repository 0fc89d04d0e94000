"""Is an intent with few questions better trained, or left to search? BANKING77, its training half.

Fifteen intents keep one, two, three or five questions, thirty keep 25; twelve others of each are
asked. Costs are those that thresholds are chosen by: a wrong reply as much as five refusals.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from dataclasses import dataclass

from benchmarks.harness import Report, data_folder
from benchmarks.intents import Rows
from finetune.train import TrainedClassifier, train_classifier
from finetune.types import LabelledQuestion
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.threads import use_one_thread_per_task

FEW_INTENTS, INTENTS = 15, 45
KEPT, ASKED = 25, 12
COUNTS = (1, 2, 3, 5)
SEEDS = (0, 1)
WRONG, CLARIFIED, CLARIFIED_WRONG = 5.0, 0.5, 1.5


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw of intents: the rows of the large ones, and questions of all."""

    large: list[LabelledQuestion]
    few: dict[str, list[str]]
    asked: list[tuple[str, str]]


def main() -> int:
    """Train both ways and print what either costs."""
    use_one_thread_per_task()
    folder = data_folder("banking77")
    if folder is None:
        return 0
    rows = Rows.read(folder / "train.csv")
    analyser = Analyser(Lexicon.from_package())
    costs: defaultdict[int, list[float]] = defaultdict(list)
    for seed in SEEDS:
        draw = _draw(rows, seed)
        for count in (0, *COUNTS):
            more = [
                LabelledQuestion(question, name, "en")
                for name, questions in draw.few.items()
                for question in questions[:count]
            ]
            costs[count].append(_cost(train_classifier(draw.large + more, analyser), draw.asked))
    report = Report("few-rows", "an intent with few questions: trained, or left to search")
    left = sum(costs[0]) / len(SEEDS)
    report.add("left to search: cost of a question, in refusals", left)
    for count in COUNTS:
        name = f"trained on {count} each: cost of a question, in refusals"
        report.add(name, sum(costs[count]) / len(SEEDS), at_most=left)
    return report.finish()


def _draw(rows: Rows, seed: int) -> Draw:
    random_ = random.Random(seed)
    by_intent: defaultdict[str, list[str]] = defaultdict(list)
    for question, intent in zip(rows.questions, rows.intents, strict=True):
        by_intent[intent].append(question)
    names = sorted(name for name, found in by_intent.items() if len(found) >= KEPT + 2 * ASKED)
    random_.shuffle(names)
    names = names[:INTENTS]
    drawn = {name: random_.sample(by_intent[name], len(by_intent[name])) for name in names}
    few, large = names[:FEW_INTENTS], names[FEW_INTENTS:]
    return Draw(
        [LabelledQuestion(q, name, "en") for name in large for q in drawn[name][:KEPT]],
        {name: drawn[name] for name in few},
        [(question, name) for name in names for question in drawn[name][-ASKED:]],
    )


def _cost(trained: TrainedClassifier, asked: list[tuple[str, str]]) -> float:
    """Mean cost of a question under the thresholds that were fitted with the model."""
    limits = trained.thresholds
    found = trained.classifier.predict([question for question, _ in asked])
    total = 0.0
    for (_, expected), prediction in zip(asked, found, strict=True):
        pair = prediction.ranked[:2]
        if prediction.confidence * prediction.in_scope >= limits.answer:
            total += 0.0 if prediction.label == expected else WRONG
        elif sum(share for _, share in pair) * prediction.in_scope >= limits.clarify:
            among = expected in {label for label, _ in pair}
            total += CLARIFIED if among else CLARIFIED_WRONG
        else:
            total += 1.0
    return total / len(asked)


if __name__ == "__main__":
    sys.exit(main())
