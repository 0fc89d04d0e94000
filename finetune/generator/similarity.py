"""How near an answer is to another: chrF, which needs no words and so does Chinese and English.

Popović (2015), "chrF: character n-gram F-score for automatic MT evaluation", WMT, 392-395; the
parameters are those of sacrebleu: n-grams up to 6, beta 2, white space left out.
"""

from __future__ import annotations

from collections import Counter

_LONGEST = 6
_BETA = 2.0


def chrf(answer: str, reference: str) -> float:
    """The score of an answer against its reference, from 0 to 1."""
    said, wanted = "".join(answer.split()), "".join(reference.split())
    precision = recall = 0.0
    orders = 0
    for n in range(1, _LONGEST + 1):
        mine, theirs = _ngrams(said, n), _ngrams(wanted, n)
        # An order that one of the two is too short for says nothing about how near they are.
        if not mine or not theirs:
            continue
        both = (mine & theirs).total()
        precision += both / mine.total()
        recall += both / theirs.total()
        orders += 1
    if not precision or not recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def _ngrams(text: str, n: int) -> Counter[str]:
    return Counter(text[start : start + n] for start in range(len(text) - n + 1))
