"""Which clauses of a passage a sentence's clauses speak of, and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.generator.attribution import Attribution, parts
from bot.generator.clauses import (
    NO_CLAUSE,
    Clause,
    Evidence,
    Part,
    Window,
    one_spelling,
    split_clauses,
)
from bot.generator.figures import Figure, says
from bot.generator.meaning import Meaning, alike, has
from bot.generator.polarity import Negated, conditions, is_modal, negations, passed_over
from bot.generator.wordings import is_free, representative
from finetune.facts import plain
from retrieval.sentences import split_sentences
from retrieval.text import Analyser

_COMPARISON = re.compile(r"比|早于|晚于|优先于|\bthan\b|\bbefore\b|\bafter\b|先.+再")
_LATIN_NAME = re.compile(r"(?<![A-Za-z0-9'-])[A-Z][A-Za-z0-9'&-]*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LIGHT_WEIGHT, _CONTEXT, _HEAD, _BEFORE = 0.4, 0.8, 0.8, 0.9
_QUESTION = re.compile(r"[?？]\W*$|[吗呢]\W*$")
_CARRIED = re.compile(
    r"(?:is|are|was|were|has|have|can|may|must|will|should|do|does|not|costs?|takes?|includes?|lasts?|comes?|needs?)\b"
    r"|[可不须需也并会能应无免请含]"
)
_ELLIPSIS = re.compile(r"not (?:to|in|on|for|with|at|by|from)\b")
_PARTS = re.compile("[;；]")
_PRONOUN = re.compile(
    r"它|其(?!他|它|中|余)|该(?!商)|此(?![前后外次])|\b(?:it|its|they|them|their|this|these|which)\b"
)


class Reader:
    """Cuts texts into clauses, and compares them."""

    def __init__(self, analyser: Analyser) -> None:
        """The analyser cuts words and knows which mean the same."""
        self._analyser = analyser
        self._meaning = Meaning(analyser)
        self._attribution = Attribution(self._meaning)

    def clauses(self, text: str) -> list[Clause]:
        """The clauses of a sentence that say something."""
        found = (self._meaning.clause(each) for each in split_clauses(one_spelling(text)))
        return [each for each in found if each.words or each.figures or negations(each.text)]

    def evidence(self, text: str, head: str) -> Evidence:
        """A passage, read once for all sentences that cite it."""
        windows: list[Window] = []
        known: list[Part] = []
        previous: tuple[Clause, ...] = ()
        for start, end in split_sentences(text):
            found = self._windows(text[start:end], previous)
            if not _QUESTION.search(text[start:end]):
                windows += found
            known += self._parts([window.clause for window in found], previous)
            previous = tuple(window.clause for window in found) or previous
        return Evidence(f"{one_spelling(head)}\n{one_spelling(text)}", tuple(windows),
                        self._meaning.clause(one_spelling(head)), tuple(known))  # fmt: skip

    def _parts(self, clauses: Sequence[Clause], previous: tuple[Clause, ...]) -> list[Part]:
        meant = previous if any(_PRONOUN.search(each.text) for each in clauses) else ()
        return parts(clauses, self._meaning.clause, meant)

    def cover(self, clause: Clause, window: Window, head: Clause = NO_CLAUSE) -> float:
        """The share of the clause's words and figures that the window holds."""
        total = got = 0.0
        own_seen = False
        carried = _CARRIED.match(window.clause.text) is not None
        weights = [self._meaning.weight(word) for word in clause.words]
        if weights.count(1.0) < 2 and not clause.figures:
            weights = [1.0 if weight else 0.0 for weight in weights]
        for word, weight in zip(clause.words, weights, strict=True):
            total += weight
            own = self._meaning.share(word, clause, window.clause)
            before = self._meaning.share(word, clause, window.before)
            own_seen = own_seen or own > before
            shares = [own]
            # What is said of one thing is not said of what only the next clause names.
            if not own_seen or carried:
                shares.append(before)
            shares += [_CONTEXT * self._meaning.share(word, clause, c) for c in window.context]
            shares.append(_HEAD * self._meaning.share(word, clause, head))
            got += weight * max(shares)
        for figure in clause.figures:
            total += 1.0
            got += any(says(figure, each) for each in self.near(figure, window, head))
        return got / total if total else float(not negations(clause.text))

    def own_cover(self, clause: Clause, window: Window) -> float:
        """The share that the window's own clause holds, without what came before it."""
        return self.cover(clause, replace(window, before=NO_CLAUSE, context=()))

    def strange_subject(self, clause: Clause, window: Window, head: Clause) -> str:
        """The clause's first word that says something, where the evidence has nothing of it."""
        weigh = self._meaning.weight
        first = next((word for word in clause.words if weigh(word) == 1.0), "")
        near = (window.clause, window.before, *window.context, head)
        if not first or any(self._meaning.share(first, clause, each) for each in near):
            return ""
        return first

    def used(self, clause: Clause, window: Window) -> tuple[Clause, ...]:
        """The clauses that the claim rests on: the window's, and those before with words of it."""
        rest = [
            word
            for word in clause.words
            if self._meaning.weight(word) and not self._meaning.holds(word, clause, window.clause)
        ]
        before = (window.before, *window.context)
        found = (c for c in before if any(self._meaning.holds(w, clause, c) for w in rest))
        return (window.clause, *found)

    def misplaced(self, clause: Clause, window: Window, evidence: Evidence) -> str:
        """A word that the passage uses of something else than what the window is about.

        Two words of one meaning are one thing, unless the passage itself has both.
        """
        near = (window.clause, window.before, *window.context, evidence.head)
        for word in clause.words:
            if (
                len(word) == 1
                or self._meaning.weight(word) < 1.0
                or any(has(c, word) for c in near)
            ):
                continue
            if any(representative(word) == representative(w) for c in near for w in c.words):
                continue
            for each in evidence.windows:
                if has(each.clause, word):
                    return word
        return ""

    def near(self, figure: Figure, window: Window, head: Clause) -> tuple[Figure, ...]:
        """Where a figure may stand: a code names its thing from further away than a number."""
        context = (each for clause in window.context for each in clause.figures)
        if figure.kind != "code":
            return (*window.figures, *context)
        return (*window.figures, *context, *head.figures)

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

    def belongs_elsewhere(
        self, clause: Clause, best: Window, sentence: Sequence[Clause], evidence: Evidence
    ) -> bool:
        """Whether a figure of the clause stands for something else in the passage.

        `sentence` are all its clauses: those before may name what it is about.
        """
        for figure in clause.figures:
            if not any(says(figure, each) for each in self.near(figure, best, evidence.head)):
                return True
        said = parts(sentence, self._meaning.clause)
        return any(
            self._attribution.is_elsewhere(each, evidence.parts)
            for each in said
            if each.source is clause and each.figure.kind != "code"
        )

    def is_turned(self, clause: Clause, window: Window) -> bool:
        """Whether a negation stands on one side only, or falls on other words there."""
        said, known = negations(clause.text), negations(window.clause.text)
        if _ELLIPSIS.match(window.clause.text):
            known = [replace(each, after=f"{each.after} {window.before.text}") for each in known]
        if len(said) != len(known):
            return True
        whole = [Negated(0, clause.text)]
        return not (self._all_negated(said, known) and self._all_negated(known, whole))

    def _all_negated(self, negated: Sequence[Negated], others: Sequence[Negated]) -> bool:
        """Whether what each of these negates stands in the reach of one of the others."""
        reach = " ".join(each.after for each in others)
        held = frozenset(self._analyser.words(reach))
        meant = frozenset(representative(word) for word in held)
        groups = frozenset().union(*(self._meaning.groups(word) for word in held))
        for each in negated:
            target = self._target(each.after)
            if target and not (
                target in held
                or representative(target) in meant
                or (self._meaning.groups(target) and self._meaning.groups(target) & groups)
                or any(alike(target, word) for word in held)
            ):
                return False
        return True

    def _target(self, after: str) -> str:
        words = self._analyser.words(after)
        return next((word for word in words if not is_modal(word) and not is_free(word)), "")

    def is_reordered(self, clause: Clause, window: Window) -> bool:
        """Whether a comparison names the same things the other way round."""
        if not _COMPARISON.search(clause.text):
            return False
        if _order(clause, self._analyser) == _order(window.clause, self._analyser) != ("", ""):
            return False
        known = [*window.before.words, *window.clause.words]
        shared = [word for word in clause.words if word in known]
        return shared != [word for word in known if word in shared]

    def drops_condition(self, sentence: str, window: Window) -> bool:
        """Whether the evidence holds under a condition that the sentence says nothing of."""
        if not window.conditions or conditions(sentence):
            return False
        said = self._meaning.clause(sentence)
        return not any(
            self._meaning.holds(word, each, said)
            for each in window.conditions
            for word in each.words
            if word not in passed_over("light")
        )

    def _windows(self, sentence: str, previous: tuple[Clause, ...]) -> list[Window]:
        text = one_spelling(sentence)
        under = tuple(self._meaning.clause(each) for each in conditions(text))
        windows = []
        for part in _PARTS.split(sentence):
            before: tuple[Clause, ...] = ()
            for clause in self.clauses(part):
                meant = previous if _PRONOUN.search(clause.text) else ()
                last = before[-1] if before else NO_CLAUSE
                windows.append(Window(clause, last, (*before[:-1], *meant), text, under))
                before = (*before, clause)
        return windows


def _order(clause: Clause, analyser: Analyser) -> tuple[str, str]:
    """`before` or `after`, and the word that follows: wherever it stands, it says the same."""
    match = re.search(r"\b(before|after)\b(.+)", clause.text)
    return (match[1], next(iter(analyser.words(match[2])), "")) if match else ("", "")


def _begins(text: str, place: int) -> bool:
    return not text[:place].strip() or text[:place].rstrip()[-1] in ".!?:\"'(["
