"""What each figure of a text belongs to: the part of a clause that it stands in.

"23 kg on economy fares and 32 kg on business fares" has two parts, each with its own words. What
stands before a part in its sentence is meant as well, unless the part begins anew with a subject
of its own after a figure of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

from bot.generator.clauses import NO_CLAUSE, Clause, Part
from bot.generator.figures import Figure, says
from bot.generator.meaning import Meaning, has
from bot.generator.wordings import is_free

BEFORE = 0.9
"""What a word said before a part counts, next to one in the part itself."""

_JOINT = re.compile(r"\b(?:and|or|then)\b|[,、;/|与和或]|以及")
_RANGE = re.compile(r"\s*(?:[-–—~至到]|to|until)\s*(?:[¥$€£]|上午|下午|晚上|早上)?\s*")
_HAN = re.compile(r"[\u3400-\u9fff]")


def is_kin(one: Figure, other: Figure) -> bool:
    """Whether two figures count the same, so that one may be mistaken for the other."""
    return one.kind == other.kind and one.unit == other.unit


def parts(
    clauses: Sequence[Clause], read: Callable[[str], Clause], meant: Sequence[Clause] = ()
) -> list[Part]:
    """The parts of a sentence's clauses, one for each figure; `read` makes a clause of a text.

    What `meant` says before its figures is what the sentence's pronouns stand for.
    """
    subjects = tuple(read(c.text[: c.figures[0].start]) if c.figures else c for c in meant)
    cut = [(own, lead, clause) for clause in clauses for own, lead in _cut(clause, read)]
    found: list[Part] = []
    before: list[tuple[Clause, tuple[Figure, ...]]] = []
    for place, (own, lead, clause) in enumerate(cut):
        for figure in own.figures:
            others = tuple(each for each in own.figures if each is not figure)
            led = (*subjects, *_meant(figure, lead, before))
            after = _after(figure, [each for each, _, _ in cut[place + 1 :]])
            found.append(Part(figure, own, led, clause, others, after))
        if own.figures:
            before.append((read(own.text[: own.figures[0].start]), own.figures))
        before.append((own, own.figures))
    return found


def _meant(
    figure: Figure, lead: bool, before: Sequence[tuple[Clause, tuple[Figure, ...]]]
) -> tuple[Clause, ...]:
    """The clauses before that a figure may be about.

    Of one with a figure of the same kind it is only the start, and only for a figure without a
    subject.
    """
    kept = []
    for clause, figures in before:
        sibling = any(is_kin(figure, each) for each in figures)
        if not sibling or (not lead and not clause.figures):
            kept.append(clause)
    return tuple(kept)


def _after(figure: Figure, rest: Sequence[Clause]) -> tuple[Clause, ...]:
    """What follows up to the next figure of the kind; "over 200" may lead to "12 yuan"."""
    return tuple(
        takewhile(
            lambda each: (
                not any(
                    is_kin(figure, other) and bool(figure.bound) == bool(other.bound)
                    for other in each.figures
                )
            ),
            rest,
        )
    )


def _cut(clause: Clause, read: Callable[[str], Clause]) -> list[tuple[Clause, bool]]:
    """The parts of a clause, and whether each says something before its first figure."""
    edges = [0]
    for one, other in zip(clause.figures, clause.figures[1:], strict=False):
        if not is_kin(one, other):
            continue
        between = clause.text[one.end : other.start]
        if _RANGE.fullmatch(between):
            continue
        joints = list(_JOINT.finditer(between))
        if joints:
            edges.append(one.end + joints[-1].start())
        elif _HAN.search(between):
            edges.append(one.end)
    edges.append(len(clause.text))
    cut = []
    for start, end in zip(edges, edges[1:], strict=False):
        own = read(clause.text[start:end])
        lead = read(own.text[: own.figures[0].start]) if own.figures else NO_CLAUSE
        cut.append((own, any(not is_free(word) for word in lead.words)))
    return cut


class Attribution:
    """Tells whether a claim gives a figure to what the passage gives it to."""

    def __init__(self, meaning: Meaning) -> None:
        """`meaning` finds a claim's words in the passage."""
        self._meaning = meaning

    def is_elsewhere(self, claim: Part, known: Sequence[Part]) -> bool:
        """Whether the claim's figure stands for something else in the passage, or may do so."""
        kin = [each for each in known if is_kin_of(claim.figure, each.figure)]
        own = [each for each in kin if says(claim.figure, each.figure) and _in_order(claim, each)]
        ranges = [each.own for each in own]
        rivals = [
            each
            for each in kin
            if not says(claim.figure, each.figure) and not any(each.own is r for r in ranges)
        ]
        if not own:
            return True
        return bool(rivals) and not any(
            all(self._is_nearer(claim, each, rival) for rival in rivals) for each in own
        )

    def _is_nearer(self, claim: Part, own: Part, rival: Part) -> bool:
        # Words of one meaning are one thing, unless the passage itself tells them apart.
        exact = frozenset(
            word
            for word, _, _ in self._words(claim)
            if any(has(each, word) for part in (own, rival) for each in (part.own, *part.before))
        )
        mine, theirs = self._nearness(claim, own, exact), self._nearness(claim, rival, exact)
        if mine == theirs:
            return self._follows(claim, own) > self._follows(claim, rival)
        if mine < theirs:
            return False
        return not self._names_other(claim, own, rival)

    def _nearness(self, claim: Part, known: Part, exact: frozenset[str]) -> float:
        total = 0.0
        for word, weight, clause in self._words(claim):
            if word in exact:
                total += weight * _stands(word, known)
            else:
                total += weight * self._found(word, clause, known)
        for figure in claim.others:
            total += max(
                [1.0 * any(says(figure, each) for each in known.others)]
                + [BEFORE * any(says(figure, f) for f in each.figures) for each in known.before]
            )
        return total

    def _follows(self, claim: Part, known: Part) -> float:
        """How far what follows the claim's figure follows the passage's, too."""
        return sum(
            self._meaning.weight(word)
            * max([0.0, *(self._meaning.share(word, clause, each) for each in known.after)])
            for clause in claim.after
            for word in clause.words
        )

    def _words(self, claim: Part) -> list[tuple[str, float, Clause]]:
        own = [(word, self._meaning.weight(word), claim.own) for word in claim.own.words]
        before = [
            (word, BEFORE * self._meaning.weight(word), each)
            for each in claim.before
            for word in each.words
            if word not in claim.own.words
        ]
        return own + before

    def _found(self, word: str, clause: Clause, known: Part) -> float:
        own = self._meaning.share(word, clause, known.own)
        return max([own, *(BEFORE * self._meaning.share(word, clause, b) for b in known.before)])

    def _names_other(self, claim: Part, own: Part, rival: Part) -> bool:
        """Whether the claim's own words name what only the rival is about."""
        return any(
            self._meaning.weight(word) == 1.0
            and self._meaning.holds(word, claim.own, rival.own)
            and self._found(word, claim.own, own) == 0.0
            for word in claim.own.words
        )


def _stands(word: str, known: Part) -> float:
    if has(known.own, word):
        return 1.0
    return BEFORE * any(has(each, word) for each in known.before)


def _in_order(claim: Part, known: Part) -> bool:
    """Whether the ends of a claim's range stand in the passage in the same order."""
    wanted = [each for each in claim.own.figures if is_kin(each, claim.figure)]
    given = iter(known.own.figures)
    return len(wanted) < 2 or all(any(says(each, other) for other in given) for each in wanted)


def is_kin_of(claim: Figure, known: Figure) -> bool:
    """Whether a figure of the passage may be what the claim means: a unit may be left out."""
    return is_kin(claim, known) or says(claim, known)
