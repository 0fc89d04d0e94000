"""What to train on and what to measure with, out of all that the database remembers."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from finetune.importing import FROM_HISTORY, SOURCE_GOLDEN, SOURCE_SEARCH
from finetune.near_duplicates import NearDuplicates, loose_key
from finetune.types import Contradiction, DataChecks, Dataset, LabelledQuestion, Leak
from finetune.variants import SOURCE_VARIANT, VARIANT_WEIGHT, variants
from storage.examples import Examples
from storage.normalise import normalise, text_key
from storage.templates import Templates
from storage.types import OUT_OF_SCOPE, SOURCE_CORRECTION, Example

GOLDEN_SHARE = 0.1
CORRECTION_WEIGHT = 2.0
MOST_REPEATS = 4
"""A question asked again and again counts for more, but not without end."""


def build_dataset(session: Session, *, seed: int = 0) -> Dataset:
    """The training rows, the golden questions and the corrections.

    Where no golden question exists yet, a tenth of the history is chosen by the hash of the
    question and frozen for good. A question that is golden is never among the rows.
    """
    searches = tuple((e.question, str(e.answer)) for e in Examples(session).all([SOURCE_SEARCH]))
    examples = [e for e in Examples(session).all() if e.intent]
    if not any(e.golden for e in examples):
        chosen = choose_golden(examples, seed=seed)
        Examples(session).mark_golden(chosen)
        examples = [e for e in Examples(session).all() if e.intent]
    parts = split(examples)
    rows = with_variants(parts.rows, {_key(row.question) for row in parts.golden})
    templates = {t.name: t for t in Templates(session).all()}
    labels = sorted({row.label for row in parts.rows} - {OUT_OF_SCOPE})
    label_templates = {
        label: templates[label].id if label in templates else None for label in labels
    }
    protected = frozenset(label for label in labels if label in templates
                          and templates[label].protected)  # fmt: skip
    fingerprint = _fingerprint(Examples(session).fingerprint(), label_templates, protected)
    return Dataset(
        rows,
        parts.golden,
        parts.corrections,
        label_templates,
        protected,
        fingerprint,
        searches,
        parts.checks,
    )


@dataclass(frozen=True, slots=True)
class Split:
    """The examples as golden questions, corrections and training rows, and what was left out.

    Corrections are among the rows as well.
    """

    golden: tuple[LabelledQuestion, ...]
    corrections: tuple[LabelledQuestion, ...]
    rows: tuple[LabelledQuestion, ...]
    checks: DataChecks


def split(examples: Sequence[Example]) -> Split:
    """No question in two labels, and none in two splits, however it is spelled.

    The shop's own golden file wins over a correction of the same question; a golden question
    that was only sampled from the history gives way to it, also where it is spelled otherwise. A
    row that nearly equals a golden question is left out, unless it is a correction.
    """
    corrected = [e for e in examples if e.source == SOURCE_CORRECTION]
    golden = _golden(examples, corrected)
    groups = _same_questions(examples, golden, corrected)
    known = NearDuplicates((e.question, str(e.intent)) for e in golden.values())
    settled = [(settle(group), group) for group in groups]
    rows, leaks = _without_leaks([row for row, _ in settled], known)
    given = sum(len(group) for group in groups)
    marked = {question_key(e) for e in examples if e.golden}
    checks = DataChecks(
        examples=len(examples),
        repeated=given - len(groups),
        equal_to_golden=len(examples) - given - len(golden),
        displaced=len(marked) - len(golden),
        leaks=tuple(leaks),
        contradictions=tuple(
            _contradiction(row, group)
            for row, group in settled
            if len({e.intent for e in group}) > 1
        ),
    )
    corrections = tuple(row for row in rows if row.source == SOURCE_CORRECTION)
    frozen = tuple(_labelled(e, e.weight) for e in golden.values())
    return Split(frozen, corrections, tuple(rows), checks)


def _without_leaks(
    rows: Sequence[LabelledQuestion], golden: NearDuplicates
) -> tuple[list[LabelledQuestion], list[Leak]]:
    """The rows that no golden question gives away, and those that one does.

    A label that would be left without a row keeps its own: a history of the same few questions
    over and over can be learned from, though not honestly measured with.
    """
    kept: list[LabelledQuestion] = []
    leaks: defaultdict[str, list[tuple[LabelledQuestion, str]]] = defaultdict(list)
    for row in rows:
        near = None if row.source == SOURCE_CORRECTION else golden.find(row.question, row.label)
        if near is None:
            kept.append(row)
        else:
            leaks[row.label].append((row, near))
    counts = Counter(row.label for row in kept)
    found: list[Leak] = []
    for label, pairs in leaks.items():
        if not counts[label]:
            kept += [row for row, _ in pairs]
        else:
            found += [Leak(row.question, near, row.label) for row, near in pairs]
    return kept, found


def _golden(examples: Sequence[Example], corrected: Sequence[Example]) -> dict[str, Example]:
    """The golden questions by key, without the sampled ones that a correction is about."""
    corrections = NearDuplicates((e.question, str(e.intent)) for e in corrected)
    return {
        question_key(e): e
        for e in examples
        if e.golden
        and (e.source == SOURCE_GOLDEN or corrections.find(e.question, str(e.intent)) is None)
    }


def _same_questions(
    examples: Sequence[Example], golden: Mapping[str, Example], corrected: Sequence[Example]
) -> list[list[Example]]:
    """The examples that are not golden, grouped by question.

    What reads like a corrected question goes with the correction, whose label then holds for it.
    """
    settled = {loose_key(e.question) for e in corrected if question_key(e) not in golden}
    groups: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if (key := question_key(example)) in golden:
            continue
        loose = loose_key(example.question) if settled else ""
        groups[f"corrected {loose}" if loose in settled else key].append(example)
    return list(groups.values())


def _contradiction(row: LabelledQuestion, group: Sequence[Example]) -> Contradiction:
    counts = Counter(str(example.intent) for example in group)
    return Contradiction(row.question, tuple(counts.most_common()), row.label)


def with_variants(
    rows: Sequence[LabelledQuestion], taken: Collection[str]
) -> tuple[LabelledQuestion, ...]:
    """The rows, and after them other spellings of the corrections among them.

    `taken` are keys of questions that must not be trained on: the golden ones.
    """
    known = {_key(row.question) for row in rows} | set(taken)
    made: list[LabelledQuestion] = []
    for row in rows:
        if row.source != SOURCE_CORRECTION:
            continue
        for text in variants(row.question, row.language):
            if _key(text) not in known:
                known.add(_key(text))
                weight = row.weight * VARIANT_WEIGHT
                made.append(replace(row, question=text, weight=weight, source=SOURCE_VARIANT))
    return (*rows, *made)


def settle(same_question: Sequence[Example]) -> LabelledQuestion:
    """One row for a question: the correction's label, else the majority's, else the latest.

    Its weight grows with the square root of how often the label was given.
    """
    corrections = [e for e in same_question if e.source == SOURCE_CORRECTION]
    if corrections:
        return _labelled(corrections[-1], corrections[-1].weight * CORRECTION_WEIGHT)
    votes: defaultdict[str, float] = defaultdict(float)
    latest: dict[str, int] = {}
    for place, example in enumerate(same_question):
        votes[str(example.intent)] += example.weight
        latest[str(example.intent)] = place
    label = max(votes, key=lambda name: (votes[name], latest[name]))
    agreeing = [e for e in same_question if e.intent == label]
    strongest = max(agreeing, key=lambda e: e.weight)
    repeats = math.sqrt(min(len(agreeing), MOST_REPEATS))
    return _labelled(strongest, strongest.weight * repeats)


def choose_golden(examples: Iterable[Example], *, seed: int = 0) -> list[int]:
    """Ids of a tenth of the history's questions, by hash, in proportion to their labels.

    A label keeps at least two questions to train on; what it cannot give, the next ones do.
    """
    by_label: defaultdict[str, dict[str, Example]] = defaultdict(dict)
    for example in examples:
        if example.source in FROM_HISTORY and example.intent:
            by_label[example.intent].setdefault(question_key(example), example)
    chosen: list[int] = []
    owed = 0.5
    for label in sorted(by_label):
        questions = by_label[label]
        owed += len(questions) * GOLDEN_SHARE
        most = max(0, min(len(questions) - 2, math.ceil(len(questions) * GOLDEN_SHARE)))
        taken = min(int(owed), most)
        owed = min(owed - taken, 1.0)
        order = sorted(questions, key=lambda key: _digest(f"{seed} {key}"))
        chosen += [e.id for key in order[:taken] if (e := questions[key]).id is not None]
    return chosen


def question_key(example: Example) -> str:
    """Equal for questions that differ in case, width and white space only."""
    return _key(example.question)


def _key(question: str) -> str:
    return text_key(normalise(question).casefold())


def _labelled(example: Example, weight: float) -> LabelledQuestion:
    return LabelledQuestion(
        example.question, str(example.intent), example.language, weight, example.source
    )


def _fingerprint(examples: str, labels: Mapping[str, int | None], protected: frozenset[str]) -> str:
    return _digest(json.dumps([examples, dict(sorted(labels.items())), sorted(protected)]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
