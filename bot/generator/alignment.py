"""Which clauses of a passage a sentence's clauses speak of, and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from bot.generator.clauses import (
    NO_CLAUSE,
    Clause,
    Evidence,
    Window,
    one_spelling,
    split_clauses,
)
from bot.generator.figures import Figure, find_figures, says
from bot.generator.polarity import Negated, conditions, is_modal, negations, passed_over
from finetune.facts import plain
from retrieval.normalise import normalise_text
from retrieval.sentences import split_sentences
from retrieval.text import Analyser

_COMPARISON = re.compile(r"比|早于|晚于|优先于|\bthan\b|\bbefore\b|\bafter\b|先.+再")
_LATIN_NAME = re.compile(r"(?<![A-Za-z0-9'-])[A-Z][A-Za-z0-9'&-]*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LIGHT_WEIGHT, _CONTEXT, _HEAD, _BEFORE = 0.4, 0.8, 0.8, 0.9
_PARTS = re.compile("[;；]")
_PRONOUN = re.compile(
    r"它|其(?!他|它|中|余)|该(?!商)|此(?![前后外次])|\b(?:it|its|they|them|their|this|these|which)\b"
)


class Reader:
    """Cuts texts into clauses, and compares them."""

    def __init__(self, analyser: Analyser) -> None:
        """The analyser cuts words and knows which mean the same."""
        self._analyser = analyser
        self._groups = lru_cache(maxsize=4096)(lambda word: frozenset(analyser.concepts(word)))

    def clauses(self, text: str) -> list[Clause]:
        """The clauses of a sentence that say something."""
        found = (self._clause(each) for each in split_clauses(one_spelling(text)))
        return [each for each in found if each.words or each.figures or negations(each.text)]

    def evidence(self, text: str, head: str) -> Evidence:
        """A passage, read once for all sentences that cite it."""
        windows: list[Window] = []
        previous: tuple[Clause, ...] = ()
        for start, end in split_sentences(text):
            found = self._windows(text[start:end], previous)
            windows += found
            previous = tuple(window.clause for window in found) or previous
        return Evidence(f"{one_spelling(head)}\n{one_spelling(text)}", tuple(windows),
                        self._clause(one_spelling(head)))  # fmt: skip

    def cover(self, clause: Clause, window: Window, head: Clause = NO_CLAUSE) -> float:
        """The share of the clause's words and figures that the window holds."""
        total = got = 0.0
        own_seen = False
        for word in clause.words:
            weight = _LIGHT_WEIGHT if word in passed_over("light") else 1.0
            total += weight
            if self._means(word, clause, window.clause):
                own_seen = own_seen or not self._means(word, clause, window.before)
                got += weight
            # What is said of one thing is not said of what only the next clause names.
            elif not own_seen and self._means(word, clause, window.before):
                got += weight
            elif any(self._means(word, clause, each) for each in window.context):
                got += weight * _CONTEXT
            elif self._means(word, clause, head):
                got += weight * _HEAD
        for figure in clause.figures:
            total += 1.0
            got += any(says(figure, each) for each in self.near(figure, window, head))
        return got / total if total else 0.0

    def misplaced(self, clause: Clause, window: Window, evidence: Evidence) -> str:
        """A word that the passage uses of something else than what the window is about.

        Two words of one meaning are one thing, unless the passage itself has both.
        """
        near = (window.clause, window.before, *window.context, evidence.head)
        own_subject = window.clause.words[:1] and window.clause.words[0] in clause.words
        for word in clause.words:
            if len(word) == 1 or word in passed_over("light") or any(_says(c, word) for c in near):
                continue
            covered = any(self._means(word, clause, each) for each in near)
            for each in evidence.windows:
                beside = each.sentence == window.sentence or not own_subject
                if (covered or beside) and _says(each.clause, word):
                    return word
        return ""

    def near(self, figure: Figure, window: Window, head: Clause) -> tuple[Figure, ...]:
        """Where a figure may stand: a code names its thing from further away than a number."""
        if figure.kind != "code":
            return window.figures
        context = (each for clause in window.context for each in clause.figures)
        return (*window.figures, *context, *head.figures)

    def _means(self, word: str, clause: Clause, other: Clause) -> bool:
        if _says(other, word) or any(
            len(each) == 1 and not each.isascii() and each in word for each in other.words
        ):
            return True
        groups = {group for _, group in other.phrases}
        own = self._groups(word)
        if own and own <= groups:
            return True
        return any(group in groups and word in phrase for phrase, group in clause.phrases)

    def missing_name(self, sentence: str, evidence: Evidence) -> str:
        """A name in Latin letters that the passage does not have; "" if there is none."""
        text = plain(sentence)
        chinese = _HAN.search(text) is not None
        known = frozenset(self._analyser.words(evidence.text))
        for match in _LATIN_NAME.finditer(text):
            if len(match[0]) == 1 or (not chinese and _begins(text, match.start())):
                continue
            name = match[0].casefold().removesuffix("'s")
            if name not in evidence.text and not set(self._analyser.words(name)) <= known:
                return match[0]
        return ""

    def belongs_elsewhere(self, clause: Clause, best: Window, evidence: Evidence) -> bool:
        """Whether the words around a figure stand by another figure of its unit in the passage."""
        bare = replace(clause, figures=())
        for figure in clause.figures:
            if not any(says(figure, each) for each in self.near(figure, best, evidence.head)):
                return True
            here = there = -1.0
            for window in evidence.windows:
                kin = [each for each in window.clause.figures if _is_kin(each, figure)]
                near = self._nearness(bare, window) if kin else -1.0
                if any(says(figure, each) for each in kin):
                    here = max(here, near)
                else:
                    there = max(there, near)
            if figure.kind != "code" and there > here:
                return True
        return False

    def _nearness(self, clause: Clause, window: Window) -> float:
        """How far the window is about the clause; its own words tell more than those before."""
        own = self.cover(clause, replace(window, before=NO_CLAUSE, context=()))
        return own + _BEFORE * (self.cover(clause, replace(window, context=())) - own)

    def is_turned(self, clause: Clause, window: Window) -> bool:
        """Whether a negation stands on one side only, or falls on other words there."""
        said, known = negations(clause.text), negations(window.clause.text)
        if len(said) != len(known):
            return True
        return not (self._all_negated(said, known) and self._all_negated(known, said))

    def _all_negated(self, negated: Sequence[Negated], others: Sequence[Negated]) -> bool:
        """Whether what each of these negates stands in the reach of one of the others."""
        reach = " ".join(each.after for each in others)
        held = frozenset(self._analyser.words(reach))
        groups = frozenset().union(*(self._groups(word) for word in held))
        for each in negated:
            target = self._target(each.after)
            if target and not (
                target in held
                or (self._groups(target) and self._groups(target) & groups)
                or any(_alike(target, word) for word in held)
            ):
                return False
        return True

    def _target(self, after: str) -> str:
        return next((word for word in self._analyser.words(after) if not is_modal(word)), "")

    def is_reordered(self, clause: Clause, window: Window) -> bool:
        """Whether a comparison names the same things the other way round."""
        if not _COMPARISON.search(clause.text):
            return False
        known = [*window.before.words, *window.clause.words]
        shared = [word for word in clause.words if word in known]
        return shared != [word for word in known if word in shared]

    def drops_condition(self, sentence: str, window: Window) -> bool:
        """Whether the evidence holds under a condition that the sentence says nothing of."""
        if not window.conditions or conditions(sentence):
            return False
        said = self._clause(sentence)
        return not any(
            self._means(word, each, said)
            for each in window.conditions
            for word in each.words
            if word not in passed_over("light")
        )

    def _clause(self, text: str) -> Clause:
        figures = find_figures(text)
        bare = text
        for figure in figures:
            bare = bare[: figure.start] + " " * (figure.end - figure.start) + bare[figure.end :]
        normal = normalise_text(bare)
        phrases = tuple((normal[m.start : m.end], m.group) for m in self._analyser.matches(bare))
        words = tuple(word for word in self._analyser.words(bare) if not word.isdigit())
        return Clause(text.strip(), words, tuple(figures), phrases)

    def _windows(self, sentence: str, previous: tuple[Clause, ...]) -> list[Window]:
        text = one_spelling(sentence)
        under = tuple(self._clause(each) for each in conditions(text))
        windows = []
        for part in _PARTS.split(sentence):
            before: tuple[Clause, ...] = ()
            for clause in self.clauses(part):
                meant = previous if _PRONOUN.search(clause.text) else ()
                last = before[-1] if before else NO_CLAUSE
                windows.append(Window(clause, last, (*before[:-1], *meant), text, under))
                before = (*before, clause)
        return windows


def _begins(text: str, place: int) -> bool:
    return not text[:place].strip() or text[:place].rstrip()[-1] in ".!?:\"'(["


def _is_kin(one: Figure, other: Figure) -> bool:
    return one.kind == other.kind and one.unit == other.unit


def _says(clause: Clause, word: str) -> bool:
    """Whether a clause has this very word; a Chinese one may be part of a longer one."""
    return word in clause.words or (_HAN.search(word) is not None and word in clause.text)


def _alike(one: str, other: str) -> bool:
    """退 and 退货, 拆 and 拆封; `return` and `returnable`."""
    if _HAN.search(one):
        return one in other or other in one or one[0] == other[0]
    shorter = min(len(one), len(other))
    return shorter >= 4 and (one.startswith(other) or other.startswith(one))
