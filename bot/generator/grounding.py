"""Whether a passage supports a sentence: the check before anything a model wrote is shown.

A sentence is cut into clauses, and each is held against the clauses of the passage. Its numbers,
codes and names must stand there, on the same thing; negations must fall on the same words; what
limits the evidence may not be missing; and enough of its words must be there, by themselves or by
a word of the same meaning. What is not clearly supported is unsure, and unsure is not shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bot.generator.alignment import Reader
from bot.generator.clauses import Clause, Evidence, Window, split_clauses
from bot.generator.figures import says
from bot.generator.polarity import drops_exception, drops_only, opposes, overstates, unnamed
from bot.guard import is_instruction
from retrieval.sentences import split_sentences
from retrieval.text import Analyser
from storage.types import Passage

SUPPORT = 0.75
"""The share of a clause's words that its evidence must hold.

Chosen on grounding_dev.csv, grounding_dev2.csv and grounding_dev3.csv: from 0.7 on nothing escapes.
"""

AS_NEAR = 0.1
"""Clauses of the passage whose shares differ by less than this may all be meant."""

# Besides what the guard knows: words to whoever answers, which a passage has no need of.
_TOLD = re.compile(
    r"(?:告诉|告知|回复|转告|答复)(?:顾客|客户|用户|买家|消费者)"
    r"|(?:智能客服|聊天机器人|AI ?(?:助手|客服|模型))[^。！？]{0,12}(?:请|必须|要|应)"
    r"|\b(?:tell|inform|reply to) (?:the |all |every |any )?(?:customer|user|buyer|client)s?\b",
    re.IGNORECASE,
)

Verdict = Literal["supported", "contradicted", "unsure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and why in words that also tell the model what to mend."""

    verdict: Verdict
    reason: str = ""

    @property
    def supported(self) -> bool:
        """Whether the sentence may be shown."""
        return self.verdict == "supported"


class Grounding:
    """Checks sentences against passages; pure, and quick enough to run for each sentence."""

    def __init__(self, analyser: Analyser, support: float = SUPPORT) -> None:
        """The analyser tells which words mean the same."""
        self._reader = Reader(analyser)
        self._support = support
        self._read = lru_cache(maxsize=64)(self._evidence)

    def check(self, sentence: str, passage: Passage) -> Finding:
        """Whether the passage supports the sentence; its orders are no evidence."""
        evidence = self._read(passage)
        clauses = self._reader.clauses(sentence)
        if not any(clause.words or clause.figures for clause in clauses):
            return Finding("unsure", "it says nothing that can be checked")
        whole = " ".join(clause.text for clause in clauses)
        if contrast := unnamed(whole, evidence.text):
            return Finding("contradicted", f"the passage names other {contrast}")
        if missing := self._reader.missing_name(sentence, evidence):
            return Finding("unsure", f"the passage does not name {missing}")
        for clause in clauses:
            finding = self._clause(clause, whole, clauses, evidence)
            if not finding.supported:
                return finding
        return Finding("supported")

    def _clause(
        self, clause: Clause, whole: str, sentence: Sequence[Clause], evidence: Evidence
    ) -> Finding:
        for figure in clause.figures:
            if not any(says(figure, each) for each in evidence.figures):
                return Finding("contradicted", f"{figure.value} is not in the passage")
        reader = self._reader
        head = evidence.head
        ranked = [
            (reader.cover(clause, w, head), reader.own_cover(clause, w)) for w in evidence.windows
        ]
        most, own = max(ranked, default=(0.0, 0.0))
        if most < self._support:
            return Finding("unsure", "the passage does not say that")
        # Where several clauses may be meant, all must bear it out.
        near = (
            w
            for (each, mine), w in zip(ranked, evidence.windows, strict=True)
            if each >= most - AS_NEAR and mine >= own - AS_NEAR
        )
        found = [self._held(clause, whole, sentence, window, evidence) for window in near]
        return next((each for each in found if not each.supported), found[0])

    def _held(
        self,
        clause: Clause,
        whole: str,
        sentence: Sequence[Clause],
        best: Window,
        evidence: Evidence,
    ) -> Finding:
        """Whether one window of the evidence bears the clause out."""
        reader = self._reader
        if word := reader.strange_subject(clause, best, evidence.head):
            return Finding("unsure", f"the passage does not speak of {word}")
        if word := reader.misplaced(clause, best, evidence):
            return Finding("unsure", f"the passage says that of something else than {word}")
        if reader.belongs_elsewhere(clause, best, sentence, evidence):
            return Finding("contradicted", "a number stands for something else there")
        if reader.is_turned(clause, best):
            return Finding("contradicted", "a negation is added or missing")
        if reader.is_reordered(clause, best):
            return Finding("contradicted", "what is compared is the other way round")
        if word := opposes(clause.text, best.clause.text, best.before.text):
            return Finding("contradicted", f"the passage says the opposite ({word})")
        return self._limits(clause, whole, best)

    def _limits(self, clause: Clause, whole: str, best: Window) -> Finding:
        """Whether the sentence says no more than the evidence does."""
        if kind := overstates(clause.text, best.text):
            return Finding("unsure", f"the passage does not say that ({kind})")
        if drops_exception(whole, best.clause.text, split_clauses(best.sentence)):
            return Finding("unsure", "it leaves out an exception")
        if any(drops_only(whole, each.text) for each in self._reader.used(clause, best)):
            return Finding("unsure", "it leaves out that this holds only for some")
        if self._reader.drops_condition(whole, best):
            return Finding("unsure", "it leaves out a condition")
        return Finding("supported")

    def _evidence(self, passage: Passage) -> Evidence:
        head = f"{passage.title}\n{passage.heading}"
        return self._reader.evidence(without_instructions(passage.text), head)


def without_instructions(text: str) -> str:
    """The text without sentences that give orders to an assistant, and what follows on the line."""
    lines = []
    for line in text.splitlines():
        kept = line
        for start, end in split_sentences(line):
            if is_instruction(line[start:end]) or _TOLD.search(line[start:end]):
                kept = line[:start]
                break
        lines.append(kept)
    return "\n".join(lines)


def is_verbatim(sentence: str, evidence: str) -> bool:
    """Whether the sentence is a word-for-word part of the evidence; white space may differ."""
    return bool(sentence.strip()) and _folded(sentence) in _folded(evidence)


def _folded(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
