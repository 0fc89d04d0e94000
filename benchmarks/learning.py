"""The learning loop: the same data again, poisoned data, and corrections that stay corrected.

`python -m benchmarks.learning [banking77] [shop]`. Held-out questions that the live bundle has
wrong go through the review queue as customers' questions do; after a retraining each is asked
again, as it was and in other spellings. Those are made by rules of their own, which are not those
by which training makes variants.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from opencc import OpenCC

from benchmarks.harness import ROOT, Report, data_folder, environment, kefu
from benchmarks.intents import OOS, Rows
from benchmarks.server import serving
from bot.commands.options import open_database
from bot.settings import Settings
from finetune.bundle import BundleContent, read_bundle
from finetune.dataset import build_dataset
from finetune.decisions import decide
from finetune.evaluate import TEMPLATE, decide_plainly
from finetune.types_review import ThisIntent
from retrieval.language import detect_language
from storage.bundles import Bundles
from storage.conversations import Conversations
from storage.database import Database
from storage.examples import Examples
from storage.review import ReviewQueue
from storage.types import NewMessage, NewReply

SEED = 0
CORRECTIONS = 20
POISONED = 0.2
SHOP = ROOT / "examples" / "shop"
_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuiopqsdfghjklaxcvbnmz", strict=True))
_MARKS = "，。？！、；：,.?!;:"

Asked = tuple[str, str]
"""A question and its right intent."""


def main() -> int:
    """Measure what was named, or both."""
    wanted = sys.argv[1:] or ["banking77", "shop"]
    parts: dict[str, Callable[[Path], int]] = {"banking77": banking77, "shop": shop}
    codes = [0]
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
            codes.append(parts[name](Path(folder)))
    return max(codes)


def banking77(folder: Path) -> int:
    """All three parts on BANKING77: four fifths of the training half to learn from."""
    data = data_folder("banking77")
    if data is None:
        return 0
    report = Report("learning-banking77", "the learning loop on BANKING77")
    train, held = Rows.read(data / "train.csv").split(0.2)
    home = folder / "home"
    kefu(home, "import", "history", train.write(folder / "history.csv"))
    _, seconds = kefu(home, "retrain")
    report.add("the first retraining", seconds, "s")
    add_same_again(report, home)
    add_corrections(report, home, list(zip(held.questions, held.intents, strict=True)))
    add_poisoned(report, home, train, folder)
    return report.finish()


def shop(folder: Path) -> int:
    """The same data again and corrections on the sample shop, in two languages."""
    report = Report("learning-shop", "the learning loop on the sample shop")
    home = folder / "home"
    with serving(home, "run") as server:
        server.stop()
    add_same_again(report, home)
    rows = Rows.read(SHOP / "dev.csv")
    asked = [pair for pair in zip(rows.questions, rows.intents, strict=True) if pair[1] != OOS]
    add_corrections(report, home, asked)
    return report.finish()


def add_same_again(report: Report, home: Path) -> None:
    """A retraining on data that has not changed."""
    found, seconds = kefu(home, "retrain")
    report.add("the same data again: unchanged", found["outcome"] == "unchanged", at_least=1)
    report.add("the same data again: the whole command", seconds, "s", at_most=5)


def add_poisoned(report: Report, home: Path, train: Rows, folder: Path) -> None:
    """A fifth of the questions arrives once more with the labels of others."""
    chance = random.Random(SEED)
    chosen = chance.sample(range(len(train.questions)), round(POISONED * len(train.questions)))
    labels = [train.intents[number] for number in chosen]
    chance.shuffle(labels)
    poison = Rows([train.questions[number] for number in chosen], labels)
    before = live(home)
    kefu(home, "import", "history", poison.write(folder / "poison.csv"))
    found = retrain_anyway(home)
    for reason in found["reasons"]:
        print(f"refused: {reason}")
    report.add("poisoned: refused", found["outcome"] == "refused", at_least=1)
    report.add("poisoned: reasons given", len(found["reasons"]), at_least=1)
    report.add("poisoned: the champion is live still", live(home) == before, at_least=1)


def retrain_anyway(home: Path) -> dict[str, Any]:
    """`kefu retrain`, of which a refusal (exit code 1) is a result as well."""
    command = [sys.executable, "-m", "bot.cli", "--home", str(home), "retrain", "--json"]
    ran = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    if ran.returncode not in {0, 1}:
        raise SystemExit(f"{' '.join(command)} gave exit code {ran.returncode}")
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def add_corrections(report: Report, home: Path, asked: Sequence[Asked]) -> None:
    """Correct questions in review, retrain, and ask them and the golden ones again."""
    with open_database(Settings(home=home)) as database:
        champion = read_bundle(home / "bundles" / live(home))
        wrong = choose_wrong(database, champion, asked)
        correct(database, wrong)
        with database.session() as session:
            golden = [(row.question, row.label) for row in build_dataset(session).golden
                      if row.label != OOS]  # fmt: skip
    found = retrain_anyway(home)
    for reason in found["reasons"]:
        print(f"{found['outcome']}: {reason}")
    report.add("corrected: questions", len(wrong))
    report.add("corrected: promoted", found["outcome"] == "promoted", at_least=1)
    bundle = read_bundle(home / "bundles" / found["bundle"])
    add_spellings(report, champion, bundle, wrong)
    before, after = right(champion, golden), right(bundle, golden)
    lost = [pair for pair, old, new in zip(golden, before, after, strict=True) if old and not new]
    for question, label in lost:
        print(f"golden, lost: {question} ({label})")
    report.add("golden: right before", sum(before) / len(golden))
    report.add("golden: right after", sum(after) / len(golden))
    report.add("golden: newly right", sum(map(lambda old, new: new and not old, before, after)))
    report.add("golden: lost", len(lost), at_most=0)


def add_spellings(
    report: Report, champion: BundleContent, bundle: BundleContent, wrong: Sequence[Asked]
) -> None:
    """The corrected questions as they were asked and in other spellings, before and after."""
    kinds: dict[str, list[Asked]] = {"the question itself": list(wrong)}
    for question, label in wrong:
        for kind, text in spellings(question):
            kinds.setdefault(kind, []).append((text, label))
    everything = [pair for pairs in kinds.values() for pair in pairs]
    for kind, pairs in kinds.items():
        marks = right(bundle, pairs)
        for (text, label), is_right in zip(pairs, marks, strict=True):
            if not is_right:
                print(f"corrected, wrong still: {text} ({label})")
        report.add(f"corrected: {kind}, right", sum(marks) / len(marks), at_least=1)
    before = right(champion, everything)
    report.add("corrected: all spellings, right before", sum(before) / len(before))
    sent = answered(bundle, everything)
    report.add("corrected: all spellings, answered rightly unasked", sum(sent) / len(sent))


def live(home: Path) -> str:
    """The id of the live bundle."""
    with (
        open_database(Settings(home=home)) as database,
        database.session(read_only=True) as session,
    ):
        return str(Bundles(session).live_id())


def choose_wrong(
    database: Database, champion: BundleContent, asked: Sequence[Asked]
) -> list[Asked]:
    """Questions that the champion has wrong and no example holds; as many of each language."""
    with database.session(read_only=True) as session:
        known = {each.question for each in Examples(session).all()}
    new = [pair for pair in asked if pair[0] not in known]
    marks = right(champion, new)
    missed = [pair for pair, is_right in zip(new, marks, strict=True) if not is_right]
    random.Random(SEED).shuffle(missed)
    by_language: dict[str, list[Asked]] = {}
    for pair in missed:
        by_language.setdefault(detect_language(pair[0]) or "", []).append(pair)
    each = CORRECTIONS // len(by_language)
    return [pair for _, pairs in sorted(by_language.items()) for pair in pairs[:each]]


def correct(database: Database, wrong: Sequence[Asked]) -> None:
    """Customers ask, the bot does not know, and somebody decides what was right."""
    with database.session() as session:
        for number, (question, _) in enumerate(wrong):
            language = detect_language(question) or "en"
            talk = Conversations(session).create("web")
            new = NewMessage(talk.id, f"correction-{number}", question, question, language)
            message = Conversations(session).receive(new).message
            reply = NewReply("…", "…", language, "no_answer")
            Conversations(session).record(message.id, reply, epoch=0, review="no_answer")
    labels = dict(wrong)
    with database.session() as session:
        for item in ReviewQueue(session).open(limit=len(wrong)):
            decide(session, [item.id], ThisIntent(labels[item.question]), by="benchmark")


def right(bundle: BundleContent, asked: Sequence[Asked]) -> list[bool]:
    """Whether the likeliest intent of each question is the right one."""
    found = bundle.classifier.predict([question for question, _ in asked])
    return [each.label == label for each, (_, label) in zip(found, asked, strict=True)]


def answered(bundle: BundleContent, asked: Sequence[Asked]) -> list[bool]:
    """Whether the right template would be sent without asking back."""
    found = bundle.classifier.predict([question for question, _ in asked])
    return [
        each.label == label and decide_plainly(each, bundle.thresholds) == TEMPLATE
        for each, (_, label) in zip(found, asked, strict=True)
    ]


def spellings(question: str) -> list[tuple[str, str]]:
    """Other spellings of a question, each with the kind that it is."""
    if detect_language(question) == "zh":
        return _spellings_zh(question)
    return _spellings_en(question)


def _spellings_en(question: str) -> list[tuple[str, str]]:
    words = question.split()
    longest = max(range(len(words)), key=lambda place: len(words[place]))
    middle = len(words[longest]) // 2
    letter = words[longest][middle]
    hit_beside = words[longest][:middle] + _NEIGHBOURS.get(letter.lower(), letter) + (
        words[longest][middle + 1 :])  # fmt: skip
    twice = words[longest][:middle] + letter + words[longest][middle:]
    bare = question.rstrip(_MARKS + " ")
    return [
        ("typo, the key beside", " ".join([*words[:longest], hit_beside, *words[longest + 1 :]])),
        ("typo, a letter twice", " ".join([*words[:longest], twice, *words[longest + 1 :]])),
        ("no marks", "".join(each for each in question if each not in _MARKS)),
        ("other marks", f"{bare}...!!"),
        ("politeness", f"Good morning! Could you help me out? {bare}. Many thanks in advance!"),
        ("politeness, short", f"Excuse me, {bare}? Cheers"),
    ]


def _spellings_zh(question: str) -> list[tuple[str, str]]:
    bare = question.rstrip(_MARKS + " ")
    place = max(1, len(bare) // 2)
    return [
        ("typo, two swapped",
         bare[: place - 1] + bare[place : place + 1] + bare[place - 1] + bare[place + 1 :]),
        ("typo, a character twice", bare[:place] + bare[place - 1] + bare[place:]),
        ("no marks", "".join(each for each in question if each not in _MARKS)),
        ("other marks", f"{bare}……！！"),
        ("politeness", f"您好，麻烦问一下哈，{bare}，辛苦啦，多谢"),
        ("politeness, short", f"亲，{bare}，感谢"),
        ("traditional script", OpenCC("s2t").convert(question)),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
